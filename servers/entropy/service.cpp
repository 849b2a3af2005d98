// Random bytes on request.
#include "servers/entropy/service.h"

namespace pith::entropy {

Result<Bytes> Service::read(Session, u64 most, std::span<std::byte, 448> data_room) {
  if (most == 0 || most > data_room.size()) return Error::BadArgument;
  // Outside of the vault while it is mixed: a permutation stores each word many times.
  Generator generator = state_.generator;
  stir(generator, source_);
  std::span<std::byte> data = data_room.first(most);
  generator.squeeze(data);
  state_.generator = generator;
  return Bytes{data};
}

Result<void> Service::add(Session, std::span<const std::byte> data) {
  Generator generator = state_.generator;
  generator.absorb(data);
  state_.generator = generator;
  return {};
}

void stir(Generator& generator, Source& source) {
  std::byte fresh[64];
  generator.absorb(std::span(fresh, source.collect(fresh)));
}

}  // namespace pith::entropy

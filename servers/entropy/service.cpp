// Random bytes on request.
#include "servers/entropy/service.h"

namespace pith::entropy {

Result<Bytes> Service::read(Session, u64 most, std::span<std::byte, 448> data_room) {
  if (most == 0 || most > data_room.size()) return Error::BadArgument;
  stir();
  std::span<std::byte> data = data_room.first(most);
  generator_.squeeze(data);
  return Bytes{data};
}

Result<void> Service::add(Session, std::span<const std::byte> data) {
  generator_.absorb(data);
  return {};
}

void Service::stir() {
  std::byte fresh[64];
  generator_.absorb(std::span(fresh, source_.collect(fresh)));
}

}  // namespace pith::entropy

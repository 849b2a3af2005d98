// Wiring of the entropy service.
#include "lib/start.h"
#include "servers/entropy/x86_64_source.h"

int main() {
  using namespace pith;
  constexpr int kStirs = 64;
  static entropy::MachineSource source;
  static entropy::Service service(ComponentSlot::Service, source);
  (void)service.add(Session(0), std::as_bytes(std::span(start_information().seed)));
  for (int i = 0; i < kStirs; i++) service.stir();
  service.serve();
}

// Wiring of the entropy service.
#include "lib/log.h"
#include "lib/start.h"
#include "lib/vault/serve.h"
#include "servers/entropy/x86_64_source.h"

namespace {

using namespace pith;

/// Looks at the source until it is good for a beginning, and to go on with what the vault has.
constexpr int kFirstStirs = 64, kStirs = 2;

/// Each instance brings what root has given to it, and what it can collect.
Result<void> seed(entropy::State& state, entropy::Source& source) {
  return vault::run_event([&]() -> Result<void> {
    entropy::Generator generator = state.generator;
    generator.absorb(std::as_bytes(std::span(start_information().seed)));
    for (int i = 0; i < (state.is_seeded ? kStirs : kFirstStirs); i++) stir(generator, source);
    state.generator = generator;
    state.is_seeded = true;
    return {};
  });
}

Result<void> run() {
  auto* state = TRY(vault::open_state<entropy::State>());
  entropy::MachineSource source;
  TRY(seed(*state, source));
  entropy::Service service(ComponentSlot::Service, source, *state);
  vault::serve(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  Result<void> result = run();
  log_line(LogLevel::Error, "cannot open the vault: %s", error_name(result.error()));
  return 1;
}

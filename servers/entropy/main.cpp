// Wiring of the entropy service.
#include "lib/log.h"
#include "lib/start.h"
#include "lib/vault/serve.h"
#include "servers/entropy/x86_64_source.h"

namespace {

using namespace pith;

constexpr int kStirs = 64;

/// Each instance brings what root has given to it, and what it can collect.
Result<void> seed(entropy::State& state, entropy::Source& source) {
  return vault::run_event([&]() -> Result<void> {
    entropy::Generator generator = state.generator;
    generator.absorb(std::as_bytes(std::span(start_information().seed)));
    for (int i = 0; i < kStirs; i++) stir(generator, source);
    state.generator = generator;
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

// Wiring of the clock: the battery-backed clock is read once, at the service's first start.
#include "abi/kernel.h"
#include "drivers/clock/mc146818/device.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/start.h"
#include "lib/vault/serve.h"
#include "servers/clock/service.h"

namespace {

using namespace pith;

/// The index port and the data port of a PC's clock. [ibm/at 1-76]
class PortAccess final : public mc146818::Access {
 public:
  explicit PortAccess(CapabilitySlot ports) : ports_{ports} {}
  u8 read(mc146818::Register which) override {
    (void)ports_.write(0, 1, u64(which));
    Result<u64> value = ports_.read(1, 1);
    return value ? u8(*value) : 0xff;
  }

 private:
  kernel::IoPorts ports_;
};

class Clock final : public pith::clock::Service {
 public:
  explicit Clock(pith::clock::State& state) : Service(ComponentSlot::Service, state) {}

 private:
  u64 time() override { return now(); }
};

/// Nanoseconds since 1970 at monotonic 0; 0 where the machine does not know.
u64 first_offset() {
  if (u64 known = start_information().wall_clock) return known * kSecond;
  Result<CapabilitySlot> ports = find_slot(image::GrantKind::IoPorts);
  if (!ports) return 0;
  PortAccess access(*ports);
  Result<u64> seconds = mc146818::read_seconds(access);
  u64 elapsed = now();
  if (!seconds || *seconds * kSecond < elapsed) {
    log_line(LogLevel::Warning, "the real-time clock gives no time: %s", error_name(seconds.error()));
    return 0;
  }
  return *seconds * kSecond - elapsed;
}

Result<void> run() {
  auto* state = TRY(vault::open_state<pith::clock::State>());
  if (state->wall_offset == 0) {
    u64 offset = first_offset();
    TRY(vault::run_event([&]() -> Result<void> {
      state->wall_offset = offset;
      return {};
    }));
  }
  Clock service(*state);
  vault::serve(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  Result<void> result = run();
  log_line(LogLevel::Error, "cannot open the vault: %s", error_name(result.error()));
  return 1;
}

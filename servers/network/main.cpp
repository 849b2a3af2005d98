// Wiring of the network stack: its vault, the rings that it shares with its driver and its clients, its rules.
#include "lib/boot_tables.h"
#include "lib/clock.h"
#include "lib/driver_memory.h"
#include "lib/log.h"
#include "lib/start.h"
#include "lib/vault/serve.h"
#include "servers/network/port_owners.h"
#include "servers/network/service.h"
#include "servers/network/variables.h"

namespace {

using namespace pith;

/// In the arguments, before ports and rules: `administrator NAME,`.
constexpr std::string_view kAdministrator = "administrator ";

struct Arguments {
  std::string_view administrator, rules;
};

Arguments read_arguments() {
  std::string_view text = arguments();
  if (!text.starts_with(kAdministrator)) return {"", text};
  text.remove_prefix(kAdministrator.size());
  usize end = std::min(text.find(','), text.size());
  std::string_view rest = text.substr(std::min(end + 1, text.size()));
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  return {text.substr(0, end), rest};
}

/// The memory that the stack owns is the ring of frames, shared with its driver. The others are clients', each its owner's.
class World final : public network::Outside {
 public:
  explicit World(const network::PortOwners& ports) : ports_(ports), memories_(find_driver_memory()) {
    if (memories_.own.size() < packet::kRingBytes) return;
    for (const image::SharedMemory& one : tables_.memories()) {
      if (one.owner == index()) driver_ = u32(__builtin_ctzll(one.parties & ~(u64{1} << index())));
    }
  }

  packet::Ring* frames() const { return driver_ == kNobody ? nullptr : reinterpret_cast<packet::Ring*>(memories_.own.data()); }
  std::string_view component_name(u64 session) const {
    return session - 1 < tables_.components().size() ? name_of(tables_.components()[session - 1].name) : std::string_view();
  }

  u64 time() override { return now(); }
  std::span<std::byte> memory_of(u64 session) override {
    for (u32 i = 0; i < memories_.count; i++) {
      const ClientMemory& one = memories_.clients[i];
      if (u64{one.owner} + 1 == session && one.bytes.size() >= network::kMemoryBytes) return one.bytes;
    }
    return {};
  }
  bool may_have_port(u64 session, u32 port) override { return ports_.may_have(component_name(session), port); }
  void ring_client(u64 session) override { ring_component(u32(session - 1)); }
  void ring_driver() override { ring_component(driver_); }

 private:
  static constexpr u32 kNobody = ~0u;
  static u32 index() { return start_information().index; }

  const network::PortOwners& ports_;
  BootTables tables_ = BootTables::shown();
  DriverMemory memories_;
  u32 driver_ = kNobody;
};

class Network final : public network::Service {
 public:
  Network(network::Stack& stack, const World& world, std::string_view administrator)
      : Service(ComponentSlot::Service, stack), world_(world), administrator_(administrator) {}

 private:
  bool may_configure(Session session) override { return !administrator_.empty() && world_.component_name(session.raw) == administrator_; }

  const World& world_;
  std::string_view administrator_;
};

Result<void> run() {
  Arguments given = read_arguments();
  static network::PortOwners ports;
  if (!ports.parse(given.rules)) log_line(LogLevel::Error, "ports, at `%.*s`: not understood; nobody may have one", int(given.rules.size()), given.rules.data());
  static World world(ports);
  static network::Filter filter;
  network::Filter::Problem problem = {};
  if (!filter.parse(given.rules, problem)) {
    log_line(LogLevel::Error, "rules, byte %zu: %s; nothing is let in", problem.place, problem.what);
  }
  if (start_information().vault_size < network::vault_bytes_needed()) return Error::NoMemory;
  auto* state = TRY(vault::open_state<network::State>());
  network::Stack stack(*state, world, world.frames(), filter);
  if (!stack.has_begun()) {
    const u64(&seed)[4] = start_information().seed;
    TRY(vault::run_event([&]() -> Result<void> {
      stack.begin(seed);
      return {};
    }));
  }
  stack.open_frames();
  Network service(stack, world, given.administrator);
  vault::serve(service, ComponentSlot::Service);
}

}  // namespace

int main() {
  Result<void> result = run();
  log_line(LogLevel::Error, "cannot begin: %s", error_name(result.error()));
  return 1;
}

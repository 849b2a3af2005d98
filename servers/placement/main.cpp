// Spreads the time of components over the CPUs that there are, through root. It keeps nothing: a new instance looks at what is.
#include "lib/boot_tables.h"
#include "lib/clock.h"
#include "lib/ipc/pulse.h"
#include "lib/log.h"
#include "lib/start.h"
#include "protocols/root.h"
#include "servers/placement/policy.h"

namespace {

using namespace pith;

constexpr u64 kInterval = kSecond;

/// Nobody calls: its endpoint is there to wait at.
void wait(u64 deadline) {
  ipc::beat();
  (void)ipc::receive(ComponentSlot::Service, deadline);
}

class Placement {
 public:
  explicit Placement(protocols::RootClient root) : root_(root), tables_(BootTables::shown()) {
    count_ = u32(std::min<usize>(tables_.components().size(), placement::kMostComponents));
  }

  /// Component 0 is root, of which root says nothing.
  u32 cpus() {
    auto time = root_.time(1);
    return time ? u32(time->cpus) : 1;
  }

  void look() {
    placement::Load loads[placement::kMostComponents];
    for (u32 i = 1; i < count_; i++) {
      auto time = root_.time(i);
      if (!time) continue;
      loads[i] = {time->used - used_[i], u32(time->cpu), time->movable != 0, 0};
      used_[i] = time->used;
    }
    std::span<placement::Load> all(loads + 1, count_ - 1);
    if (placement::plan(all, cpus()) == 0) return;
    for (u32 i = 1; i < count_; i++) {
      if (loads[i].wanted != loads[i].cpu) move(i, loads[i].wanted);
    }
  }

 private:
  void move(u32 component, u32 cpu) {
    std::string_view name = name_of(tables_.components()[component].name);
    auto placed = root_.place(component, cpu);
    if (placed) {
      log_line(LogLevel::Information, "%.*s on CPU %u", int(name.size()), name.data(), cpu);
    } else {
      log_line(LogLevel::Warning, "%.*s cannot go to CPU %u: %s", int(name.size()), name.data(), cpu, error_name(placed.error()));
    }
  }

  protocols::RootClient root_;
  BootTables tables_;
  u32 count_;
  u64 used_[placement::kMostComponents] = {};
};

}  // namespace

int main() {
  auto root = find_slot(image::GrantKind::Placement);
  if (!root) return 1;
  static Placement placement{protocols::RootClient{*root}};
  if (placement.cpus() == 1) {
    log_line(LogLevel::Information, "one CPU: there is nothing to choose");
    for (;;) wait(0);
  }
  for (;;) {
    placement.look();
    wait(now() + kInterval);
  }
}

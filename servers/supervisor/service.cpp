// Restart policy carried out, and the service interface.
#include "servers/supervisor/service.h"

#include <algorithm>
#include <cstring>

#include "lib/start.h"

namespace pith::supervisor {

namespace {

using ull = unsigned long long;

constexpr u64 kDidNotComeUp = 125;  // exit status of `./pith run --exec` then

Result<Bytes> answer_from(std::string_view text, u64 from, std::span<std::byte, 448> room) {
  text.remove_prefix(std::min<u64>(from, text.size()));
  usize length = std::min(text.size(), room.size());
  memcpy(room.data(), text.data(), length);
  return Bytes{room.first(length)};
}

}  // namespace

Service::Service(CapabilitySlot endpoint, protocols::RootClient root, const BootTables& tables, Symbols symbols)
    : SupervisorServer(endpoint),
      root_(root),
      tables_(tables),
      symbols_(symbols),
      count_(std::min<u32>(u32(tables.components().size()), kMostComponents)) {
  for (u32 i = 0; i < count_; i++) watched_[i].policy.initialize(description(i).restart, description(i).restart_limit);
}

Result<Service::Watched*> Service::find(u64 component) {
  if (component >= count_) return Error::BadArgument;
  return &watched_[component];
}

Result<u64> Service::count(Session) { return u64{count_}; }

Result<Bytes> Service::name(Session, u64 component, std::span<std::byte, 448> text_room) {
  TRY(find(component));
  return answer_from(name_of(description(component).name), 0, text_room);
}

Result<Bytes> Service::state(Session, u64 component, std::span<std::byte, 448> text_room) {
  const Watched& watched = *TRY(find(component));
  static constexpr const char* kStates[] = {"running", "waiting", "stopped", "failed"};
  std::string_view name = name_of(description(component).name);
  Text<448> text;
  text.add("name %.*s\nstate %s\n", int(name.size()), name.data(), kStates[int(watched.state)]);
  if (auto status = root_.status(component)) {  // root itself has none
    text.add("instance %llu\nrestarts %u\nframes %llu\nbusy %llu\nused %llu\n", ull(status->instance), watched.restarts,
             ull(status->frames), ull(status->client), ull(status->used));
  }
  text.add("version %llu\n", ull(watched.version));
  if (auto time = root_.time(component)) text.add("cpu %llu\n", ull(time->cpu));
  std::string_view crash = watched.crash.view();
  crash = crash.substr(0, crash.find('\n'));
  if (!crash.empty()) text.add("last %.*s\n", int(crash.size()), crash.data());
  return answer_from(text.view(), 0, text_room);
}

Result<Bytes> Service::crash(Session, u64 component, u64 from, std::span<std::byte, 448> text_room) {
  const Watched& watched = *TRY(find(component));
  if (watched.crash.view().empty()) return Error::NotFound;
  return answer_from(watched.crash.view(), from, text_room);
}

Result<void> Service::control(Session session, u64 component, std::span<const std::byte> bytes) {
  Watched& watched = *TRY(find(component));
  // The door for faults lets nobody do more than fault.
  if (session.raw >= kFaultBadge) return Error::Denied;
  // Root cannot be stopped, and the supervisor cannot stop itself.
  if (component == 0 || component == start_information().index) return Error::Denied;
  std::string_view command(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (!command.empty() && (command.back() == '\n' || command.back() == ' ')) command.remove_suffix(1);
  if (command == "stop") return stop(component);
  if (command == "start") return watched.state == State::Running ? Result<void>() : start(component);
  if (command == "update") return update(component);
  if (command == "rollback") return take_update_back(component);
  if (command != "kill" && command != "restart") return Error::NotFound;
  TRY(stop(component));
  TRY(start(component));
  watched.restarts++;
  return {};
}

Result<void> Service::power(Session session, u64 action, u64 code) {
  if (session.raw >= kFaultBadge) return Error::Denied;
  Text<64> text;
  text.add("\x1epith-exit %llu\n", ull(code));
  say(text.view());
  return root_.power(action);
}

Result<void> Service::stop(u64 component) {
  Result<void> stopped = root_.stop(component);
  if (stopped || stopped.error() == Error::BadState) {  // BadState: it was stopped already
    watched_[component].state = State::Stopped;
    return {};
  }
  return stopped;
}

Result<void> Service::start(u64 component) {
  Result<void> started = root_.start(component);
  if (started) {
    watched_[component].state = State::Running;
  } else {
    give_up(component);
  }
  return started;
}

void Service::on_fault(const ipc::Received& received) {
  u32 badge = received.status.badge().raw;
  u64 component = badge - kFaultBadge;
  if (badge < kFaultBadge || component >= count_) return;
  crashed(component, received.words);
}

/// The faulted thread's call is in progress; stopping the component ends it. What takes long comes after the restart.
void Service::crashed(u64 component, const Words& fault) {
  Watched& watched = watched_[component];
  Crash crash{description(component), component, 0, time(), fault};
  if (auto status = root_.status(component)) crash.instance = status->instance;
  collect(root_, crash);
  bool is_stopped = bool(stop(component));
  if (is_stopped) (void)take_update_back(component);
  RestartPolicy::Decision decision = watched.policy.crashed(crash.time);
  bool is_given_up = !is_stopped || decision.kind == RestartPolicy::Decision::GiveUp;
  if (!is_given_up) {
    watched.restarts++;
    watched.state = State::Waiting;
    watched.start_at = decision.at;
    idle();
  }
  write(crash, symbols_, watched.crash);
  say(watched.crash.view());
  if (is_given_up) give_up(component);
}

void Service::give_up(u64 component) {
  watched_[component].state = State::Failed;
  std::string_view name = name_of(description(component).name);
  Text<128> text;
  text.add("supervisor: %.*s has failed and is not started again\n", int(name.size()), name.data());
  say(text.view());
  // Nobody would ever end a run that waits for one command.
  if (has_command_line_word("exec")) (void)power(Session(0), 0, kDidNotComeUp);
}

void Service::idle() {
  for (u32 i = 0; i < count_; i++) {
    if (watched_[i].state == State::Waiting && watched_[i].start_at <= time()) (void)start(i);
  }
}

u64 Service::deadline() const {
  u64 earliest = 0;
  for (u32 i = 0; i < count_; i++) {
    if (watched_[i].state == State::Waiting && (earliest == 0 || watched_[i].start_at < earliest)) earliest = watched_[i].start_at;
  }
  return earliest;
}

/// Straight to the kernel's port: the log may be the one that crashed.
void Service::say(std::string_view text) {
  while (!text.empty()) {
    std::string_view piece = text.substr(0, 448);
    (void)root_.diagnostic(ipc::as_bytes(piece));
    text.remove_prefix(piece.size());
  }
}

}  // namespace pith::supervisor

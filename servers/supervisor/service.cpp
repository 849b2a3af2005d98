// Watches components, restarts those that fail as the supervision tree says, and the service interface.
#include "servers/supervisor/service.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "lib/clock.h"
#include "lib/start.h"

namespace pith::supervisor {

namespace {

using ull = unsigned long long;

constexpr u64 kDidNotComeUp = 125;  // exit status of `./pith run --exec` then
constexpr u64 kReset = 1;           // of root's power()
/// Until a crash is written down: those who waited for the component have their answers first.
constexpr u64 kRecordDelay = kMillisecond;

Result<Bytes> answer_from(std::string_view text, u64 from, std::span<std::byte, 448> room) {
  text.remove_prefix(std::min<u64>(from, text.size()));
  usize length = std::min(text.size(), room.size());
  memcpy(room.data(), text.data(), length);
  return Bytes{room.first(length)};
}

}  // namespace

Service::Service(CapabilitySlot endpoint, protocols::RootClient root, const BootTables& tables, Symbols symbols, Vault& vault)
    : SupervisorServer(endpoint),
      root_(root),
      tables_(tables),
      symbols_(symbols),
      vault_(vault),
      tree_(tables.components(), tables.groups(), vault.history),
      count_(std::min<u32>(u32(tables.components().size()), kMostComponents)),
      is_resumed_(!vault.restore()) {
  u64 shortest = 0;
  for (u32 i = 1; i < count_; i++) {
    u64 heartbeat = description(i).heartbeat;
    if (heartbeat != 0 && (shortest == 0 || heartbeat < shortest)) shortest = heartbeat;
  }
  looks_.initialize(shortest * kMillisecond / 2);
  if (shortest == 0) return;
  for (u32 i = 0; i < count_; i++) {
    watched_[i].heartbeat.initialize(u32(Heartbeat::kLooks * description(i).heartbeat / shortest));
  }
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
  write_record();
  static constexpr const char* kStates[] = {"running", "stopped", "failed"};
  std::string_view name = name_of(description(component).name);
  Text<448> text;
  text.add("name %.*s\nstate %s\n", int(name.size()), name.data(), kStates[int(vault_.state[component])]);
  if (auto status = root_.status(component)) {  // root itself has none
    text.add("instance %llu\nrestarts %u\nframes %llu\nbusy %llu\nused %llu\n", ull(status->instance), vault_.restarts[component],
             ull(status->frames), ull(status->client), ull(status->used));
  }
  text.add("version %llu\n", ull(vault_.version[component]));
  if (auto time = root_.time(component)) text.add("cpu %llu\n", ull(time->cpu));
  std::string_view crash = watched.crash.view();
  crash = crash.substr(0, crash.find('\n'));
  if (!crash.empty()) text.add("last %.*s\n", int(crash.size()), crash.data());
  return answer_from(text.view(), 0, text_room);
}

Result<Bytes> Service::crash(Session, u64 component, u64 from, std::span<std::byte, 448> text_room) {
  const Watched& watched = *TRY(find(component));
  write_record();
  if (watched.crash.view().empty()) return Error::NotFound;
  return answer_from(watched.crash.view(), from, text_room);
}

Result<void> Service::control(Session session, u64 component, std::span<const std::byte> bytes) {
  TRY(find(component));
  is_busy_ = true;
  // The door for faults lets nobody do more than fault.
  if (session.raw >= kFaultBadge) return Error::Denied;
  // Root cannot be stopped, and the supervisor cannot stop itself.
  if (component == 0 || component == start_information().index) return Error::Denied;
  std::string_view command(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  while (!command.empty() && (command.back() == '\n' || command.back() == ' ')) command.remove_suffix(1);
  if (command == "stop") return stop(component);
  if (command == "start") return vault_.state[component] == State::Running ? Result<void>() : start(component);
  if (command == "update") return update(component);
  if (command == "rollback") return take_update_back(component);
  if (command != "kill" && command != "restart") return Error::NotFound;
  TRY(stop(component));
  TRY(start(component));
  vault_.restarts[component]++;
  return {};
}

Result<void> Service::power(Session session, u64 action, u64 code) {
  if (session.raw >= kFaultBadge) return Error::Denied;
  write_record();
  // From here on nobody else writes to the diagnostic port: the line is to arrive whole.
  for (u64 i = 1; i < count_; i++) {
    if (name_of(description(i).name) == "log") (void)root_.halt(i);
  }
  Text<64> text;
  text.add("\x1epith-exit %llu\n", ull(code));
  say(text.view());
  return root_.power(action);
}

Result<void> Service::stop(u64 component) {
  vault_.state[component] = State::Stopped;
  Result<void> stopped = root_.stop(component);
  if (stopped || stopped.error() == Error::BadState) return {};  // BadState: it was stopped already
  vault_.state[component] = State::Running;
  return stopped;
}

Result<void> Service::start(u64 component) {
  vault_.state[component] = State::Running;
  watched_[component].heartbeat.forget();
  Result<void> started = root_.start(component);
  if (!started) give_up(component);
  return started;
}

Result<u64> Service::fault(Session session, const Words& words) {
  u64 component = session.raw - kFaultBadge;
  if (session.raw >= kFaultBadge && component < count_) {
    Crash crash{description(component), component, time(), Crash::Kind::Fault, words};
    failed(crash);
  }
  return Error::Cancelled;
}

/// A faulted thread's call is in progress; stopping the component ends it. What takes long comes after the restart.
void Service::failed(Crash& crash) {
  u64 component = crash.index;
  write_record();  // of the one before
  is_busy_ = true;
  collect(root_, crash);
  unwritten_.emplace(crash);
  bool is_over = crash.component.restart == image::Restart::Never;
  if (is_over) {
    (void)stop(component);
    write_record();
    give_up(component);
  } else {
    if (is_on_probation(component)) {
      // Not started yet: that is for the tree.
      (void)root_.stop(component);
      (void)take_update_back(component);
    }
    carry_out(tree_.failed(u32(component), crash.time));
  }
  record_at_ = time() + kRecordDelay;
}

/// Searching for names and writing to the port would keep the next instance waiting.
void Service::write_record() {
  if (!unwritten_) return;
  CrashText& text = watched_[unwritten_->index].crash;
  write(*unwritten_, symbols_, text);
  unwritten_.reset();
  say(text.view());
  is_busy_ = true;
}

/// Each round is one group farther out, so there are few.
void Service::carry_out(Verdict verdict) {
  while (!verdict.is_end) {
    bool is_done = restart(verdict.restarted);
    if (std::popcount(verdict.restarted) > 1) {
      std::string_view group = name_of(tables_.groups()[verdict.group].name);
      Text<128> text;
      text.add("supervisor: %d components begin anew by the rule of group %.*s\n", std::popcount(verdict.restarted), int(group.size()),
               group.data());
      say(text.view());
    }
    if (is_done) return;
    verdict = tree_.group_failed(verdict.group, time());
  }
  say("supervisor: the outermost group has failed\n");
  (void)power(Session(0), kReset, kDidNotComeUp);
}

/// Whether all that are to run do so again. Those that somebody has stopped stay so; those that are never restarted stay stopped.
bool Service::restart(Members members) {
  for (u32 i = count_ - 1; i > 0; i--) {
    if ((members & member(i)) != 0 && i != start_information().index) (void)root_.stop(i);
  }
  for (u32 i = 1; i < count_; i++) {
    if ((members & member(i)) == 0 || vault_.state[i] != State::Running || i == start_information().index) continue;
    if (description(i).restart == image::Restart::Never) {
      vault_.state[i] = State::Stopped;
      continue;
    }
    watched_[i].heartbeat.forget();
    vault_.restarts[i]++;
    if (!root_.start(i)) return false;
  }
  return true;
}

/// Goes on with what the instance before this one was about.
void Service::resume() {
  is_resumed_ = true;
  Members missing = 0;
  for (u32 i = 1; i < count_; i++) {
    auto status = root_.status(i);
    if (status && status->state == 0 && vault_.state[i] == State::Running) missing |= member(i);
  }
  if (missing != 0 && !restart(missing)) carry_out(tree_.group_failed(0, time()));
}

void Service::give_up(u64 component) {
  vault_.state[component] = State::Failed;
  std::string_view name = name_of(description(component).name);
  Text<128> text;
  text.add("supervisor: %.*s has failed and is not started again\n", int(name.size()), name.data());
  say(text.view());
  // Nobody would ever end a run that waits for one command.
  if (has_command_line_word("exec")) (void)power(Session(0), 0, kDidNotComeUp);
}

u64 Service::idle_deadline() const {
  u64 look_at = looks_.next();
  return !unwritten_ || (look_at != 0 && look_at < record_at_) ? look_at : record_at_;
}

void Service::idle() {
  if (!is_resumed_) resume();
  if (unwritten_ && time() >= record_at_) write_record();
  if (is_busy_) looks_.put_off(time(), 1);  // what took its own time says nothing of the others
  is_busy_ = false;
  Looks::Due due = looks_.take(time());
  if (due == Looks::Due::No) return;
  look(due);
}

/// Nobody is called but root, who sees from outside how each one gets on. Whoever waits for a message is well, and costs nothing more.
void Service::look(Looks::Due due) {
  auto resting = root_.resting();
  if (!resting) return;
  for (u32 i = 1; i < count_; i++) {
    if (description(i).heartbeat == 0 || vault_.state[i] != State::Running || i == start_information().index) continue;
    if ((*resting >> i & 1) != 0) {
      watched_[i].heartbeat.rest();
    } else if (auto progress = root_.progress(i)) {
      watched_[i].heartbeat.look(progress->pulse, Looks::weight_of(due, progress->weight), progress->used);
    }
  }
  replace_hung();
}

/// Of several the one that has used most time is the one that spins. The others may only have been kept from running by it: they get a new
/// chance.
void Service::replace_hung() {
  u32 hung = 0;
  for (u32 i = 1; i < count_; i++) {
    if (watched_[i].heartbeat.is_hung(looks_.patience()) && (hung == 0 || watched_[i].heartbeat.spent() > watched_[hung].heartbeat.spent()))
      hung = i;
  }
  if (hung == 0) return;
  for (u32 i = 1; i < count_; i++) watched_[i].heartbeat.forget();
  Crash crash{description(hung), hung, time(), Crash::Kind::Hang, {}};
  if (root_.halt(hung)) failed(crash);
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

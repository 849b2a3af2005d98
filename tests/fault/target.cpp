// Makes one fault at a seeded moment and watches the component until it is well again.
#include "tests/fault/target.h"

#include "tests/components/wait.h"

namespace pith::torture {

namespace {

using root::Fault;
using root::Moment;

/// Half of the faults are aimed: the instance is looked at in short seeded steps until it is where the fault is wanted.
constexpr u32 kMostSteps = 1000, kUnaimedSteps = 50;
constexpr u64 kStep = 20 * kMicrosecond;
/// Between looks at what comes of it: seldom, since whoever watches from a high priority keeps others from running.
constexpr u64 kWatchStep = 200 * kMicrosecond;
/// How long a fault may take to show, and how long a component that hangs may stay unnoticed.
constexpr u64 kWindow = 4 * kMillisecond, kHangWindow = 500 * kMillisecond;
/// How long a component may take to come back before it counts as lost.
constexpr u64 kLongest = 2 * kSecond;

constexpr u64 set_of(Moment moment) { return u64{1} << u64(moment); }

u64 wanted_moments(Keeps keeps, Random& random) {
  u64 draw = random.below(8);
  return draw < 4 ? root::kAnyMoment : set_of(draw < 7 || keeps == Keeps::Nothing ? Moment::Inside : Moment::Committed);
}

}  // namespace

/// `asked`: when root was asked to.
Result<protocols::RootInjectResult> Target::inject(Fault fault, Random& random, u64& asked) {
  u64 moments = wanted_moments(probe_.keeps, random);
  Error last = Error::Again;
  for (u32 step = 0; step < kMostSteps + kUnaimedSteps; step++) {
    asked = now();
    auto made = tools_.root.inject(component_, u64(fault), step < kMostSteps ? moments : root::kAnyMoment, random.below(u64{1} << 40));
    if (made) return made;
    last = made.error();
    if (last != Error::Again && last != Error::BadState && last != Error::NotFound) break;
    wait_for(1 + random.below(kStep));
  }
  return last;
}

/// An instance waits for what comes, within the time that one may be away.
bool Target::rests() const {
  for (u64 end = now() + kLongest; now() < end; wait_for(kWatchStep)) {
    auto seen = tools_.root.inject(component_, u64(Fault::None), root::kAnyMoment, 0);
    if (seen && Moment(seen->moment) == Moment::Idle) return true;
  }
  return false;
}

bool Target::answers() const {
  if (probe_.method == kNobodyCalls) return rests();
  MessageBuffer& buffer = ipc::message_buffer();
  buffer.deadline = now() + kLongest;
  auto received = ipc::call_message(slot_, {{ipc::numbered(probe_.method), probe_.argument}}, kRegisterWords);
  buffer.deadline = 0;
  return ipc::answer_error(received) == probe_.expected;
}

/// Looks without calling: a call to a server that hangs would be its prisoner.
Outcome Target::watch(Fault fault, u64 instance, u64 at) const {
  // Who nobody calls hangs when it is woken up the next time: nothing comes of it for now.
  u64 end = at + (fault == Fault::Hang && probe_.method != kNobodyCalls ? kHangWindow : kWindow);
  bool is_down = false, is_idle = false;
  while (now() < at + kLongest) {
    // Who does not rest may hang, whatever the fault was.
    if (!is_down && now() >= (is_idle ? end : at + kHangWindow)) break;
    wait_for(kWatchStep);
    auto seen = tools_.root.inject(component_, u64(Fault::None), root::kAnyMoment, 0);
    if (seen && seen->instance != instance) return Outcome::Recovered;
    if (!seen) is_down = true;
    is_idle = seen && Moment(seen->moment) == Moment::Idle;
  }
  if (is_down) return Outcome::Lost;
  // Who hangs never rests again; nobody may have called it, though.
  return is_idle ? Outcome::Dormant : Outcome::Stuck;
}

Result<Record> Target::strike(Fault fault, Random& random) {
  Record record{fault, Outcome::Recovered, 0, 0, {}};
  record.place = TRY(inject(fault, random, record.at));
  if (fault != Fault::Kill) {
    record.at = now();  // finding the place and writing there is no part of the recovery
    record.outcome = watch(fault, record.place.instance, record.at);
  }
  // Who was killed is started again; a fault that did not show must not be there when the next one is made.
  if (record.outcome != Outcome::Recovered || fault == Fault::Kill) TRY(tools_.supervisor.control(component_, ipc::as_bytes("kill")));
  bool is_well = answers();
  record.away = now() - record.at;
  if (!is_well) record.outcome = Outcome::Lost;
  return record;
}

}  // namespace pith::torture

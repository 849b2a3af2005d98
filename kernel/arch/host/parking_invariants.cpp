// No scheduling context stays parked although the chain of calls from its thread ends in a thread that could run on its time.
#include <string>

#include "kernel/arch/host/invariants.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/chain.h"
#include "kernel/sched/scheduler.h"

namespace pith::host {

namespace {

/// Threads on a CPU's list of places to be looked at again from which the looking goes on down the chain.
bool goes_on_somewhere() {
  for (const Cpu& cpu : cpus) {
    for (FrameNumber at = cpu.threads_to_recheck.first; at.raw != 0; at = view<Thread>(at).parking.link.next) {
      if (view<Thread>(at).parking.hops != 0) return true;
    }
  }
  return false;
}

/// Where the chain from `thread` ends.
const Thread& end_of(FrameNumber thread) {
  for (u32 hops = 0; hops < kChainDepth; hops++) {
    FrameNumber next = next_in_chain(view<Thread>(thread));
    if (next.raw == 0) break;
    thread = next;
  }
  return view<Thread>(thread);
}

const char* problem_of(const SchedulingContext& context) {
  if (context.left == 0 || context.thread.raw == 0) return "parked context that has no time or no thread";
  const Thread& end = end_of(context.thread);
  bool at_door = context.place == Whereabouts::AtDoor;
  const Parking& parking = at_door ? view<Endpoint>(context.parked_on).parking : view<Thread>(context.parked_on).parking;
  if (parking.cpu != 0 && context.parked_at <= parking.until) return nullptr;  // about to be taken back
  if (goes_on_somewhere()) return nullptr;
  if (at_door) {
    bool waits = end.state == ThreadState::Calling && end.waiting_at == context.parked_on;
    return waits && view<Endpoint>(end.waiting_at).server.raw == 0 ? nullptr : "context at a door that its chain does not end at";
  }
  const Thread& place = view<Thread>(context.parked_on);
  bool is_lent = (place.key & Key::kLentTime) != 0 && cpus[place.key & Key::kCpuMask].current == &place;
  bool lends = context.thread == place.self && (place.client.raw != 0 || is_lent);
  if (lends) return nullptr;  // a server's own time, while it works on its client's, or goes on on it after its reply
  if (&end != &place) return "context parked where its chain does not end";
  if (end.state != ThreadState::Ready) return nullptr;
  u32 cpu = end.key & Key::kCpuMask;
  bool runs_elsewhere = cpu != context.cpu && cpus[cpu].current == &end && (end.key & Key::kAwaited) != 0;
  return runs_elsewhere ? nullptr : "context parked on a thread that could run";
}

}  // namespace

std::string misplaced_context() {
  for (u32 i = 1; i < frame_count; i++) {
    if (frames[i].type != ObjectType::SchedulingContext) continue;
    const SchedulingContext& context = view<SchedulingContext>(FrameNumber(i));
    if (context.place != Whereabouts::Parked && context.place != Whereabouts::AtDoor) continue;
    if (const char* problem = problem_of(context)) return std::string(problem) + " (frame " + std::to_string(i) + ")";
  }
  return "";
}

}  // namespace pith::host

// What contracts share. A contract says what a function does to all fields but those that it forgets; the entry of its name shows that (decision 15).
#pragma once
#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/scheduler.h"
#include "spec/invariants/predicate.h"
#include "spec/invariants/property.h"
#include "verify/entry.h"

namespace pith {

// RELATION(name, parameters…) { body }: what a contract's function obeys, as a PROPERTY is written, but not what every operation does.
#define RELATION(name, ...) extern "C" bool relation_##name(__VA_ARGS__)

template <class T>
[[gnu::always_inline]] inline void forget(const T& field) {
  verify_forget(&field, sizeof field);
}

template <class T>
[[gnu::always_inline]] inline void raise(const T& field) {
  verify_raise(&field, sizeof field);
}

/// Where ready and parked contexts are.
[[gnu::always_inline]] inline void forget_queues() {
  forget(scheduling_contexts[0].queue_link);
  forget(cpus[0].queue[0]);
  forget(cpus[0].ready);
  raise(cpus[0].reschedule);
  forget(threads[0].parking.contexts);
  forget(endpoints[0].parking.contexts);
}

/// Where calls wait.
[[gnu::always_inline]] inline void forget_calls() {
  forget(threads[0].queue_link);
  forget(endpoints[0].queue[0]);
  forget(endpoints[0].set_aside_calls);
  forget(endpoints[0].callers);
}

/// Where timers are in the wheels.
[[gnu::always_inline]] inline void forget_wheels() {
  forget(threads[0].timer.link);
  forget(scheduling_contexts[0].timer.link);
  forget(cpus[0].timers.occupied[0]);
  forget(cpus[0].timers.slot[0][0]);
}

[[gnu::always_inline]] inline void require_timers() {
  verify_require("thread_timer_is_in_a_wheel");
  verify_require("thread_timer_is_in_a_level");
  verify_require("thread_timer_is_in_a_slot");
  verify_require("context_timer_is_in_a_wheel");
  verify_require("context_timer_is_in_a_level");
  verify_require("context_timer_is_in_a_slot");
}

// Those that others are made of.
extern "C" {
void contract_enqueue_context(FrameNumber frame);
void contract_expedite(Thread& thread);
void contract_look_again(Thread& thread, u32 hops);
void contract_recheck(Thread& thread);
void contract_wake(Thread& thread);
void contract_arm_timer(FrameNumber frame, u64 deadline);
void contract_disarm_timer(FrameNumber frame);
void contract_enqueue_call(Thread& caller, bool in_front);
void contract_withdraw_call(Thread& caller);
void contract_return_call(Thread& server);
void contract_complete(Thread& thread, u64 status);
void contract_leave_address_space(Thread& thread);
void contract_leave_capability_space(Thread& thread);
void contract_take_guest_from_space(Guest& guest);
}

}  // namespace pith

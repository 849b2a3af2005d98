// What contracts share. A contract says what a function does to all fields but those that it forgets; the entry of its name shows that (decision 15).
#pragma once
#include "kernel/object/address_space.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/endpoint.h"
#include "kernel/object/guest.h"
#include "kernel/object/region.h"
#include "kernel/object/scheduling_context.h"
#include "kernel/object/thread.h"
#include "kernel/sched/parking.h"
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

template <class T>
[[gnu::always_inline]] inline void write_where(bool condition, u64 each, T& field, T value) {
  if constexpr (sizeof(T) == 8) verify_write_where(condition, each, &field, __builtin_bit_cast(u64, value));
  else verify_write_where(condition, each, &field, __builtin_bit_cast(u32, value));
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

/// Where is looked at parked contexts again.
[[gnu::always_inline]] inline void forget_rechecks() {
  forget(threads[0].parking.link);
  forget(threads[0].parking.until);
  forget(threads[0].parking.cpu);
  forget(threads[0].parking.hops);
  forget(endpoints[0].parking.link);
  forget(endpoints[0].parking.until);
  forget(endpoints[0].parking.cpu);
  forget(cpus[0].threads_to_recheck);
  forget(cpus[0].doors_to_recheck);
  raise(cpus[0].timers.changed);
  forget(parking_clock);
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

/// What a walk along a chain of calls relies on.
[[gnu::always_inline]] inline void require_chains() {
  verify_require("thread_knows_itself");
  verify_require("client_is_a_thread");
  verify_require("callee_is_a_thread");
  verify_require("only_who_waits_for_a_reply_has_a_callee");
  verify_require("call_waits_at_an_endpoint");
  verify_require("server_is_a_thread");
}

[[gnu::always_inline]] inline void require_timers() {
  verify_require("thread_timer_is_in_a_wheel");
  verify_require("thread_timer_is_in_a_level");
  verify_require("thread_timer_is_in_a_slot");
  verify_require("context_timer_is_in_a_wheel");
  verify_require("context_timer_is_in_a_level");
  verify_require("context_timer_is_in_a_slot");
}

// Those that others are made of: what they expect must stay apart from what those expect.
extern "C" {
[[gnu::noinline]] void contract_enqueue_context(FrameNumber frame);
[[gnu::noinline]] void contract_expedite(Thread& thread);
[[gnu::noinline]] void contract_look_again(Thread& thread, u32 hops);
[[gnu::noinline]] void contract_recheck(Thread& thread);
[[gnu::noinline]] void contract_recheck_below(const Thread& thread);
[[gnu::noinline]] void contract_wake(Thread& thread);
[[gnu::noinline]] void contract_arm_timer(FrameNumber frame, u64 deadline);
[[gnu::noinline]] void contract_disarm_timer(FrameNumber frame);
[[gnu::noinline]] void contract_enqueue_call(Thread& caller, bool in_front);
[[gnu::noinline]] void contract_withdraw_call(Thread& caller);
[[gnu::noinline]] void contract_return_call(Thread& server);
[[gnu::noinline]] void contract_complete(Thread& thread, u64 status);
[[gnu::noinline]] void contract_unbind_notification(Notification& notification);
[[gnu::noinline]] void contract_detach_thread(Thread& thread);
[[gnu::noinline]] void contract_leave_address_space(Thread& thread);
[[gnu::noinline]] void contract_leave_capability_space(Thread& thread);
[[gnu::noinline]] void contract_take_guest_from_space(Guest& guest);
}

}  // namespace pith

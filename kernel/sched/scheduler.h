// Scheduling: fixed priorities, round robin, budgets, and helping: a waiting caller's time runs the server that it waits for.
#pragma once
#include "kernel/sched/cpu.h"

namespace pith {

struct Thread;
struct ChainEnd;

/// Puts a scheduling context that has a thread and time left at the end of its CPU's ready queue, wherever it was before.
void enqueue_context(FrameNumber context);

/// Takes a scheduling context out of the ready queue or parked list that it is in.
void withdraw_context(FrameNumber context);

/// Makes a thread ready, and has the time looked at again that is parked on it. A server that gets a call, or an answer while it handles
/// one, leaves its own time parked: it works on its client's, as on the fast path.
void wake(Thread& thread);

/// Puts a thread's own parked time back into the ready queue: it has lost the time it ran on, or something happened that it should see at
/// its own priority.
void expedite(Thread& thread);

/// Charges the time since the context in use was last charged. It must be taken out of use, or its turn ended, if nothing is left.
void settle(Cpu& cpu);

/// The running thread gives back the time of a call that it has answered: it goes on on its own, which is its CPU's to choose.
void end_lent_time(Cpu& cpu);

/// The time in `frame`, which alone is parked on `thread` and is higher than all that is ready here, is used from now on. The hardware timer may come
/// too early: it is set when that turns out.
void begin_turn(Cpu& cpu, FrameNumber frame, Thread& thread);

/// Lets the end of a chain of calls run on the time in `context`, which is ready, if it can; false: not on this CPU, or not now.
bool try_to_run(Cpu& cpu, FrameNumber context, ChainEnd end);

/// Sets cpu.current and cpu.context to the end of the first chain that can run here, or to nothing. One context that cannot run is parked on the way.
/// Whoever ran here before must not be awaited, and run on no lent time.
void choose(Cpu& cpu);

/// True when something has happened that may change who runs, or when the hardware timer must come.
inline bool needs_schedule(const Cpu& cpu) { return cpu.reschedule || cpu.timers.changed; }

/// At the end of every slow kernel entry: chooses who runs if anything changed, and sets the hardware timer.
void schedule(Cpu& cpu);

/// The same after an entry that did much: the timer's interrupt chooses, which comes at once.
void schedule_later(Cpu& cpu);

/// The hardware timer of this CPU interrupted. Ends the turn of the context in use if it is over; or else fires or moves one timer that is due;
/// or else looks once at parked time again. While more is left to do the next interrupt comes at once. Called by the port.
void timer_interrupted(Cpu& cpu);

/// A replenishment timer fired.
void replenish(FrameNumber context);

}  // namespace pith

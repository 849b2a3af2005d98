// Parking: where scheduling contexts wait whose chain of calls cannot run, and how they come back, a few at a time.
#pragma once
#include "kernel/object/link.h"

namespace pith {

struct Cpu;
struct Endpoint;
struct Thread;

/// A thread or an endpoint at which contexts are parked. Whatever may let them run again only puts the place on a list of this CPU ("to be looked at again");
/// the scheduler takes the contexts back, one by one, and picks them when their priority comes: then they run or are parked anew.
struct Parking {
  List contexts;  ///< SchedulingContext, by queue_link, in the order in which they were parked
  Link link;      ///< in a CPU's list of places to be looked at again
  u64 until;      ///< contexts parked at this instant of the parking clock or earlier are to be taken back
  u32 cpu;        ///< whose list it is in: the CPU's number plus one; 0: in none
  u32 hops;       ///< how much farther down the chain of calls the looking goes on afterwards
};

/// Counts the occasions to look again, so that a context which is parked anew is not taken back for the same one.
extern "C" u64 parking_clock;

/// Parks a context that is in no list on the thread where its chain ends.
void park(FrameNumber context, Thread& thread);

/// Parks a context that is in no list at an endpoint without a server, where its chain ends.
void park_at_door(FrameNumber context, Endpoint& endpoint);

/// What is parked on `thread` may be able to run: the first context becomes ready at once, the others are taken back by the scheduler.
void recheck(Thread& thread);

/// The chain of calls from `thread` on is about to be cut behind it: everything parked farther down may have come along here.
void recheck_below(const Thread& thread);

/// The endpoint gets a server: what is parked at it may be able to run.
void recheck_door(Endpoint& endpoint);

/// The scheduler takes back all that is parked here now.
void look_again(Thread& thread, u32 hops);
void look_again_at_door(Endpoint& endpoint);

/// Off the list of places to be looked at; nothing may be parked here any more.
void look_no_more(Thread& thread);
void look_no_more_at_door(Endpoint& endpoint);

/// One step of looking again: takes one context back, or goes on to the next place. There must be one.
void look_at_next(Cpu& cpu);

}  // namespace pith

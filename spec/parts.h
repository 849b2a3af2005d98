// Steps that several operations share; each is defined in the file of its object.
#pragma once
#include "spec/frame.h"
#include "spec/generated/operations.h"

namespace pith::spec {

/// How far one step of taking an object apart came.
enum class Progress : u32 {
  Done,     ///< nothing refers to the frame any more
  More,     ///< another step is needed
  Blocked,  ///< something else must be taken apart first
};
/// One step of taking the object in `frame` apart.
Progress dismantle(FrameNumber frame);

/// The untyped frame below `region` can become an object now. Errors: BadFrame, FrameInUse, Closing, Exhausted, Again.
Error check_creatable(FrameNumber region, FrameNumber frame);
/// `frame` can be mapped by a table of `owner`, or used by an object of it: Data of the same region, not too often. Errors: BadFrame,
/// Limit.
Error check_mappable(FrameNumber owner, FrameNumber frame);
/// A table of `level` is mapped at `address`. Error: BadAddress.
Error check_address(VirtualAddress address, u32 level);
/// The word is an Access. Error: BadArgument.
Error check_access(u64 access);
/// Takes a linked share out of the table that links it; that space's spare table takes its place.
void unlink(FrameNumber share);

/// The thread's blocking operation ends with `status`; it is ready.
void complete(FrameNumber thread, u64 status);
/// The thread's blocking operation ends with `error`, if it is one that can be cut short. False: it is not.
bool cancel_wait(FrameNumber thread, Error error);
/// The thread is inactive afterwards, wherever it was. The call that it handled goes back to its queue.
void stop(FrameNumber thread);
/// Stops the thread unless another CPU runs it, which is told to: false then.
bool stop_or_ask(FrameNumber thread);
/// The thread, which is inactive, leaves its spaces.
void detach(FrameNumber thread);
/// Uses up an interruption: true if there was one.
bool take_interruption(FrameNumber thread);

/// The guest that the thread is in returns with this answer.
void leave_guest(FrameNumber thread, GuestExit reason, u64 kind, u64 address, u64 code);
/// The thread and the guest that it ran last forget each other.
void part_from_guest(FrameNumber thread);
/// The guest leaves its address space and lets go of its register page. False: another CPU runs it, and has been told to leave it.
bool detach_guest(FrameNumber guest);
/// The vector state (0: nothing) and its user forget each other. False: another CPU has its registers, and has been told to write them
/// back.
bool release_vector_state(FrameNumber vector_state);
/// The registers of the state are in no CPU. False: another CPU has them, and has been told to write them back.
bool evict_vector_state(FrameNumber vector_state);

/// The call of `caller`, whose message lies in its words, begins at `endpoint`. Errors: Deadlock, TooDeep.
Error begin_call(FrameNumber endpoint, FrameNumber caller, Badge badge);
/// The call that `server` handles goes back in front of the queue that it came from.
void return_call(FrameNumber server);
/// The endpoint has no server any more.
void unbind_server(FrameNumber endpoint);
/// The notification and the thread that it was bound to forget each other.
void unbind_notification(FrameNumber notification);
/// The thread that `thread` waits for in its call, or 0.
FrameNumber next_in_chain(FrameNumber thread);
/// Bits arrive at a notification.
void signal(FrameNumber notification, u64 bits);

/// Nobody waits patiently any more for the answer to the call that `client` may be in: its server is signalled.
void tell_server(FrameNumber client);

/// A whole CPU as a share of time.
inline constexpr u64 kWholeCpu = 65536;

/// The region's account bears `wanted` in place of `given` before.
bool has_time_for(FrameNumber region, u64 given, u64 wanted);

/// What a region costs the account of the one that it lies in: more than any limit if it has none.
u64 time_cost(FrameNumber region);
/// The thread has no time of its own any more.
void unbind_context(FrameNumber context);
/// What the turn in progress has used of this time since it was charged.
u64 uncharged(FrameNumber context);

/// Carries words, buffer words and capabilities to the receiver; answers the length and capability fields of its status word.
u64 transfer(FrameNumber sender, u32 words, u32 capabilities, FrameNumber receiver);
/// What a long message says of itself makes sense. Errors: BadArgument, NotConfigured.
Error check_message(FrameNumber sender, Handle handle);

/// The server waits at the endpoint that it serves.
inline bool is_receiving(FrameNumber thread) { return thread.raw != 0 && threads[thread].state == ThreadState::Receiving; }
/// Where the deadline stands in a message buffer.
inline constexpr u32 kDeadlineWord = offsetof(MessageBuffer, deadline) / 8;
/// The status word of a message or answer of six words.
inline constexpr u64 kShortMessage = u64{kRegisterWords} << 32;
/// The status word for an error.
constexpr u64 error_status(Error error) { return Status::kError | u64(error); }

}  // namespace pith::spec

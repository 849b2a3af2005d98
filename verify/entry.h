// What the ways into the kernel and the contracts of its functions tell the prover.
#pragma once
#include "kernel/sched/cpu.h"

namespace pith {

extern "C" {
/// The rest of the proof speaks of states in which this holds.
void verify_assume(bool condition);
/// The rest of the proof is done for each value below `limit` on its own, which it answers. There are no others.
u32 verify_split(u32 value, u32 limit);
/// In a contract: holds when the function is called.
void verify_expect(bool condition);
/// In a contract: the fields in `size` bytes from `field` on have any values afterwards that the invariants allow, wherever in arrays they are.
void verify_forget(const void* field, u64 size);
/// In a contract: the same, but bits that are set stay set.
void verify_raise(const void* field, u64 size);
/// In a contract: `value`, of which callers learn only what it promises.
u64 verify_some(u64 value);
/// In a contract: what the function returns; callers learn only what is promised of it.
u64 verify_any();
u32 verify_any_word();
bool verify_any_bit();
/// In a contract: the thread in `frame`, or null if that is 0.
Thread* verify_thread(u32 frame);
/// In a contract: any index of an array. Where the condition holds of it, the field there of up to 8 bytes has this value afterwards, whatever the index is.
u64 verify_each();
void verify_write_where(bool condition, u64 each, void* field, u64 value);
/// In a contract: is true of the state at the call, of what the function returns, and of some values.
void verify_promise(bool condition);
/// In a contract: the invariant of this name holds when the function is called.
void verify_require(const char* invariant);
/// In a contract: the same, and it holds afterwards, too. Invariants that read a forgotten field need not be named.
void verify_keep(const char* invariant);
/// In a contract: the same of all invariants.
void verify_keep_all();
/// In a contract: a caller's path parts where the contract's does.
void verify_part();
/// In a contract: each way on which its function returns is looked at by itself: a result that is one of many is too much for one question.
void verify_return_apart();
/// In a contract: the property or relation of this name holds of the state at the call and the state afterwards.
void verify_obey(const char* property);
/// In a contract: the same of all properties.
void verify_obey_all();
}

inline bool is_started(const Cpu& cpu) { return cpu_count <= kMaximumCpus && cpu.number < cpu_count && &cpu == &cpus[cpu.number]; }

/// This processor is one that was started.
inline Cpu& running_cpu() {
  verify_assume(frame_count > 0 && frame_count <= kMaximumFrames);
  Cpu& cpu = this_cpu();
  verify_assume(is_started(cpu));
  return cpu;
}

}  // namespace pith

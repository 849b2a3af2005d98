// Leaving the kernel: to a thread, to its guest, or to idleness.
#include "kernel/arch/contract/memory.h"
#include "kernel/arch/x86_64/boot_tables.h"
#include "kernel/ipc/fast.h"
#include "kernel/object/capability_space.h"
#include "kernel/object/guest.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "kernel/sched/scheduler.h"
#include "kernel/sync/lock.h"
#include "kernel/syscall/syscall.h"

namespace pith::arch {

extern "C" {
[[noreturn]] void leave_to_system_call(Thread* thread);
[[noreturn]] void leave_to_trap(Thread* thread, u64 instruction);
[[noreturn]] void enter_guest_all(volatile u64* registers, u64 instruction);
[[noreturn]] void enter_guest_fast(volatile u64* registers, u64 instruction);
[[noreturn]] void idle_loop(u64 stack);
}

namespace {

void load_root(u64 root) {
  if (read_cr3() != root) write_cr3(root);
}

/// Lets the next program use the vector registers if they are its own, and makes any other use trap.
void set_vector_access(Cpu& cpu, FrameNumber state) {
  u64 live = state.raw != 0 && state == cpu.vector_owner;
  if (live == cpu.vector_live) return;
  cpu.vector_live = live;
  if (live)
    enable_vector();
  else
    disable_vector();
}

/// Comes back only when the guest's instruction pointer, read once from its page, is not one that user code can have.
void enter_guest(Cpu& cpu, Guest& guest) {
  volatile u64* page = view<DataPage>(guest.registers).words;
  u64 instruction = page[offsetof(GuestRegisters, rip) / 8];
  bool all = page[offsetof(GuestRegisters, restore_all) / 8] != 0;
  if (instruction >= kUserEnd) return;
  if (all) page[offsetof(GuestRegisters, restore_all) / 8] = 0;  // asked for once
  set_vector_access(cpu, guest.vector_state);
  load_root(guest.root);
  kernel_lock.release();
  if (all) enter_guest_all(page, instruction);
  enter_guest_fast(page, instruction);
}

}  // namespace

/// run_guest where nothing special is the matter: checks as Guest::run, in the same order of effects.
extern "C" PITH_FAST_CALL void fast_run_guest(PITH_FAST_PARAMETERS) {
  Thread& thread = *current;
  auto capability = check_capability(thread, Handle{handle}.slot(), ObjectType::Guest, right::Guest::Run);
  if (!capability || thread.guest != capability->frame || thread.key > Key::kCpuMask) [[unlikely]]
    PITH_GO_SLOW;
  Guest& guest = guests[thread.guest.raw];
  if (guest.root == 0) [[unlikely]]
    PITH_GO_SLOW;
  volatile u64* page = data_pages[guest.registers.raw].words;
  u64 instruction = page[offsetof(GuestRegisters, rip) / 8];
  bool all = page[offsetof(GuestRegisters, restore_all) / 8] != 0;
  if (all || instruction >= kUserEnd) [[unlikely]]
    PITH_GO_SLOW;

  thread.key |= Key::kInGuest;
  set_vector_access(this_cpu(), guest.vector_state);
  write_cr3(guest.root);
  kernel_lock.release();
  enter_guest_fast(page, instruction);
}

/// A guest made a system call; its registers are in its page. Answers the thread that goes on, with its root still to be loaded.
extern "C" Thread* guest_called() {
  Cpu& cpu = this_cpu();
  Thread& thread = *cpu.current;
  kernel_lock.acquire();
  thread.key &= ~Key::kInGuest;
  set_vector_access(cpu, thread.vector_state);
  kernel_lock.release();
  return &thread;
}

void leave_to_caller(Thread& caller) {
  kernel_lock.release_and_rouse();
  leave_to_system_call(&caller);
}

void leave(Cpu& cpu) {
  if (cpu.current == nullptr) {
    cpu.idle = true;
    load_root(x86::kernel_root());
    set_vector_access(cpu, FrameNumber());
    kernel_lock.release_and_rouse();
    idle_loop(cpu.kernel_stack);
  }
  Thread& thread = *cpu.current;
  if ((thread.key & Key::kInGuest) != 0) {
    Guest& guest = view<Guest>(thread.guest);
    if ((thread.key & Key::kInterrupted) == 0 && guest.root != 0) {
      enter_guest(cpu, guest);
      leave_guest(thread, GuestExit::Fault, u64(FaultKind::Memory), kUserEnd, 0);
    } else {
      thread.key &= ~Key::kInterrupted;
      leave_guest(thread, GuestExit::Interrupted, 0, 0, 0);
    }
  }
  set_vector_access(cpu, thread.vector_state);
  load_root(thread.root);
  bool full = (thread.key & Key::kFullFrame) != 0;
  thread.key &= ~Key::kFullFrame;
  kernel_lock.release_and_rouse();
  if (full) leave_to_trap(&thread, thread.registers.instruction());
  leave_to_system_call(&thread);
}

}  // namespace pith::arch

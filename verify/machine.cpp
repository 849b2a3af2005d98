// The port's assembly and instructions as the prover takes them (verify/prover/calls.cpp says which function stands for what), what must be true where the
// kernel is left by them, and what the kernel knows of the machine's state.
#include "verify/machine.h"

#include "kernel/arch/x86_64/boot_tables.h"
#include "kernel/ipc/fast.h"
#include "kernel/object/guest.h"
#include "kernel/object/vector_state.h"
#include "spec/invariants/predicate.h"
#include "verify/entry.h"

namespace pith {

extern "C" {
u64 translation_roots[kMaximumCpus] = {};
VectorUnit vector_units[kMaximumCpus] = {};
}

// ---- what the kernel knows of it ----

INVARIANT(vector_access_is_as_noted, CpuIndex cpu) {
  FOR_ALL(cpu);
  return vector_units[cpu.raw].allowed == cpus[cpu.raw].vector_live;
}
INVARIANT(vector_registers_are_as_noted, CpuIndex cpu) {
  FOR_ALL(cpu);
  FrameNumber owner = cpus[cpu.raw].vector_owner;
  return owner.raw == 0 || vector_units[cpu.raw].registers == owner.raw;
}

namespace {

VectorState& state_of(const arch::VectorImage& image) { return reinterpret_cast<VectorState&>(const_cast<arch::VectorImage&>(image)); }

/// leave_to_thread, restore_all: from here on the thread's own code runs.
[[noreturn]] void enter(const Thread& thread) {
  verify_access(&thread);
  verify_demand("who is entered is who runs", &thread == this_cpu().current);
  verify_demand("a thread in its guest is not entered itself", (thread.key & Key::kInGuest) == 0);
  verify_demand("translations are those of who is entered", has_own_translations(thread));
  verify_demand("vector registers are those of who is entered", has_own_vectors(thread.vector_state));
  verify_demand("a key says whether vector registers can be used", has_vectors_as_its_key_says(thread));
  verify_leave();
}

/// The same where registers that only a trap has saved are left alone.
[[noreturn]] void enter_from_system_call(const Thread& thread) {
  verify_access(&thread);
  verify_demand("a thread that a trap stopped gets all its registers", (thread.key & Key::kFullFrame) == 0);
  enter(thread);
}

}  // namespace

extern "C" {

// ---- translations ----

u64 machine_read_root() { return *verify_root(); }
void machine_write_root(u64 root) { *verify_root() = root; }
void machine_forget_root(u64 root) {
  if (*verify_root() == root) *verify_root() = x86::kernel_root();
}

// ---- vector registers ----

void machine_allow_vectors() { verify_vectors()->allowed = 1; }
void machine_refuse_vectors() { verify_vectors()->allowed = 0; }
void machine_save_vectors(arch::VectorImage& image) {
  verify_demand("vector registers are not saved while they trap", verify_vectors()->allowed != 0);
  verify_demand("vector registers are saved to their own state", verify_vectors()->registers == frame_of(state_of(image)).raw);
  for (u64& word : image.raw) word = verify_any();
}
void machine_load_vectors(const arch::VectorImage& image) {
  verify_access(&image);
  verify_demand("vector registers are not loaded while they trap", verify_vectors()->allowed != 0);
  verify_vectors()->registers = frame_of(state_of(image)).raw;
}

// ---- ways out ----

void machine_leave_to_system_call(Thread* thread) { enter_from_system_call(*thread); }
void machine_leave_to_trap(Thread* thread, u64) { enter(*thread); }

/// Loads the next thread's root unless the one before has the same.
void machine_fast_resume(PITH_FAST_PARAMETERS) {
  Cpu& cpu = this_cpu();
  if (current->root != cpu.current->root) *verify_root() = current->root;
  cpu.current = current;
  enter_from_system_call(*current);
}
void machine_fast_go_on(PITH_FAST_PARAMETERS) { enter_from_system_call(*current); }

/// Loads the thread's root, whatever is loaded.
void machine_leave_guest(Thread* thread) {
  *verify_root() = thread->root;
  enter(*thread);
}

void machine_enter_guest(volatile u64* registers, u64 instruction) {
  Cpu& cpu = this_cpu();
  const Thread& thread = *cpu.current;
  verify_demand("who enters its guest is in it", (thread.key & Key::kInGuest) != 0);
  const Guest& guest = guests[thread.guest.raw];
  verify_demand("translations are those of who is entered", guest.root != 0 && *verify_root() == guest.root);
  verify_demand("vector registers are those of who is entered", has_own_vectors(guest.vector_state));
  verify_access(registers);
  verify_demand("registers are those of who is entered", registers == data_pages[guest.registers.raw].words);
  verify_demand("a guest begins in the user's half", instruction < arch::kUserEnd);
  cpu.guest_registers = reinterpret_cast<u64>(registers);
  verify_leave();
}

void machine_idle(u64) {
  verify_demand("nobody runs in idleness", this_cpu().current == nullptr);
  verify_demand("idleness has the kernel's translations alone", *verify_root() == x86::kernel_root());
  verify_demand("idleness has no vector registers", verify_vectors()->allowed == 0);
  verify_leave();
}

}  // extern "C"

}  // namespace pith

// Traps: exceptions become faults, interrupts become signals, the timer and the other CPUs lead back to the scheduler.
#include "kernel/arch/contract/interrupts.h"
#include "kernel/arch/contract/memory.h"
#include "kernel/arch/x86_64/local_apic.h"
#include "kernel/arch/x86_64/panic.h"
#include "kernel/object/guest.h"
#include "kernel/object/interrupt.h"
#include "kernel/object/thread.h"
#include "kernel/object/vector_state.h"
#include "kernel/memory/flush.h"
#include "kernel/sched/crossing.h"
#include "kernel/sched/scheduler.h"
#include "kernel/sync/lock.h"
#include "kernel/syscall/syscall.h"

namespace pith::x86 {

namespace {

/// What is on the stack: the vector, and what the processor pushed [intel/3a 6.12].
struct TrapFrame {
  u64 vector, error;
  u64 instruction, code_segment, flags, stack, stack_segment;
};

/// Operation codes under which traps are noted in the measurement of kernel entries.
constexpr u64 kTrapEntry = 1024;

enum Exception : u64 { DivideError = 0, Debug = 1, Breakpoint = 3, Overflow = 4, BoundRange = 5, InvalidOpcode = 6, DeviceNotAvailable = 7,
                       AlignmentCheck = 17, PageFault = 14, FloatingPoint = 16, SimdFloatingPoint = 19 };

FaultKind kind_of(u64 vector) {
  switch (vector) {
    case PageFault:
      return FaultKind::Memory;
    case DivideError:
    case Overflow:
    case BoundRange:
    case FloatingPoint:
    case SimdFloatingPoint:
      return FaultKind::Arithmetic;
    case Debug:
    case Breakpoint:
      return FaultKind::Breakpoint;
    case InvalidOpcode:
      return FaultKind::Instruction;
    case DeviceNotAvailable:
      return FaultKind::Vector;
    case AlignmentCheck:
      return FaultKind::Alignment;
    default:
      return FaultKind::Protection;
  }
}

/// Keeps the rest of the registers of the program that was running: a guest's in its page, a thread's in the thread. The entry code has stored the general ones.
void save(Cpu& cpu, Thread& thread, const TrapFrame& frame) {
  u64 rsp = u64(Register::Rsp), rip = u64(Register::Rip), rflags = u64(Register::Rflags);
  if (cpu.guest_registers != 0) {
    volatile u64* page = reinterpret_cast<volatile u64*>(cpu.guest_registers);
    page[rsp] = frame.stack;
    page[rip] = frame.instruction;
    page[rflags] = frame.flags;
    u64 fs;
    asm volatile("rdfsbase %0" : "=r"(fs));
    page[offsetof(GuestRegisters, fs_base) / 8] = fs;
    page[offsetof(GuestRegisters, restore_all) / 8] = 1;
    cpu.guest_registers = 0;
    return;
  }
  thread.registers.value[rsp] = frame.stack;
  thread.registers.value[rip] = frame.instruction;
  thread.registers.value[rflags] = frame.flags;
  thread.key |= Key::kFullFrame;
}

void handle_interrupt(u64 vector) {
  if (vector == kTimerVector) {
    timer_expired();
    timer_interrupted(this_cpu());
    acknowledge_local();
    return;
  }
  if (vector == kInterruptionVector) {
    interruption_received(this_cpu());
    acknowledge_local();
    return;
  }
  u32 line = u32(vector - kFirstLineVector);
  if (line >= arch::line_count() && !is_message_line(line)) return;  // spurious: not to be acknowledged
  arch::mask_line(line);
  acknowledge_local();
  interrupt_raised(line);
}

}  // namespace

static_assert(offsetof(GuestRegisters, rip) == 8 * u64(Register::Rip) && offsetof(GuestRegisters, rsp) == 8 * u64(Register::Rsp));
static_assert(offsetof(GuestRegisters, r15) == 8 * u64(Register::R15) && offsetof(GuestRegisters, fs_base) == 144);

extern "C" [[noreturn]] void trap_entry(TrapFrame* frame) {
  bool from_user = (frame->code_segment & 3) == 3;
  Cpu& cpu = this_cpu();
  if (!from_user && !(cpu.idle && frame->vector >= kTimerVector)) {
    panic_trap(frame->vector, frame->error, frame->instruction, frame->stack, arch::read_cr2());
  }
  kernel_lock.acquire();
  cpu.entered = arch::counter();
  if (cpu.idle) end_idleness(cpu);
  if (from_user) save(cpu, *cpu.current, *frame);
  if (frame->vector >= kTimerVector) {
    handle_interrupt(frame->vector);
  } else if (frame->vector == DeviceNotAvailable && load_vector_state(*cpu.current)) {
    // the instruction runs again, with its registers
  } else {
    u64 address = frame->vector == PageFault ? arch::read_cr2() : frame->instruction;
    fault_raised(*cpu.current, kind_of(frame->vector), address, frame->vector == PageFault ? frame->error : frame->vector);
  }
  finish_entry(cpu, kTrapEntry + frame->vector);
}

}  // namespace pith::x86

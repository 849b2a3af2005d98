// What a port promises about CPUs: who runs, time, entering and leaving user code.
#pragma once
#include "port/cpu.h"

// Every port defines, in port/cpu.h:
//   Cpu& current_cpu()                     the CPU that this code runs on
//   u64 now()                              nanoseconds since boot, monotonic
//   u64 counter()                          a counter that advances with the instructions executed
//   void set_timer(u64 deadline)           interrupt this CPU at `deadline` (nanoseconds; 0: never)
//   [[noreturn]] void leave(Cpu&)          releases the kernel lock and enters what the Cpu says runs next: a thread, its guest, or idleness
//   [[noreturn]] void leave_to_caller(Thread&)  the same for the thread that entered, which goes on as nothing but its words and status has changed
//   [[noreturn]] void stop_machine(u32)    0 power-off, 1 reset, 2 after a panic
//   void diagnose(char)                    writes to the diagnostic port
//   Registers                              all general registers of a thread that was stopped by a trap; get, set and mask by index
//   VectorStateImage and its functions     see port/vector.h

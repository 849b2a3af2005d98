// Entry and exit: system calls, traps, guests. Offsets are those of Cpu and Thread; thread.h and port.cpp check them.
#define CURRENT %gs:0
#define KERNEL_STACK %gs:8
#define GUEST_REGISTERS %gs:16
#define SCRATCH %gs:24
#define VECTOR_LIVE %gs:32

#define INSTRUCTION 0
#define STACK 8
#define ROOT 16
#define POINTER 24
#define CALLEE_SAVED 64
#define WORDS 192
#define RESULT 240
#define REGISTERS 256

// GuestRegisters
#define G_RAX 0
#define G_RBX 8
#define G_RCX 16
#define G_RDX 24
#define G_RSI 32
#define G_RDI 40
#define G_RBP 48
#define G_RSP 56
#define G_R8 64
#define G_R9 72
#define G_R10 80
#define G_R11 88
#define G_R12 96
#define G_R13 104
#define G_R14 112
#define G_R15 120
#define G_RIP 128
#define G_RFLAGS 136
#define G_FS 144

#define USER_CODE 0x23
#define USER_DATA 0x1b
#define USER_FLAGS 0x240dd5
#define FIXED_FLAGS 0x202

.text
// The last steps to the thread in r11 that stopped in a system call: words and status are in place.
.macro leave_to_thread
  mov INSTRUCTION(%r11), %rcx
  mov STACK(%r11), %rsp
  mov CALLEE_SAVED(%r11), %rbx
  mov CALLEE_SAVED+8(%r11), %rbp
  mov CALLEE_SAVED+16(%r11), %r12
  mov CALLEE_SAVED+24(%r11), %r13
  mov CALLEE_SAVED+32(%r11), %r14
  mov CALLEE_SAVED+40(%r11), %r15
  mov $FIXED_FLAGS, %r11d
  swapgs
  sysretq
.endm

// The same with words and status from the thread.
.macro leave_as_noted
  mov POINTER(%r11), %rcx
  wrfsbase %rcx
  mov WORDS(%r11), %rdi
  mov WORDS+8(%r11), %rsi
  mov WORDS+16(%r11), %rdx
  mov WORDS+24(%r11), %r8
  mov WORDS+32(%r11), %r9
  mov WORDS+40(%r11), %rax
  mov RESULT(%r11), %r10
  leave_to_thread
.endm

// A system call: words in rdi rsi rdx r8 r9 rax, handle in r10; rcx holds the return address, r11 the flags.
.globl system_call_entry
.balign 64
system_call_entry:
  swapgs
  cmpq $0, GUEST_REGISTERS
  jne guest_system_call
  mov CURRENT, %r11
  mov %rcx, INSTRUCTION(%r11)
  mov %rsp, STACK(%r11)
  mov KERNEL_STACK, %rsp
  mov %rbx, CALLEE_SAVED(%r11)
  mov %rbp, CALLEE_SAVED+8(%r11)
  mov %r12, CALLEE_SAVED+16(%r11)
  mov %r13, CALLEE_SAVED+24(%r11)
  mov %r14, CALLEE_SAVED+32(%r11)
  mov %r15, CALLEE_SAVED+40(%r11)
  mov $1, %ecx
  lock xadd %ecx, kernel_lock+4(%rip)
  cmp %ecx, kernel_lock(%rip)
  jne 2f
1:mov %r10, %r12
  test $3, %r12b          // the handle's kind: 0 call, 3 run_guest (the other one of even parity), 1 reply_receive, 2 operation
  jz fast_call
  jp fast_run_guest
  test $1, %r12b
  jz fast_operation
  jmp fast_reply_receive
2:push %rdi               // KernelLock::acquire: until ticket ecx is served; all registers but r11 are preserved
  push %r11
  mov %ecx, %edi
  call wait_for_kernel_lock
  pop %r11
  pop %rdi
  jmp 1b

// Enters a guest after a system call of its own: rdi register page, rsi its instruction pointer, checked. rcx and r11 may be lost.
.globl enter_guest_fast
enter_guest_fast:
  mov G_FS(%rdi), %rcx
  mov $0x7fffffffffff, %rax
  and %rax, %rcx
  wrfsbase %rcx
  mov %rdi, GUEST_REGISTERS
  mov %rsi, %rcx
  mov G_RFLAGS(%rdi), %r11
  and $USER_FLAGS, %r11d
  or $FIXED_FLAGS, %r11d
  mov G_RAX(%rdi), %rax
  mov G_RBX(%rdi), %rbx
  mov G_RDX(%rdi), %rdx
  mov G_RSI(%rdi), %rsi
  mov G_RBP(%rdi), %rbp
  mov G_RSP(%rdi), %rsp
  mov G_R8(%rdi), %r8
  mov G_R9(%rdi), %r9
  mov G_R10(%rdi), %r10
  mov G_R12(%rdi), %r12
  mov G_R13(%rdi), %r13
  mov G_R14(%rdi), %r14
  mov G_R15(%rdi), %r15
  mov G_RDI(%rdi), %rdi
  swapgs
  sysretq

// Makes r11 the current thread, with its address space, and releases the lock. Uses rcx, r10.
.macro switch_to_next
  mov ROOT(%r11), %rcx
  mov CURRENT, %r10
  cmp ROOT(%r10), %rcx
  je 1f
  mov %rcx, %cr3
1:mov %r11, CURRENT
  incl kernel_lock(%rip)  // KernelLock::release
.endm

// Leaves the kernel on the fast path: r11 next thread, r12 status, words where they came in. The lock is released only when this CPU's
// `current` names the new thread: whoever holds the lock sees of each thread whether a CPU still uses it.
.globl fast_resume
.balign 64
fast_resume:
  switch_to_next
  mov POINTER(%r11), %rcx
  wrfsbase %rcx
  mov %r12, %r10
  leave_to_thread

// The same for the thread that entered: nothing of it has changed.
.globl fast_go_on
fast_go_on:
  incl kernel_lock(%rip)
  mov %r12, %r10
  leave_to_thread

// As fast_resume, with words and status from the thread.
.globl fast_return
fast_return:
  switch_to_next
  leave_as_noted

// Leaves to a thread that stopped in a system call: rdi thread. Words and status come from the thread; its root is loaded.
.globl leave_to_system_call
leave_to_system_call:
  mov %rdi, %r11
  leave_as_noted

// Leaves to a thread that a trap stopped: rdi thread, rsi its instruction pointer; the other registers from Thread::registers.
.globl leave_to_trap
leave_to_trap:
  mov POINTER(%rdi), %rcx
  wrfsbase %rcx
  add $REGISTERS, %rdi
// Restores every register from the GuestRegisters-shaped block at rdi and returns by iretq to rsi, which was checked.
restore_all:
  pushq $USER_DATA
  pushq G_RSP(%rdi)
  mov G_RFLAGS(%rdi), %rax
  and $USER_FLAGS, %eax
  or $FIXED_FLAGS, %eax
  push %rax
  pushq $USER_CODE
  push %rsi
  mov G_RAX(%rdi), %rax
  mov G_RBX(%rdi), %rbx
  mov G_RCX(%rdi), %rcx
  mov G_RDX(%rdi), %rdx
  mov G_RSI(%rdi), %rsi
  mov G_RBP(%rdi), %rbp
  mov G_R8(%rdi), %r8
  mov G_R9(%rdi), %r9
  mov G_R10(%rdi), %r10
  mov G_R11(%rdi), %r11
  mov G_R12(%rdi), %r12
  mov G_R13(%rdi), %r13
  mov G_R14(%rdi), %r14
  mov G_R15(%rdi), %r15
  mov G_RDI(%rdi), %rdi
  swapgs
.globl return_from_interrupt
return_from_interrupt:
  iretq

// Enters a guest that a trap stopped or whose supervisor changed anything: rdi register page, rsi its instruction pointer, checked.
.globl enter_guest_all
enter_guest_all:
  mov G_FS(%rdi), %rcx
  mov $0x7fffffffffff, %rax
  and %rax, %rcx
  wrfsbase %rcx
  mov %rdi, GUEST_REGISTERS
  jmp restore_all

// A guest made a system call: its registers go to its page.
guest_system_call:
  mov %rsp, SCRATCH
  mov GUEST_REGISTERS, %rsp
  mov %rax, G_RAX(%rsp)
  mov %rbx, G_RBX(%rsp)
  mov %rcx, G_RIP(%rsp)
  mov %rdx, G_RDX(%rsp)
  mov %rsi, G_RSI(%rsp)
  mov %rdi, G_RDI(%rsp)
  mov %rbp, G_RBP(%rsp)
  mov %r8, G_R8(%rsp)
  mov %r9, G_R9(%rsp)
  mov %r10, G_R10(%rsp)
  mov %r11, G_RFLAGS(%rsp)
  mov %r12, G_R12(%rsp)
  mov %r13, G_R13(%rsp)
  mov %r14, G_R14(%rsp)
  mov %r15, G_R15(%rsp)
  mov %rcx, G_RCX(%rsp)
  mov %r11, G_R11(%rsp)
  rdfsbase %rcx
  mov %rcx, G_FS(%rsp)
  mov SCRATCH, %rcx
  mov %rcx, G_RSP(%rsp)
  movq $0, GUEST_REGISTERS
  mov KERNEL_STACK, %rsp
  xor %ebp, %ebp
  call guest_called       // answers the thread, its own state as run_guest left it
  mov %rax, %r11
  mov ROOT(%r11), %rcx
  mov %rcx, %cr3
  mov POINTER(%r11), %rcx
  wrfsbase %rcx
  xor %edi, %edi          // GuestExit::SystemCall
  xor %esi, %esi
  xor %edx, %edx
  xor %r8d, %r8d
  xor %r9d, %r9d
  xor %eax, %eax
  xor %r10d, %r10d
  leave_to_thread

// Traps. Each vector pushes an error code where the processor does not, and its number.
.macro vector which
.balign 16
.if (\which == 8) || (\which >= 10 && \which <= 14) || (\which == 17) || (\which == 21) || (\which == 29) || (\which == 30)
.else
  pushq $0
.endif
  pushq $\which
  jmp trap_common
.endm

.balign 16
.globl trap_vectors
trap_vectors:
.set number, 0
.rept 256
  vector number
  .set number, number + 1
.endr

trap_common:
  cld
  testb $3, 24(%rsp)
  jz 2f                   // from idleness: there is nothing to keep
  swapgs
  push %rax               // general registers go to the guest's page or to the thread: to blocks of the same shape
  mov GUEST_REGISTERS, %rax
  test %rax, %rax
  jnz 1f
  mov CURRENT, %rax
  add $REGISTERS, %rax
1:popq G_RAX(%rax)
  mov %rbx, G_RBX(%rax)
  mov %rcx, G_RCX(%rax)
  mov %rdx, G_RDX(%rax)
  mov %rsi, G_RSI(%rax)
  mov %rdi, G_RDI(%rax)
  mov %rbp, G_RBP(%rax)
  mov %r8, G_R8(%rax)
  mov %r9, G_R9(%rax)
  mov %r10, G_R10(%rax)
  mov %r11, G_R11(%rax)
  mov %r12, G_R12(%rax)
  mov %r13, G_R13(%rax)
  mov %r14, G_R14(%rax)
  mov %r15, G_R15(%rax)
2:mov %rsp, %rdi
  and $-16, %rsp
  xor %ebp, %ebp
  call trap_entry
  ud2

// Idle: rdi top of the stack. Interrupts come in on this very stack; nothing is kept.
.globl idle_loop
idle_loop:
  mov %rdi, %rsp
1:sti
  hlt
  jmp 1b

// Ends a nap: nothing is to be done but to tell the local controller. It may come late, even in user code.
.globl nap_vector
nap_vector:
  push %rax
  mov local_controller_window(%rip), %rax
  movl $0, 0xb0(%rax)
  pop %rax
  iretq

// Sets the first words of a frame to zero: edi its number, esi how many.
.globl clear_frame
clear_frame:
  mov %edi, %edi
  shl $12, %rdi
  lea data_pages(%rip), %rax
  add %rax, %rdi
  mov %esi, %ecx
  xor %eax, %eax
  rep stosq
  ret

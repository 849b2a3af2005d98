// Small programs whose longest paths are known by hand: what pith-bounds is tested with. Each entry ends with sysretq.
.macro function name
.globl \name
.type \name, @function
\name:
.endm

.data
.globl kernel_lock
.type kernel_lock, @object
.size kernel_lock, 8
kernel_lock: .quad 0

.text
// 1 + 10 * 3 + 1
function counted_loop
  mov $10, %ecx
1:add $1, %rax
  dec %ecx
  jne 1b
  sysretq

// A count from the caller that was checked: at most 12 rounds. 3 + 12 * 3 + 1
function checked_loop
  xor %eax, %eax
  cmp $12, %rdi
  ja 2f
1:inc %rax
  cmp %rdi, %rax
  jb 1b
2:sysretq

// The smaller of two, kept on the stack. 6 + 2 + 1 + 7 * 3 + 2
function spilled_loop
  sub $16, %rsp
  mov $7, %eax
  cmp $7, %rdi
  cmovb %rdi, %rax
  mov %rax, 8(%rsp)
  call leaf
  xor %ebx, %ebx
1:inc %rbx
  cmp 8(%rsp), %rbx
  jb 1b
  add $16, %rsp
  sysretq

// Two conditions in one branch: at most 8 hops. 1 + 7 * 9 + 7 + 1
function or_loop
  xor %edx, %edx
1:mov (%rdi), %rdi
  cmp $7, %edx
  setae %al
  test %rdi, %rdi
  sete %cl
  or %al, %cl
  jne 2f
  inc %edx
  jmp 1b
2:sysretq

// 1 + 5 * (1 + 4 * 2 + 2) + 1
function nested_loop
  mov $5, %ecx
1:mov $4, %edx
2:dec %edx
  jne 2b
  dec %ecx
  jne 1b
  sysretq

function unbounded_loop
1:mov (%rdi), %rdi
  test %rdi, %rdi
  jne 1b
  sysretq

// 66 rounds: more than P2 allows.
function long_loop
  mov $66, %ecx
1:dec %ecx
  jne 1b
  sysretq

function recursion
  call recursive
  sysretq
function recursive
  test %rdi, %rdi
  je 1f
  call recursive
1:ret

function irreducible
  test %rdi, %rdi
  je 2f
1:dec %rdi
2:dec %rsi
  jne 1b
  sysretq

function indirect
  jmp *%rax

// 1 + 3 + 2
function tail_call
  mov $1, %edi
  jmp tail_target
function tail_target
  call leaf
  nop
  sysretq
// 2 and the return: 3 with the call's callee
function leaf
  nop
  ret

// A clear, and a copy of 24 bytes.
function repeats
  mov $512, %ecx
  rep stosq
  mov $24, %edx
  call copy
  sysretq
function copy
  mov %rdx, %rcx
  rep movsb
  ret

function waits
  lea kernel_lock(%rip), %rcx
1:mov (%rcx), %eax
  cmp %ebx, %eax
  jne 1b
  sysretq

// Two ways: through `first` 3 + 4, through `second` 3 + 2; both again afterwards.
function two_ways
  test %rdi, %rdi
  je 1f
  call first
  jmp 2f
1:call second
2:test %rsi, %rsi
  je 3f
  call first
3:sysretq
function first
  nop
  nop
  nop
  ret
function second
  nop
  ret

// What is a bug to reach is not counted; a trap on purpose neither.
function with_bug
  test %rdi, %rdi
  je 1f
  sysretq
1:call bug
function bug
  nop
  nop
  nop
  nop
  ud2

// From the PVH entry (32 bit, paging off) to kernel_start in the upper half.
#define KERNEL 0xffff800000000000
#define PHYSICAL(symbol) (symbol - KERNEL)

.section .note.pvh, "a", @note
  .long 4, 4, 18          // name size, descriptor size, XEN_ELFNOTE_PHYS32_ENTRY
  .asciz "Xen"
  .long PHYSICAL(pvh_start)

.section .text.boot, "ax"
.code32
// Paging with the boot tables, long mode, the boot segments.
.macro enable_long_mode
  mov $PHYSICAL(boot_pml4), %eax
  mov %eax, %cr3
  mov %cr4, %eax
  or $(1 << 5), %eax      // physical address extension
  mov %eax, %cr4
  mov $0xc0000080, %ecx   // extended features: system call, long mode, no-execute
  rdmsr
  or $((1 << 0) | (1 << 8) | (1 << 11)), %eax
  wrmsr
  mov %cr0, %eax
  or $((1 << 31) | (1 << 16) | (1 << 1) | 1), %eax // paging, write protection, monitor coprocessor
  and $~(1 << 2), %eax    // no emulation
  mov %eax, %cr0
.endm

.globl pvh_start
pvh_start:                // ebx: physical address of the start information
  cld
  enable_long_mode
  lgdt PHYSICAL(boot_gdt_pointer)
  ljmp $0x08, $PHYSICAL(long_mode)

// Application processors begin here, in real mode, in a copy on a page below 1 MiB.
.code16
.globl application_start, application_start_end
application_start:
  cli
  cld
  mov %cs, %ax
  mov %ax, %ds
  lgdtl 1f - application_start
  mov %cr0, %eax
  or $1, %eax
  mov %eax, %cr0
  ljmpl $0x10, $PHYSICAL(application_protected)
1:.word 31
  .long PHYSICAL(boot_gdt)
application_start_end:

.code32
application_protected:
  mov $0x18, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  enable_long_mode
  ljmp $0x08, $PHYSICAL(application_long)

.code64
application_long:
  movabs $application_upper, %rax
  jmp *%rax
application_upper:
  xor %eax, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  mov local_controller(%rip), %rcx // as the boot tables map it: at its physical address
  mov 0x20(%rcx), %ecx
  shr $24, %ecx           // this processor's identifier
  lea application_answers(%rip), %rdx
  mov $1, %esi            // ApplicationAnswer: from Called to Here
  mov $2, %edi
  mov %esi, %eax
  lock cmpxchgb %dil, (%rdx, %rcx)
  jne 1f                  // not called, or too late
  lea application_numbers(%rip), %rdx
  movzbl (%rdx, %rcx), %edi
  mov %edi, %eax
  shl $13, %eax           // kApplicationStack
  lea application_stacks(%rip), %rsp
  add %rax, %rsp
  xor %ebp, %ebp
  call application_processor
1:cli
  hlt
  jmp 1b

long_mode:
  movabs $upper_half, %rax
  jmp *%rax
upper_half:
  xor %eax, %eax
  mov %eax, %ds
  mov %eax, %es
  mov %eax, %ss
  lea boot_stack_top(%rip), %rsp
  mov %ebx, %edi
  xor %ebp, %ebp
  call kernel_start
1:hlt
  jmp 1b

.section .data
.balign 4096
boot_pml4:
  .quad PHYSICAL(boot_pdpt) + 3
  .fill 255, 8, 0
  .quad PHYSICAL(boot_pdpt) + 3
  .fill 255, 8, 0
boot_pdpt:
  .quad PHYSICAL(boot_pd) + 3, PHYSICAL(boot_pd) + 4096 + 3, PHYSICAL(boot_pd) + 8192 + 3, PHYSICAL(boot_pd) + 12288 + 3
  .fill 508, 8, 0
boot_pd:                  // the first 4 GiB in pages of 2 MiB
  .set address, 0
  .rept 2048
  .quad address + 0x83
  .set address, address + 0x200000
  .endr
boot_gdt:
  .quad 0, 0x00af9a000000ffff, 0x00cf9a000000ffff, 0x00cf92000000ffff // 64-bit code, 32-bit code, data
boot_gdt_pointer:
  .word 31
  .quad PHYSICAL(boot_gdt)

.section .bss
.balign 4096
  .skip 16384
.globl boot_stack_top
boot_stack_top:
.globl application_stacks // 63 of 8 KiB: that of CPU n ends n times that far from here
application_stacks:
  .skip 63 << 13

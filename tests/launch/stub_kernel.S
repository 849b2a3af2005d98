// A kernel of a few instructions that stands in for Pith when pith-launch itself is tested: it does what the first word of its command line says.
//   exit…   writes to both ports, says that the run ended with status 7, powers off
//   panic…  writes a panic marker and powers off      stop…  powers off without a word      anything else  waits for ever
    .section .note.PVH, "a", @note
    .align 4
    .long 4, 4, 18
    .asciz "Xen"
    .long start

    .section .text
    .code32
    .globl start
start:
    movl 24(%ebx), %esi                // command line of the PVH start structure
    movb (%esi), %al
    cmpb $'e', %al
    je exits
    cmpb $'p', %al
    je panics
    cmpb $'s', %al
    je off
waits:
    movl $output, %esi
    movw $0x3f8, %dx
    call write
1:  pause
    jmp 1b
exits:
    movl $output, %esi
    movw $0x3f8, %dx
    call write
    movl $exit_marker, %esi
    movw $0x2f8, %dx
    call write
    jmp off
panics:
    movl $panic_marker, %esi
    movw $0x2f8, %dx
    call write
off:
    movw $0xf4, %dx
    xorl %eax, %eax
    outl %eax, %dx
2:  hlt
    jmp 2b
write:                                 // the text at esi to the port dx
    lodsb
    testb %al, %al
    jz 3f
    outb %al, %dx
    jmp write
3:  ret

    .section .rodata
output: .asciz "out\n"
exit_marker: .asciz "error text\n\036pith-exit 7\n"
panic_marker: .asciz "\036pith-panic stub\nmore\n"

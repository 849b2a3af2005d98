// The least program that is a component: it can be packed, and would wait for ever.
    .section .note.GNU-stack, "", @progbits
    .text
    .globl _start
_start:
    jmp _start
    .data
    .quad 1

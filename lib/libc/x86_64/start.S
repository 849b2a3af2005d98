# First instruction of a component on x86-64: rdi = address of its StartInformation (root: BootInformation), the stack is ready.
	.text
	.globl _start
	.type _start, @function
_start:
	xor %ebp, %ebp
	and $-16, %rsp
	mov $main, %esi
	call pith_libc_start
	ud2
	.size _start, . - _start

	.section .note.GNU-stack, "", @progbits

// SPDX-License-Identifier: MIT
/*
 * boot-sector.S -- what SeaBIOS starts from our disk: reads 2 MB by the BIOS and says their sum, writes
 * 32 KB elsewhere, echoes keys until there is a q, and switches the machine off. Speaks through the
 * serial port itself. vm-firmware.sh knows what the answers have to be.
 */
	.code16
	.globl _start
_start:	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp
	sti
	cld
	movb	%dl, drive
	movw	$started, %si
	call	print
	movw	$64, %bp		/* 64 times 64 sectors, from sector 64 */
	xorl	%ebx, %ebx
read:	movb	$0x42, %ah
	call	bios
	movw	%ds:packet+6, %es
	xorw	%di, %di
	movw	$8192, %cx
1:	addl	%es:(%di), %ebx
	roll	$1, %ebx
	addw	$4, %di
	loop	1b
	addl	$64, lba
	decw	%bp
	jnz	read
	movw	$sum, %si
	call	print
	movw	$8, %cx
1:	roll	$4, %ebx
	movb	%bl, %al
	andb	$15, %al
	addb	$'0', %al
	cmpb	$'9', %al
	jbe	2f
	addb	$'a' - '9' - 1, %al
2:	call	put
	loop	1b
	movl	$16384, lba		/* the last 64 sectors once more, at 8 MB */
	movb	$0x43, %ah
	call	bios
	movw	$written, %si
	call	print
key:	xorb	%ah, %ah
	int	$0x16
	pushw	%ax
	movw	$typed, %si
	call	print
	popw	%ax
	call	put
	cmpb	$'q', %al
	jne	key
	movw	$done, %si
	call	print
	movw	$0x604, %dx		/* ACPI: off */
	movw	$0x2000, %ax
	outw	%ax, %dx
halt:	hlt
	jmp	halt

bios:	movb	drive, %dl
	movw	$packet, %si
	xorb	%al, %al
	int	$0x13
	jc	wrong
	ret
wrong:	movw	$failed, %si
	call	print
	jmp	halt

print:	lodsb
	testb	%al, %al
	jz	1f
	call	put
	jmp	print
1:	ret
put:	pushw	%ax
	pushw	%dx
	movw	$0x3fd, %dx
1:	inb	%dx, %al
	testb	$0x20, %al
	jz	1b
	popw	%dx
	popw	%ax
	pushw	%dx
	movw	$0x3f8, %dx
	outb	%al, %dx
	popw	%dx
	ret

drive:	.byte	0
packet:	.byte	16, 0
	.word	64
	.word	0, 0x1000
lba:	.long	64, 0
started: .asciz	"\nboot: started"
sum:	.asciz	"\nboot: sum "
written: .asciz	"\nboot: written"
typed:	.asciz	"\nboot: key "
done:	.asciz	"\nboot: done\n"
failed:	.asciz	"\nboot: failed\n"
	.org	510
	.word	0xaa55

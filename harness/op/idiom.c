// SPDX-License-Identifier: MIT
/*
 * idiom.c -- sequences that belong together: what drivers do, and what once broke controllers. The
 * mutator inserts them whole and then changes a field here and there.
 */
#include "op/mutate.h"

const char *const idiom_list[] = {
	/* a device from plug to traffic */
	"enumerate port=1\n"
	"transfer length=8\n"
	"step usec=1000\n",

	"plug port=1 model=scripted\n"
	"address port=1\n"
	"configure\n"
	"transfer length=64\n",

	"descriptors data=12010002000000_40_f446_0100_0001_00000001_0902270001_0100c032_"
	"09040000_03ff000000_07058102000200_07050202000200_07058303080004\n"
	"enumerate port=1 model=scripted\n"
	"answer ep=0x81 status=ok data=00112233\n"
	"transfer ring=ep1in length=512\n",

	"descriptors data=12010002000000_40_f446_0100_0001_00000001_0902190001_0100c032_"
	"09040000_01ff000000_07058303080004\n"
	"enumerate port=1 model=scripted\n"
	"answer status=async\n"
	"control type=0xc0 request=1 length=8\n"
	"step usec=1000\n",

	"enumerate port=1 model=storage\n"
	"read-sector lba=0 count=1\n"
	"write-sector lba=1 count=2\n",

	"enumerate port=1 model=storage\n"
	"scsi length=36 direction=in cdb=120000002400\n"
	"scsi length=8 direction=in cdb=25000000000000000000\n",

	/* HID */
	"enumerate port=1 model=keyboard\n"
	"key qnum=30\n"
	"step usec=10000\n"
	"key qnum=30 state=release\n"
	"step usec=10000\n",

	"enumerate port=2 model=tablet\n"
	"pointer port=2 x=100 y=200 buttons=1\n"
	"step usec=10000\n",

	"control type=0x21 request=10 value=0x100\n"
	"control type=0xa1 request=1 value=0x100 length=8\n",

	/* control transfers out of step */
	"control type=0x80 request=6 value=0x100 length=18 trb-length=64\n",
	"control type=0x80 request=6 value=0x200 length=65535\n",
	"control type=0x80 request=6 value=0x100 length=18 flags=no-status\n"
	"control type=0x80 request=6 value=0x100 length=18 flags=no-setup\n",
	"control type=0x21 request=9 value=0x200 length=8 flags=no-status\n"
	"control type=0x21 request=9 value=0x200 length=64\n",
	"control type=0x80 request=6 value=0x100 length=18 flags=wrong-dir\n",
	"control type=0x00 request=9 value=1 trb-length=4096\n",

	/* TRBs by hand */
	"trb ring=ep0 type=setup ptr=0x0012000001000680 length=8 flags=idt extra=0x30000\n"
	"trb ring=ep0 type=data ptr=buf length=18 flags=dir-in\n"
	"trb ring=ep0 type=status flags=ioc\n"
	"doorbell target=1\n"
	"step usec=125\n",

	"trb ring=ep0 type=link ptr=self\n"
	"doorbell target=1\n"
	"step usec=125\n",

	"trb ring=ep0 type=no-op\n"
	"trb ring=ep0 type=no-op flags=ioc\n"
	"trb ring=ep0 type=link ptr=ring\n"
	"doorbell target=1\n",

	"trb ring=ep1in type=normal ptr=buf length=512\n"
	"trb ring=ep1in type=normal ptr=buf length=512 flags=ioc\n"
	"trb ring=ep1in type=link ptr=self-32\n"
	"doorbell target=3\n",

	"trb ring=ep1in type=normal ptr=buf length=512 flags=ch\n"
	"trb ring=ep1in type=event-data ptr=0x1234 flags=ioc\n"
	"doorbell target=3\n",

	"trb ring=ep1in type=normal ptr=buf length=65536 flags=isp+ioc\n"
	"trb ring=ep1in type=no-op flags=ioc\n"
	"doorbell target=3\n",

	"trb ring=command type=link ptr=ring flags=tc\n"
	"doorbell\n",

	"trb ring=command type=no-op-command flags=stay+cycle-wrong\n"
	"doorbell\n"
	"step usec=125\n",

	/* endpoint states */
	"transfer length=64 flags=no-doorbell\n"
	"doorbell target=3\n"
	"command type=stop-endpoint ring=ep1in\n"
	"command type=set-tr-dequeue ring=ep1in\n"
	"doorbell target=3\n",

	"answer ep=0x81 status=async\n"
	"transfer ring=ep1in length=64\n"
	"command type=stop-endpoint ring=ep1in\n"
	"finish nth=0\n"
	"step usec=1000\n",

	"answer ep=0x81 status=stall\n"
	"transfer ring=ep1in length=64\n"
	"command type=reset-endpoint ring=ep1in\n"
	"command type=set-tr-dequeue ring=ep1in\n"
	"control type=2 request=1 index=0x81\n"
	"transfer ring=ep1in length=64\n",

	"answer ep=0x81 status=nak delay-usec=1000\n"
	"transfer ring=ep1in length=64\n"
	"unplug\n"
	"step usec=2000\n",

	"answer ep=0x81 flags=detach\n"
	"transfer ring=ep1in length=64\n"
	"plug port=1 model=keyboard\n",

	"answer ep=0x81 status=babble\n"
	"transfer ring=ep1in length=8\n"
	"command type=reset-endpoint ring=ep1in flags=tsp\n",

	"answer ep=0x81 status=async\n"
	"transfer ring=ep1in length=64\n"
	"command type=disable-slot slot=1\n"
	"finish\n",

	"answer status=async\n"
	"control type=0xc0 request=1 length=8\n"
	"finish\n",

	"answer ep=0 pid=in status=nak delay-usec=1000\n"
	"control\n"
	"step usec=2000\n",

	/* slots */
	"command type=enable-slot\n"
	"command type=address-device flags=bsr\n"
	"command type=address-device\n"
	"command type=reset-device\n"
	"command type=disable-slot\n",

	"command type=configure-endpoint flags=dc\n"
	"command type=evaluate-context\n",

	"tweak context=3 dword=1 mask=0xffff0000 value=0\n"
	"command type=configure-endpoint\n",

	"tweak context=1 dword=1 mask=0xff0000 value=0xff0000\n"
	"address port=1\n",

	"tweak context=4 dword=1 mask=0x38\n"
	"command type=configure-endpoint\n"
	"doorbell target=3\n"
	"step usec=1000\n",

	"plug port=1 model=scripted\n"
	"address port=1\n"
	"tweak context=5 dword=1 mask=0xff00\n"
	"tweak context=6 dword=4 mask=0xffff\n"
	"configure\n"
	"transfer\n",

	"tweak context=2 dword=1 mask=0xffff0000\n"
	"command type=evaluate-context\n"
	"control\n",

	/* the event ring */
	"ack mode=never\n"
	"transfer length=8 trbs=64\n"
	"transfer length=8 trbs=255\n"
	"ack mode=once count=8\n",

	"erst segments=1 trbs=16\n"
	"ack mode=never\n"
	"command\ncommand\ncommand\ncommand\ncommand\ncommand\ncommand\ncommand\n"
	"command\ncommand\ncommand\ncommand\ncommand\ncommand\ncommand\ncommand\n"
	"ack mode=each-op\n",

	"write reg=ERSTSZ value=0\n"
	"command\n",

	"erst segments=1 trbs=16\n"
	"command\n"
	"erst segments=1 trbs=32\n"
	"command\n",

	"erst intr=1 segments=3 trbs=16\n"
	"write reg=IMAN index=1 value=2\n"
	"write reg=IMOD index=1 value=4000\n",

	/* the controller */
	"controller action=halt\n"
	"controller action=save\n"
	"controller action=restore\n"
	"controller\n",

	"transfer length=64 flags=no-doorbell\n"
	"controller action=reset\n"
	"doorbell target=3\n"
	"start\n",

	"write reg=USBCMD value=1\n"
	"write reg=CRCR value=6\n"
	"read reg=CRCR\n",

	"write reg=PORTSC index=1 value=0x210\n"
	"step usec=50000\n"
	"read reg=PORTSC index=1\n"
	"write reg=PORTSC index=1 value=0x10260\n"
	"write reg=PORTSC index=1 value=0x101e0\n"
	"step usec=20000\n",

	"start driver=uboot\n"
	"enumerate port=1\n",

	/* memory that is not what it was */
	"fault ptr=buf access=write\n"
	"transfer length=64\n",

	"flip ptr=ring nth=1 data=00000000000000000000000000000000\n"
	"transfer length=64\n",

	"trb ring=ep1in type=normal ptr=bar length=64 flags=ioc\n"
	"doorbell target=3\n",

	"ondemand data=0004000008000000\n"
	"trb ring=ep0 type=link ptr=0x7f000000\n"
	"doorbell target=1\n",

	"memory ptr=erst data=00000000000000000000000000000000\n"
	"command\n",

	/* PCI */
	"config-write offset=4 value=0\n"
	"command\n"
	"config-write offset=4 value=6\n",
	NULL,
};

const unsigned idiom_count = ARRAY_SIZE(idiom_list) - 1;

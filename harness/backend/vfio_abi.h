// SPDX-License-Identifier: MIT
/*
 * vfio_abi.h -- what the vfio-user protocol, version 0.0, fixes: message header, commands, layouts of
 * requests, flags. Offsets count from the end of the header; all numbers are little-endian.
 */
#ifndef BACKEND_VFIO_ABI_H
#define BACKEND_VFIO_ABI_H

/* Header: id u16, command u16, size u32 (header included), flags u32, errno u32. */
#define VFIO_HEADER_BYTES 16u
#define VFIO_FLAG_REPLY 0x1u
#define VFIO_FLAG_TYPE_MASK 0xfu
#define VFIO_FLAG_NO_REPLY 0x10u
#define VFIO_FLAG_ERROR 0x20u

enum vfio_command {
	VFIO_VERSION = 1,
	VFIO_DMA_MAP = 2,
	VFIO_DMA_UNMAP = 3,
	VFIO_GET_INFO = 4,
	VFIO_GET_REGION_INFO = 5,
	VFIO_GET_IRQ_INFO = 7,
	VFIO_SET_IRQS = 8,
	VFIO_REGION_READ = 9,
	VFIO_REGION_WRITE = 10,
	VFIO_DMA_READ = 11,  /* we ask the client */
	VFIO_DMA_WRITE = 12, /* we ask the client */
	VFIO_DEVICE_RESET = 13,
	VFIO_REGION_WRITE_MULTI = 15,
};

/* VERSION: major u16, minor u16, JSON text with a 0 at its end. */
#define VFIO_MAJOR 0u
#define VFIO_MINOR 0u
#define VFIO_VERSION_BYTES 4u

/* DMA_MAP: argsz u32, flags u32, offset u64, address u64, size u64; a file or none. */
#define VFIO_MAP_BYTES 32u
#define VFIO_MAP_READ 0x1u
#define VFIO_MAP_WRITE 0x2u

/* DMA_UNMAP: argsz u32, flags u32, address u64, size u64. */
#define VFIO_UNMAP_BYTES 24u
#define VFIO_UNMAP_ALL 0x2u

/* DMA_READ, DMA_WRITE: address u64, count u64, data. */
#define VFIO_DMA_BYTES 16u

/* GET_INFO: argsz, flags, regions, interrupts: u32 each. */
#define VFIO_INFO_BYTES 16u
#define VFIO_INFO_RESET 0x1u
#define VFIO_INFO_PCI 0x2u

/* GET_REGION_INFO: argsz, flags, index, cap_offset: u32 each; size u64, offset u64. */
#define VFIO_REGION_INFO_BYTES 32u
#define VFIO_REGION_READABLE 0x1u
#define VFIO_REGION_WRITABLE 0x2u

enum vfio_region {
	VFIO_REGION_BAR0 = 0,
	VFIO_REGION_CONFIG = 7,
	VFIO_REGIONS = 9,
};

/* GET_IRQ_INFO: argsz, flags, index, count: u32 each. */
#define VFIO_IRQ_INFO_BYTES 16u
#define VFIO_IRQ_EVENTFD 0x1u
#define VFIO_IRQ_MASKABLE 0x2u
#define VFIO_IRQ_AUTOMASKED 0x4u

enum vfio_irq_index {
	VFIO_IRQ_INTX,
	VFIO_IRQ_MSI,
	VFIO_IRQ_MSIX,
	VFIO_IRQ_ERROR,
	VFIO_IRQ_REQUEST,
	VFIO_IRQS,
};

/* SET_IRQS: argsz, flags, index, start, count: u32 each; then bools, or files beside it. */
#define VFIO_SET_IRQS_BYTES 20u
#define VFIO_SET_NONE 0x01u
#define VFIO_SET_BOOL 0x02u
#define VFIO_SET_EVENTFD 0x04u
#define VFIO_SET_MASK 0x08u
#define VFIO_SET_UNMASK 0x10u
#define VFIO_SET_TRIGGER 0x20u

/* REGION_READ, REGION_WRITE: offset u64, region u32, count u32, data. */
#define VFIO_ACCESS_BYTES 16u

/* REGION_WRITE_MULTI: count u64, then count times: offset u64, region u32, count u32, data[8]. */
#define VFIO_MULTI_BYTES 8u
#define VFIO_MULTI_ONE_BYTES 24u

/* ---- limits of ours ------------------------------------------------------------------------ */

#define VFIO_MAX_DATA 65536u /* bytes of data in one message: QEMU hangs above about 200 KiB */
#define VFIO_MAX_BODY (VFIO_MAX_DATA + VFIO_ACCESS_BYTES)
#define VFIO_MAX_FILES 16u /* passed with one message */
#define VFIO_MAX_MAPS 1024u
#define VFIO_MAX_QUEUED 4096u /* writes that wait while a DMA message is under way */
#define VFIO_REPLY_MSEC 5000u /* a client that takes longer is given up */

#endif

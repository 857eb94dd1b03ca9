// SPDX-License-Identifier: MIT
/*
 * guest.h -- what surrounds the controller: memory, MMIO dispatch, virtual clock, PCI function.
 * Sections follow the files: mem.c, clock.c, mmio.c, pci.c, msi.c, dma.c, guest.c.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include "base.h"
#include "trace.h"

/* ---- mem.c: sparse guest RAM, and how it can be hostile ------------------------------------ */

#define MEM_PAGE_SIZE 4096u
#define MEM_MAX_PAGES 4096u /* 16 MiB touched per input; what would touch more fails */
#define MEM_MAX_FAULTS 16u
#define MEM_MAX_FLIPS 16u
#define MEM_FLIP_BYTES 16u

enum mem_access {
	MEM_READ = 1,
	MEM_WRITE = 2
};

struct mem; /* private to mem.c */

struct mem *mem_new(void);
void mem_free(struct mem *m);

/* Forget all content, faults, flips and on-demand bytes; costs only what was touched. */
void mem_reset(struct mem *m);

/*
 * The guest's own loads and stores (not DMA, not traced, never hostile). Any address; bytes in
 * untouched pages read 0 and stay untouched. Return 0, or -EFAULT if addr + len wraps or RAM is
 * exhausted (then nothing was written).
 */
int mem_read(struct mem *m, uint64_t addr, void *buf, size_t len);
int mem_write(struct mem *m, uint64_t addr, const void *buf, size_t len);

/*
 * DMA to the page of addr fails for the access kinds in mask (enum mem_access; 0 = heal). At most
 * MEM_MAX_FAULTS pages are faulty, further ones are dropped.
 */
void mem_set_fault(struct mem *m, uint64_t addr, unsigned mask);

/*
 * Double fetch: just before the nth (1-based) DMA read that touches addr, len (<= 16) bytes
 * there are replaced. Each flip fires once; at most MEM_MAX_FLIPS are pending, further ones
 * are dropped. nth 0 counts as 1, len is cut to MEM_FLIP_BYTES; a refused read does not count.
 */
void mem_add_flip(struct mem *m, uint64_t addr, unsigned nth, const void *bytes, size_t len);

/*
 * On-demand bytes: the first DMA read of a 16-byte granule that nobody has written takes its
 * content from this stream (copied), in order; when it is used up: zeros. The granule is then
 * written, so a second read sees the same bytes. A new stream replaces what is left of the old;
 * len 0 ends on-demand filling.
 */
void mem_set_ondemand(struct mem *m, const void *bytes, size_t len);

/*
 * The hostile side of mem_read/mem_write, for dma.c: faults, flips and on-demand bytes apply.
 * -EFAULT also where memory is faulty; after a failed read the content of buf is unspecified.
 */
int mem_dma_read(struct mem *m, uint64_t addr, void *buf, size_t len);
int mem_dma_write(struct mem *m, uint64_t addr, const void *buf, size_t len);

/* Pages touched since the last reset (for the balance oracle and bench). */
size_t mem_page_count(const struct mem *m);

/* ---- clock.c: virtual time ----------------------------------------------------------------- */

struct timer {
	uint64_t deadline_ns;
	uint64_t seq; /* equal deadlines fire in arming order */
	void (*fire)(void *opaque);
	void *opaque;
	struct timer *next;
	bool armed;
};

struct clock {
	uint64_t now_ns;
	uint64_t seq;
	struct timer *first; /* sorted by deadline_ns, seq */
};

#define CLOCK_MAX_FIRES 4096u /* timer call-backs per clock_step; the rest waits for the next */

/* Arm (or re-arm) at an absolute time; a time in the past fires at the next step. */
void clock_arm(struct clock *c, struct timer *t, uint64_t deadline_ns);
void clock_disarm(struct clock *c, struct timer *t);

/*
 * Move time forward by delta_ns, firing due timers in order with now_ns at their deadline. If
 * CLOCK_MAX_FIRES is reached, time stops at that point and false is returned.
 */
bool clock_step(struct clock *c, uint64_t delta_ns);

/* Disarm all timers, time = 0. */
void clock_reset(struct clock *c);

/* ---- mmio.c: BAR 0 regions and dispatch ---------------------------------------------------- */

/*
 * Access-size rules as in QEMU's memory API: an access whose size is outside valid_* (or which
 * is unaligned where unaligned is false) is not performed: reads give 0, writes vanish, and the
 * trace row is TRACE_UNASSIGNED. A valid access is split into pieces of impl_max, or widened to
 * impl_min (the handler then gets the wider access at the given offset, and of what it returns
 * only the accessed bytes are used). The region of the first byte gets the whole access. Handlers
 * never see an offset >= size, but the last access may be wider than what is left of the region.
 */
struct mmio_ops {
	uint64_t (*read)(void *opaque, uint64_t offset, unsigned size);
	void (*write)(void *opaque, uint64_t offset, uint64_t value, unsigned size);
	uint8_t valid_min, valid_max; /* bytes: 1, 2, 4, 8 */
	uint8_t impl_min, impl_max;
	bool unaligned;
};

struct mmio_region {
	const char *name;
	uint64_t base, size; /* bytes, in BAR 0; the handler's offset counts from base */
	int priority; /* where regions overlap the higher one answers; equal: the later added */
	const struct mmio_ops *ops;
	void *opaque;
};

#define MMIO_MAX_REGIONS 16u

struct mmio {
	struct mmio_region region[MMIO_MAX_REGIONS];
	unsigned region_count;
};

/* Add a region (copied). REQUIREs room and size > 0. */
void mmio_add(struct mmio *m, const struct mmio_region *region);

struct guest;

/*
 * The guest's access to BAR 0 at offset, size 1, 2, 4 or 8 bytes: gated by Memory Space Enable
 * (a gated read gives all ones and is TRACE_FAULT), traced, dispatched. A write's row comes before
 * what it causes. Other sizes REQUIRE-fail; bytes beyond BAR 0 are unassigned. Handlers do not
 * nest: an access from within a handler is unassigned.
 */
uint64_t mmio_read(struct guest *g, uint64_t offset, unsigned size);
void mmio_write(struct guest *g, uint64_t offset, uint64_t value, unsigned size);

/* ---- pci.c: one function ------------------------------------------------------------------- */

#define PCI_CONFIG_SIZE 256u
#define PCI_MAX_VECTORS 32u /* MSI 32; MSI-X tables are as large as the profile says, <= 1024 */
#define PCI_MAX_MSIX 1024u

/* The registers others need by name (PCI 3.0 6.1). */
#define PCI_REG_COMMAND 0x04u
#define PCI_REG_STATUS 0x06u
#define PCI_REG_BAR0 0x10u
#define PCI_COMMAND_MSE (1u << 1)
#define PCI_COMMAND_BME (1u << 2)
#define PCI_COMMAND_SERR (1u << 8)
#define PCI_COMMAND_INTX_OFF (1u << 10)
#define PCI_STATUS_INTX (1u << 3)
#define PCI_STATUS_CAPS (1u << 4)
#define PCI_STATUS_SERR (1u << 14)
#define PCI_STATUS_MASTER_ABORT (1u << 13) /* set when DMA is refused by memory */

struct pci_identity {
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint8_t revision, prog_if, subclass, class_code;
	uint8_t sbrn, fladj; /* xHCI 5.2.3, 5.2.4: offsets 60h, 61h */
	uint32_t bar0_size;  /* power of two */
	bool bar0_64bit;
	uint8_t msi_cap;               /* offset, 0 = no MSI */
	uint8_t msi_vectors;           /* power of two <= 32 */
	uint8_t msix_cap;              /* offset, 0 = no MSI-X */
	uint16_t msix_vectors;         /* 1..1024 */
	uint32_t msix_table, msix_pba; /* offsets in BAR 0 */
	uint8_t pcie_cap;              /* offset, 0 = conventional PCI */
	uint8_t pm_cap;                /* offset, 0 = none */
	bool soft_reset;               /* D3hot to D0 starts the function over */
	bool flr;                      /* function level reset; needs pcie_cap */
};

struct pci {
	const struct pci_identity *id;
	uint8_t config[PCI_CONFIG_SIZE];
	uint8_t writable[PCI_CONFIG_SIZE]; /* mask of bits that a configuration write changes */
	uint8_t write_1_clear[PCI_CONFIG_SIZE];
	uint8_t *msix_table; /* 16 bytes per vector, own allocation */
	uint8_t *msix_pba;   /* one bit per vector, own allocation */
	uint64_t bar0;       /* these three follow config: asked at each DMA */
	bool memory_on, master_on;
	bool intx_level;        /* as the device wants it (before Interrupt Disable) */
	bool intx_seen;         /* level last shown to the guest */
	uint64_t message_count; /* MSI and MSI-X messages sent */
	void (*intx_changed)(void *opaque, bool level); /* a served VM's line; may be NULL */
	void (*message_sent)(void *opaque, uint64_t addr, uint32_t data);
	/*
	 * A served VM's interrupts, whose table and addresses are on the other side: called in
	 * place of sending a message, masked or not. May be NULL.
	 */
	void (*vector_raised)(void *opaque, unsigned vector);
	void (*wire_pulled)(void *opaque, enum irq_what what); /* PME, SERR, SMI; may be NULL */
	void *opaque;
	void (*function_reset)(void *function); /* the function starts over; may be NULL */
	void *function;
};

/* id is borrowed for the life of g. REQUIREs that capabilities fit; adds the MSI-X regions. */
void pci_init(struct guest *g, const struct pci_identity *id);
void pci_fini(struct guest *g);
/*
 * Power-on values: BAR 0 assigned at GUEST_BAR0, MSE and BME off. Writes no trace rows; a line
 * that was up is lowered by intx_changed.
 */
void pci_reset(struct guest *g);

/*
 * Configuration space, size 1, 2 or 4, naturally aligned and below PCI_CONFIG_SIZE; else not
 * performed (TRACE_FAULT, a read gives all ones). Traced.
 */
uint32_t pci_config_read(struct guest *g, unsigned offset, unsigned size);
void pci_config_write(struct guest *g, unsigned offset, uint32_t value, unsigned size);

bool pci_memory_enabled(const struct guest *g); /* MSE, and power state D0 */
bool pci_master_enabled(const struct guest *g); /* BME, and power state D0 */
uint64_t pci_bar0(const struct guest *g);       /* current guest-physical base */

/* INTx: level-triggered, shown while Interrupt Disable is 0 and neither MSI nor MSI-X is on. */
void pci_set_intx(struct guest *g, bool level);

/* For dma.c: Received Master Abort in the status register. */
void pci_note_abort(struct guest *g);

/* ---- pci_power.c: power states, resets, PME#, SERR#, SMI ------------------------------------- */

/* Something happened that wakes the system: PME Status, and PME# if it is enabled. */
void pci_wake(struct guest *g);
/* SERR# if the command register lets it. */
void pci_serr(struct guest *g);
/* A System Management Interrupt, for firmware. */
void pci_smi(struct guest *g);

/* For pci.c: 0 = D0, 3 = D3hot. */
unsigned pci_power_state(const struct pci *p);
void pci_power_reset(struct pci *p);
/* After a configuration write: keeps to the states there are. True: the function started over. */
bool pci_power_written(struct guest *g, unsigned before, unsigned offset, unsigned size,
		       uint32_t value);

/* ---- guest_state.c: saved state ---------------------------------------------------------------- */

struct state;

/* Loading: the function is at power-on, the clock's timers are put back one by one. */
void clock_state(struct state *st, struct clock *c);
void timer_state(struct state *st, struct clock *c, struct timer *t);
void pci_state(struct state *st, struct guest *g);
/* For that, in pci.c: what follows from configuration space. */
void pci_state_loaded(struct guest *g);

/* ---- msi.c: MSI and MSI-X (PCI 3.0 6.8) ------------------------------------------------------ */

bool pci_msix_enabled(const struct guest *g);
bool pci_msi_enabled(const struct guest *g); /* MSI-X wins where both are */

/* For pci.c: capabilities into a fresh configuration space; regions; after a config write. */
void msi_init(struct guest *g);
void msi_fini(struct guest *g);
void msi_reset(struct guest *g);
void msi_config_changed(struct guest *g);
void msi_messages_cut(struct pci *p);

/*
 * Send the message of a vector by MSI-X or MSI, whichever is enabled (masked: pending bit).
 * The message is a DMA write through dma_write, so it obeys BME, faults and the own-BAR rule.
 * Vectors beyond what is enabled are folded onto vector 0 (MSI) or dropped (MSI-X). A message
 * that DMA refuses is lost; one that arrives has its IRQ row after its DMA row.
 * Returns true if interrupts are message based (the caller then clears IP, xHCI 4.17.5).
 */
bool pci_notify(struct guest *g, unsigned vector);

/* ---- dma.c: the controller's accesses to memory -------------------------------------------- */

enum dma_result {
	DMA_OK,
	DMA_FAULT,   /* unreadable, unwritable, wraps, absent, or the function's own BAR */
	DMA_BLOCKED, /* Bus Master Enable is 0 */
};

struct dma_tag {
	uint8_t what; /* enum dma_what */
	uint8_t slot; /* 0 = none */
	uint8_t dci;  /* 0 = none */
};

/*
 * Copy len bytes (0 is fine: DMA_OK, not traced) from or to guest memory. All or nothing. On
 * failure a read leaves buf zeroed. Accesses aimed at BAR 0 are refused: no re-entrancy. The row
 * carries the bytes if the access was performed, else data is NULL.
 */
enum dma_result dma_read(struct guest *g, struct dma_tag tag, uint64_t addr, void *buf, size_t len);
enum dma_result dma_write(struct guest *g, struct dma_tag tag, uint64_t addr, const void *buf,
			  size_t len);

/* ---- guest.c ------------------------------------------------------------------------------- */

#define GUEST_BAR0 UINT64_C(0xfebf0000) /* where firmware would have put BAR 0 */

/*
 * Memory that is not ours: a served VM's RAM. Same contract as mem_dma_*. Interrupt messages are
 * not written there but handed to pci.message_sent.
 */
struct guest_memory_ops {
	int (*read)(void *opaque, uint64_t addr, void *buf, size_t len);
	int (*write)(void *opaque, uint64_t addr, const void *buf, size_t len);
};

struct guest {
	struct trace *trace;
	struct mem *mem;
	struct clock clock;
	struct mmio mmio;
	struct pci pci;
	const struct guest_memory_ops *outside; /* NULL = mem */
	void *outside_opaque;
	unsigned mmio_depth; /* > 0 while a handler runs */
};

/* trace is borrowed; its clock is set to ours. */
void guest_init(struct guest *g, struct trace *trace, const struct pci_identity *id);
void guest_fini(struct guest *g);
/* Memory, clock and PCI back to power-on; regions stay. */
void guest_reset(struct guest *g);

#endif

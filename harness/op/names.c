// SPDX-License-Identifier: MIT
/*
 * names.c -- the tables of names.h as data.
 */
#include "op/names.h"

#define X_NAME(identifier, text, value) text,
#define X_VALUE(identifier, text, value) value,
#define Y(table, list)                                                                             \
	static const char *const name_of_##table[] = {list(X_NAME)};                               \
	static const uint32_t value_of_##table[] = {list(X_VALUE)};                                \
	const struct op_names names_##table = {#table, name_of_##table, value_of_##table,          \
					       ARRAY_SIZE(name_of_##table)};
NAMES_TABLES(Y)
#undef Y

static const char *const name_of_addr_kind[ADDR_KINDS] = {
	[ADDR_AUTO] = "auto",   [ADDR_RAW] = "raw",     [ADDR_SELF] = "self",
	[ADDR_RING] = "ring",   [ADDR_BUF] = "buf",     [ADDR_BAR] = "bar",
	[ADDR_DCBAA] = "dcbaa", [ADDR_CTX] = "ctx",     [ADDR_INPUT] = "input",
	[ADDR_ERST] = "erst",   [ADDR_EVENT] = "event", [ADDR_COMMAND] = "command",
};

const struct op_names names_addr_kind = {"addr_kind", name_of_addr_kind, NULL, ADDR_KINDS};

/* Zero is the polite choice, so normal and reserved change places. */
#define TRB_ROW(value) ((value) < 2 ? 1 - (value) : (value))

static const char *const name_of_trb_type[64] = {
#define X(name, value, text) [TRB_ROW(value)] = text,
	TRB_TYPES(X)
#undef X
};

#define FOUR(n) n, n + 1, n + 2, n + 3
#define SIXTEEN(n) FOUR(n), FOUR(n + 4), FOUR(n + 8), FOUR(n + 12)

static const uint32_t value_of_trb_type[64] = {
	1, 0, 2, 3, FOUR(4), FOUR(8), FOUR(12), SIXTEEN(16), SIXTEEN(32), SIXTEEN(48),
};

const struct op_names names_trb_type = {"trb_type", name_of_trb_type, value_of_trb_type, 64};

/* clang-format off */
#define CAP(offset, size) { REG_CAPABILITY, size, XHCI_##offset, 0 }
#define OPER(offset, size) { REG_OPERATIONAL, size, XHCI_##offset, 0 }
#define PORT(offset) { REG_OPERATIONAL, 4, XHCI_PORTS + XHCI_##offset, 0x10 }
#define INTR(offset, size) { REG_RUNTIME, size, XHCI_INTR + XHCI_##offset, 0x20 }
/* clang-format on */

const struct op_reg op_reg_table[] = {
	[REG_USBSTS] = OPER(USBSTS, 4),
	[REG_USBCMD] = OPER(USBCMD, 4),
	[REG_PAGESIZE] = OPER(PAGESIZE, 4),
	[REG_DNCTRL] = OPER(DNCTRL, 4),
	[REG_CRCR] = OPER(CRCR, 8),
	[REG_DCBAAP] = OPER(DCBAAP, 8),
	[REG_CONFIG] = OPER(CONFIG, 4),
	[REG_PORTSC] = PORT(PORTSC),
	[REG_PORTPMSC] = PORT(PORTPMSC),
	[REG_PORTLI] = PORT(PORTLI),
	[REG_PORTHLPMC] = PORT(PORTHLPMC),
	[REG_MFINDEX] = {REG_RUNTIME, 4, XHCI_MFINDEX, 0},
	[REG_IMAN] = INTR(IMAN, 4),
	[REG_IMOD] = INTR(IMOD, 4),
	[REG_ERSTSZ] = INTR(ERSTSZ, 4),
	[REG_ERSTBA] = INTR(ERSTBA, 8),
	[REG_ERDP] = INTR(ERDP, 8),
	[REG_DOORBELL] = {REG_DOORBELLS, 4, 0, 4},
	[REG_CAPLENGTH] = CAP(CAPLENGTH, 1),
	[REG_HCIVERSION] = CAP(HCIVERSION, 2),
	[REG_HCSPARAMS1] = CAP(HCSPARAMS1, 4),
	[REG_HCSPARAMS2] = CAP(HCSPARAMS2, 4),
	[REG_HCSPARAMS3] = CAP(HCSPARAMS3, 4),
	[REG_HCCPARAMS1] = CAP(HCCPARAMS1, 4),
	[REG_DBOFF] = CAP(DBOFF, 4),
	[REG_RTSOFF] = CAP(RTSOFF, 4),
	[REG_HCCPARAMS2] = CAP(HCCPARAMS2, 4),
};

int op_names_find(const struct op_names *names, const char *name, size_t len)
{
	unsigned i;

	for (i = 0; i < names->count; i++) {
		if (names->name[i] && strlen(names->name[i]) == len &&
		    !memcmp(names->name[i], name, len))
			return (int)i;
	}
	return -1;
}

int op_names_find_value(const struct op_names *names, uint64_t value)
{
	unsigned i;

	for (i = 0; i < names->count; i++) {
		if ((names->value ? names->value[i] : i) == value)
			return (int)i;
	}
	return -1;
}

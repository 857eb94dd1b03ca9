// SPDX-License-Identifier: MIT
#include "usb/magic.h"

bool usb_magic_check(const uint8_t *data, size_t len)
{
	if (len < 4 || data[0] != 'U')
		return false;
	return data[1] == 'S' && data[2] == 'B' && data[3] == '?';
}

// SPDX-License-Identifier: MIT
/*
 * desc_bytes.h -- writing descriptors down as bytes (USB2 9.6, USB3 9.6).
 */
#ifndef DEV_DESC_BYTES_H
#define DEV_DESC_BYTES_H

#define LE16(v) (v) & 0xff, (v) >> 8

/* Vendor 1209 (pid.codes), products 0001..000f: for private testing. Strings 1, 2, 3. */
#define DEVICE_DESC(usb, ep0_size, product)                                                        \
	18, 1, LE16(usb), 0, 0, 0, ep0_size, LE16(0x1209), LE16(product), LE16(0x0100), 1, 2, 3, 1

#define QUALIFIER_DESC 10, 6, LE16(0x0200), 0, 0, 0, 64, 1, 0

#define CONFIG_DESC(total, interfaces, attributes, max_power)                                      \
	9, 2, LE16(total), interfaces, 1, 0, attributes, max_power

#define INTERFACE_DESC(number, alternate, endpoints, class, subclass, protocol)                    \
	9, 4, number, alternate, endpoints, class, subclass, protocol, 0

#define ENDPOINT_DESC(address, attributes, max_packet, interval)                                   \
	7, 5, address, attributes, LE16(max_packet), interval

#define COMPANION_DESC(burst, attributes, interval_bytes)                                          \
	6, 0x30, burst, attributes, LE16(interval_bytes)

/* USB3 9.6.4: count interfaces from first on are one function. */
#define IAD_DESC(first, count, class, subclass, protocol)                                          \
	8, 11, first, count, class, subclass, protocol, 0

/* CDC 1.2, 5.2.3, PSTN 1.2 5.3: functional descriptors. */
#define CDC_HEADER_DESC 5, 0x24, 0x00, LE16(0x0120)
#define CDC_CALL_DESC(capabilities, data_interface) 5, 0x24, 0x01, capabilities, data_interface
#define CDC_ACM_DESC(capabilities) 4, 0x24, 0x02, capabilities
#define CDC_UNION_DESC(control_interface, data_interface)                                          \
	5, 0x24, 0x06, control_interface, data_interface

/* HID 1.11, 6.2.1: no country, one class descriptor: report. */
#define HID_DESC(report_len) 9, 0x21, LE16(0x0111), 0, 1, 0x22, LE16(report_len)

/* Device capabilities (USB3 9.6.2): LPM; U1 exit 10 us, U2 exit 2047 us, works from full speed on;
 * 16 bytes by which a container with several devices is known. */
/* clang-format off */
#define USB2_EXTENSION_CAP 7, 16, 2, 0x02, 0, 0, 0
#define SUPERSPEED_CAP 10, 16, 3, 0, LE16(0x000e), 1, 10, LE16(2047)
#define CONTAINER_CAP(product)                                                                     \
	20, 16, 4, 0, 0x75, 0x73, 0x62, 0x2d, 0x67, 0x61, 0x75, 0x6e, 0x74, 0x6c, 0x65, 0x74,      \
	LE16(0x1209), LE16(product)
/* clang-format on */

/* BOS with USB 2.0 extension and SuperSpeed capability: 5 + 7 + 10 bytes. */
#define BOS_DESC 5, 15, LE16(22), 2, USB2_EXTENSION_CAP, SUPERSPEED_CAP

/* Strings: index 0 (English), then vendor. */
#define LANGUAGE_STRING 4, 3, LE16(0x0409)
#define VENDOR_STRING                                                                              \
	2 + 2 * 12, 3, 'u', 0, 's', 0, 'b', 0, '-', 0, 'g', 0, 'a', 0, 'u', 0, 'n', 0, 't', 0,     \
		'l', 0, 'e', 0, 't', 0

#endif

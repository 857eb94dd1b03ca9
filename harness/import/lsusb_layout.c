// SPDX-License-Identifier: MIT
/*
 * What the lsusb importer knows of descriptors beyond the field names: which heading opens which
 * descriptor, and the fixed place of fields in the standard ones (USB2 9.6, USB3.2 9.6), so that
 * a blanked line does not shift its neighbours. Class-specific descriptors are not listed: their
 * fields come in order and their widths follow from the names.
 */
#include <string.h>

#include "import/lsusb.h"

#define ANY 0xff

static const struct lsusb_header headers[] = {
	{"Device Descriptor:", 0x01, ANY, 18},
	{"Configuration Descriptor:", 0x02, ANY, 9},
	{"Interface Descriptor:", 0x04, ANY, 9},
	{"Endpoint Descriptor:", 0x05, ANY, 7},
	{"Device Qualifier", 0x06, ANY, 10},
	{"Interface Association:", 0x0b, ANY, 8},
	{"Binary Object Store Descriptor:", 0x0f, ANY, 5},
	{"USB 2.0 Extension Device Capability:", 0x10, 0x02, 7},
	{"SuperSpeed USB Device Capability:", 0x10, 0x03, 10},
	{"Container ID Device Capability:", 0x10, 0x04, 20},
	{"Platform Device Capability:", 0x10, 0x05, 0},
	{"SuperSpeedPlus USB Device Capability:", 0x10, 0x0a, 0},
	{"Billboard Capability:", 0x10, 0x0d, 0},
	{"Billboard Alternate Mode Capability:", 0x10, 0x0f, 8},
	{"Configuration Summary Device Capability:", 0x10, 0x10, 0},
	{"HID Device Descriptor:", 0x21, ANY, 9},
	{"ChipCard Interface Descriptor:", 0x21, ANY, 54},
	{"Device Firmware Upgrade Interface Descriptor:", 0x21, ANY, 9},
	{"IPP Printer Descriptor:", 0x21, ANY, 0},
	{"AudioControl Interface Descriptor:", 0x24, ANY, 0},
	{"AudioStreaming Interface Descriptor:", 0x24, ANY, 0},
	{"MIDIStreaming Interface Descriptor:", 0x24, ANY, 0},
	{"VideoControl Interface Descriptor:", 0x24, ANY, 0},
	{"VideoStreaming Interface Descriptor:", 0x24, ANY, 0},
	{"AudioControl Endpoint Descriptor:", 0x25, ANY, 0},
	{"AudioStreaming Endpoint Descriptor:", 0x25, ANY, 0},
	{"MIDIStreaming Endpoint Descriptor:", 0x25, ANY, 0},
	{"VideoControl Endpoint Descriptor:", 0x25, ANY, 0},
	// lsusb does not print the length, type and subtype of these (CDC 1.2 table 13).
	{"CDC Header:", 0x24, 0x00, 0},
	{"CDC Call Management:", 0x24, 0x01, 0},
	{"CDC ACM:", 0x24, 0x02, 0},
	{"CDC Union:", 0x24, 0x06, 0},
	{"Country Selection:", 0x24, 0x07, 0},
	{"CDC Telephone operations:", 0x24, 0x08, 0},
	{"Network Channel Terminal:", 0x24, 0x0a, 0},
	{"CDC Ethernet:", 0x24, 0x0f, 0},
	{"CDC WHCM:", 0x24, 0x11, 0},
	{"CDC MDLM:", 0x24, 0x12, 0},
	{"CDC MDLM detail:", 0x24, 0x13, 0},
	{"CDC Device Management:", 0x24, 0x14, 0},
	{"CDC OBEX:", 0x24, 0x15, 0},
	{"CDC Command Set:", 0x24, 0x16, 0},
	{"CDC NCM:", 0x24, 0x1a, 0},
	{"CDC MBIM:", 0x24, 0x1b, 0},
	{"CDC MBIM Extended:", 0x24, 0x1c, 0},
	{"Hub Descriptor:", 0x29, ANY, 0},
	// Known, printed by lsusb from other requests, and no part of a descriptor set: type 0.
	{"Device Status:", 0x00, ANY, 0},
	{"Debug descriptor:", 0x00, ANY, 0},
	{"OTG Descriptor:", 0x00, ANY, 0},
	{"Hub Port Status:", 0x00, ANY, 0},
	{"Report Descriptor:", 0x00, ANY, 0},
	{"Report Descriptors:", 0x00, ANY, 0},
};

const struct lsusb_header *lsusb_header_find(const struct lsusb_line *line)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (lsusb_line_starts(line, headers[i].text))
			return &headers[i];
	return NULL;
}

struct place {
	uint8_t type;
	uint8_t capability;
	uint8_t offset;
	const char *name;
};

static const struct place places[] = {
	{0x01, 0, 2, "bcdUSB"},
	{0x01, 0, 4, "bDeviceClass"},
	{0x01, 0, 5, "bDeviceSubClass"},
	{0x01, 0, 6, "bDeviceProtocol"},
	{0x01, 0, 7, "bMaxPacketSize0"},
	{0x01, 0, 8, "idVendor"},
	{0x01, 0, 10, "idProduct"},
	{0x01, 0, 12, "bcdDevice"},
	{0x01, 0, 14, "iManufacturer"},
	{0x01, 0, 15, "iProduct"},
	{0x01, 0, 16, "iSerial"},
	{0x01, 0, 16, "iSerialNumber"},
	{0x01, 0, 17, "bNumConfigurations"},
	{0x02, 0, 2, "wTotalLength"},
	{0x02, 0, 4, "bNumInterfaces"},
	{0x02, 0, 5, "bConfigurationValue"},
	{0x02, 0, 6, "iConfiguration"},
	{0x02, 0, 7, "bmAttributes"},
	{0x02, 0, 8, "MaxPower"},
	{0x02, 0, 8, "bMaxPower"},
	{0x04, 0, 2, "bInterfaceNumber"},
	{0x04, 0, 3, "bAlternateSetting"},
	{0x04, 0, 4, "bNumEndpoints"},
	{0x04, 0, 5, "bInterfaceClass"},
	{0x04, 0, 6, "bInterfaceSubClass"},
	{0x04, 0, 7, "bInterfaceProtocol"},
	{0x04, 0, 8, "iInterface"},
	{0x05, 0, 2, "bEndpointAddress"},
	{0x05, 0, 3, "bmAttributes"},
	{0x05, 0, 4, "wMaxPacketSize"},
	{0x05, 0, 6, "bInterval"},
	{0x05, 0, 7, "bRefresh"},
	{0x05, 0, 8, "bSynchAddress"},
	{0x06, 0, 2, "bcdUSB"},
	{0x06, 0, 4, "bDeviceClass"},
	{0x06, 0, 5, "bDeviceSubClass"},
	{0x06, 0, 6, "bDeviceProtocol"},
	{0x06, 0, 7, "bMaxPacketSize0"},
	{0x06, 0, 8, "bNumConfigurations"},
	{0x0b, 0, 2, "bFirstInterface"},
	{0x0b, 0, 3, "bInterfaceCount"},
	{0x0b, 0, 4, "bFunctionClass"},
	{0x0b, 0, 5, "bFunctionSubClass"},
	{0x0b, 0, 6, "bFunctionProtocol"},
	{0x0b, 0, 7, "iFunction"},
	{0x0f, 0, 2, "wTotalLength"},
	{0x0f, 0, 4, "bNumDeviceCaps"},
	{0x10, 0x02, 3, "bmAttributes"},
	{0x10, 0x03, 3, "bmAttributes"},
	{0x10, 0x03, 4, "wSpeedsSupported"},
	{0x10, 0x03, 6, "bFunctionalitySupport"},
	{0x10, 0x03, 7, "bU1DevExitLat"},
	{0x10, 0x03, 8, "bU2DevExitLat"},
	{0x10, 0x04, 4, "ContainerID"},
	{0x10, 0x05, 4, "PlatformCapabilityUUID"},
	// lsusb leaves out the two reserved fields of SuperSpeedPlus (USB3.2 table 9-19) ...
	{0x10, 0x0a, 4, "bmAttributes"},
	{0x10, 0x0a, 8, "wFunctionalitySupport"},
	// ... and the bitmap of Billboard (Billboard 1.2.2 table 3-2).
	{0x10, 0x0d, 3, "iAdditionalInfoURL"},
	{0x10, 0x0d, 4, "bNumberOfAlternateModes"},
	{0x10, 0x0d, 5, "bPreferredAlternateMode"},
	{0x10, 0x0d, 6, "VCONN Power"},
	{0x10, 0x0d, 40, "bcdVersion"},
	{0x10, 0x0d, 42, "bAdditionalFailureInfo"},
	{0x10, 0x0d, 43, "bReserved"},
	{0x30, 0, 2, "bMaxBurst"},
	{0x30, 0, 3, "MaxStreams"},
	{0x30, 0, 3, "Mult"},
	{0x30, 0, 4, "wBytesPerInterval"},
};

// Where a field of this name goes in this block: its fixed place, or after the previous field.
unsigned lsusb_layout_offset(const struct lsusb_block *block, const char *name)
{
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		const struct place *place = &places[i];

		if (place->type == block->type && !strcmp(place->name, name) &&
		    (place->type != 0x10 || place->capability == block->capability))
			return place->offset;
	}
	// The first sublink attribute comes after two reserved bytes.
	if (block->type == 0x10 && block->capability == 0x0a && block->fill == 10)
		return 12;
	return block->fill;
}

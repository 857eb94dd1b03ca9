// SPDX-License-Identifier: MIT
/*
 * desc_name.c -- names for numbers in descriptors: USB-IF class codes and the subtypes of the
 * class descriptors that devices carry in their configurations (HID 1.11, CDC 1.2, Audio 1.0,
 * Video 1.5, CCID 1.1, UAS, DFU 1.1). Only names: no field of these is decoded.
 */
#include "usb/desc_name.h"

struct name {
	uint8_t number;
	const char *text;
};

#define FIND(table, number) find_name(table, ARRAY_SIZE(table), number)

static const char *find_name(const struct name *table, size_t n, uint8_t number)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].number == number)
			return table[i].text;
	return "";
}

const char *usb_desc_class_name(uint8_t class)
{
	static const struct name names[] = {
		{0x00, "(by interface)"},
		{0x01, "Audio"},
		{0x02, "Communications"},
		{0x03, "Human Interface Device"},
		{0x05, "Physical"},
		{0x06, "Imaging"},
		{0x07, "Printer"},
		{0x08, "Mass Storage"},
		{0x09, "Hub"},
		{0x0a, "CDC Data"},
		{0x0b, "Smart Card"},
		{0x0d, "Content Security"},
		{0x0e, "Video"},
		{0x0f, "Personal Healthcare"},
		{0x10, "Audio/Video"},
		{0x11, "Billboard"},
		{0xdc, "Diagnostic"},
		{0xe0, "Wireless"},
		{0xef, "Miscellaneous"},
		{0xfe, "Application Specific"},
		{0xff, "Vendor Specific"},
	};

	return FIND(names, class);
}

const char *usb_desc_type_name(uint8_t type)
{
	static const struct name names[] = {
		{USB_DT_DEVICE, "Device"},
		{USB_DT_CONFIG, "Configuration"},
		{USB_DT_STRING, "String"},
		{USB_DT_INTERFACE, "Interface"},
		{USB_DT_ENDPOINT, "Endpoint"},
		{USB_DT_QUALIFIER, "Device Qualifier"},
		{USB_DT_OTHER_SPEED, "Other Speed Configuration"},
		{USB_DT_OTG, "OTG"},
		{USB_DT_DEBUG, "Debug"},
		{USB_DT_IAD, "Interface Association"},
		{USB_DT_BOS, "Binary Object Store"},
		{USB_DT_CAPABILITY, "Device Capability"},
		{USB_DT_HUB, "Hub"},
		{USB_DT_SS_HUB, "SuperSpeed Hub"},
		{USB_DT_COMPANION, "SuperSpeed Endpoint Companion"},
		{USB_DT_SSP_COMPANION, "SuperSpeedPlus Isochronous Endpoint Companion"},
	};

	return FIND(names, type);
}

const char *usb_desc_transfer_name(uint8_t attributes)
{
	static const char *const names[] = {"Control", "Isochronous", "Bulk", "Interrupt"};

	return names[attributes & 3];
}

const char *usb_desc_capability_name(uint8_t capability)
{
	static const struct name names[] = {
		{1, "Wireless USB"},
		{2, "USB 2.0 Extension"},
		{3, "SuperSpeed USB"},
		{4, "Container ID"},
		{5, "Platform"},
		{6, "Power Delivery"},
		{7, "Battery Info"},
		{8, "PD Consumer Port"},
		{9, "PD Provider Port"},
		{10, "SuperSpeedPlus USB"},
		{11, "Precision Time Measurement"},
		{13, "Billboard"},
		{14, "Authentication"},
		{15, "Billboard Alternate Mode"},
		{16, "Configuration Summary"},
	};

	return FIND(names, capability);
}

static const char *communications_name(uint8_t subtype)
{
	static const struct name names[] = {
		{0x00, "CDC Header"},        {0x01, "CDC Call Management"},
		{0x02, "CDC ACM"},           {0x06, "CDC Union"},
		{0x07, "CDC Country"},       {0x0f, "CDC Ethernet"},
		{0x11, "CDC WHCM"},          {0x12, "CDC MDLM"},
		{0x13, "CDC MDLM Detail"},   {0x15, "CDC OBEX"},
		{0x1a, "CDC NCM"},           {0x1b, "CDC MBIM"},
		{0x1c, "CDC MBIM Extended"},
	};

	return FIND(names, subtype);
}

static const char *audio_control_name(uint8_t subtype)
{
	static const struct name names[] = {
		{1, "AudioControl Header"},
		{2, "AudioControl Input Terminal"},
		{3, "AudioControl Output Terminal"},
		{4, "AudioControl Mixer Unit"},
		{5, "AudioControl Selector Unit"},
		{6, "AudioControl Feature Unit"},
		{7, "AudioControl Processing/Effect Unit"},
		{8, "AudioControl Extension/Processing Unit"},
		{9, "AudioControl Extension Unit"},
		{10, "AudioControl Clock Source"},
		{11, "AudioControl Clock Selector"},
		{12, "AudioControl Clock Multiplier"},
	};

	return FIND(names, subtype);
}

static const char *audio_name(uint8_t subclass, uint8_t subtype)
{
	static const struct name streaming[] = {
		{1, "AudioStreaming General"},
		{2, "AudioStreaming Format Type"},
		{3, "AudioStreaming Format Specific"},
	};
	static const struct name midi[] = {
		{1, "MIDIStreaming Header"},
		{2, "MIDIStreaming In Jack"},
		{3, "MIDIStreaming Out Jack"},
		{4, "MIDIStreaming Element"},
	};

	switch (subclass) {
	case 1:
		return audio_control_name(subtype);
	case 2:
		return FIND(streaming, subtype);
	case 3:
		return FIND(midi, subtype);
	default:
		return "";
	}
}

static const char *video_name(uint8_t subclass, uint8_t subtype)
{
	static const struct name control[] = {
		{1, "VideoControl Header"},          {2, "VideoControl Input Terminal"},
		{3, "VideoControl Output Terminal"}, {4, "VideoControl Selector Unit"},
		{5, "VideoControl Processing Unit"}, {6, "VideoControl Extension Unit"},
		{7, "VideoControl Encoding Unit"},
	};
	static const struct name streaming[] = {
		{1, "VideoStreaming Input Header"},
		{2, "VideoStreaming Output Header"},
		{3, "VideoStreaming Still Image Frame"},
		{4, "VideoStreaming Uncompressed Format"},
		{5, "VideoStreaming Uncompressed Frame"},
		{6, "VideoStreaming MJPEG Format"},
		{7, "VideoStreaming MJPEG Frame"},
		{10, "VideoStreaming MPEG2-TS Format"},
		{12, "VideoStreaming DV Format"},
		{13, "VideoStreaming Color Matching"},
		{16, "VideoStreaming Frame-Based Format"},
		{17, "VideoStreaming Frame-Based Frame"},
		{18, "VideoStreaming Stream-Based Format"},
		{19, "VideoStreaming H.264 Format"},
		{20, "VideoStreaming H.264 Frame"},
	};

	if (subclass == 1)
		return FIND(control, subtype);
	return subclass == 2 ? FIND(streaming, subtype) : "";
}

static const char *type_21_name(const struct usb_desc_alternate *a)
{
	if (a->class == 0x03)
		return "HID";
	if (a->class == 0x0b)
		return "CCID";
	return a->class == 0xfe && a->subclass == 1 ? "DFU Functional" : "";
}

const char *usb_desc_extra_name(const struct usb_desc_node *node,
				const struct usb_desc_alternate *a)
{
	uint8_t subtype = node->length > 2 ? node->bytes[2] : 0;

	if (!a || node->type < 0x20 || node->type == USB_DT_COMPANION)
		return usb_desc_type_name(node->type);
	if (node->type == USB_DT_HID)
		return type_21_name(a);
	if (a->class == 0x08 && a->protocol == 0x62 && node->type == USB_DT_PIPE_USAGE)
		return "UAS Pipe Usage";
	if (node->type == USB_DT_CS_ENDPOINT)
		return a->class == 0x01    ? "Audio Endpoint"
			: a->class == 0x0e ? "Video Endpoint"
					   : "Class Endpoint";
	if (node->type != USB_DT_CS_INTERFACE)
		return "";
	switch (a->class) {
	case 0x01:
		return audio_name(a->subclass, subtype);
	case 0x02:
	case 0x0a:
		return communications_name(subtype);
	case 0x0e:
		return video_name(a->subclass, subtype);
	default:
		return "";
	}
}

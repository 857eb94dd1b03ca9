// SPDX-License-Identifier: MIT
/*
 * Fields of each kind of descriptor, as lsusb prints them for real devices.
 */
#include "import/lsusb_check.h"

static void a_superspeed_companion_is_rebuilt(void **state)
{
	static const char text[] = DEVICE("3.10") CONFIG(
		"0x002e") "Interface Descriptor:\nbLength 9\nbDescriptorType 4\nbInterfaceNumber 0\n"
			  "bAlternateSetting 1\nbNumEndpoints 2\nbInterfaceClass 8 Mass Storage\n"
			  "bInterfaceSubClass 6 SCSI\nbInterfaceProtocol 98\niInterface 0\n"
			  "Endpoint Descriptor:\nbLength 7\nbDescriptorType 5\nbEndpointAddress 0x81  EP 1 IN\n"
			  "bmAttributes 2\nwMaxPacketSize 0x0400  1x 1024 bytes\nbInterval 0\n"
			  "bMaxBurst              15\nMaxStreams             32\nData-in pipe (0x03)\n"
			  "Endpoint Descriptor:\nbLength 7\nbDescriptorType 5\nbEndpointAddress 0x82\n"
			  "bmAttributes 3\nwMaxPacketSize 0x0010\nbInterval 4\nbMaxBurst 1\n";
	const struct import_note note = assert_set(text, 18,
						   "090230000101008032 090400010208066200"
						   "07058102000400 06300f050000 04240300"
						   "07058203100004 063001002000");

	(void)state;
	assert_int_equal(note.guessed, 1); // bytes per interval of the interrupt endpoint
	assert_int_equal(note.totals_rewritten, 1);
}

static void power_of_superspeed_counts_in_8ma(void **state)
{
	static const char text[] = DEVICE(
		"3.00") "Configuration Descriptor:\nbLength 9\nbDescriptorType 2\nwTotalLength 9\n"
			"bNumInterfaces 0\nbConfigurationValue 1\niConfiguration 0\nbmAttributes 0x80\n"
			"MaxPower              896mA\n";

	(void)state;
	assert_complete(assert_set(text, 18, "090209000001008070"));
}

static void audio_fields_have_their_widths(void **state)
{
	static const char text[] = DEVICE("1.10") CONFIG(
		"65") "AudioControl Interface Descriptor:\nbLength 10\nbDescriptorType 36\n"
		      "bDescriptorSubtype 6 (FEATURE_UNIT)\nbUnitID 2\nbSourceID 1\nbControlSize 1\n"
		      "bmaControls( 0) 0x03\nMute Control\nbmaControls( 1) 0x00\nbmaControls( 2) 0x00\n"
		      "iFeature 0 \n"
		      "AudioStreaming Interface Descriptor:\nbLength 14\nbDescriptorType 36\n"
		      "bDescriptorSubtype 2 (FORMAT_TYPE)\nbFormatType 1 (FORMAT_TYPE_I)\nbNrChannels 2\n"
		      "bSubframeSize 2\nbBitResolution 16\nbSamFreqType 2 Discrete\ntSamFreq[ 0] 44100\n"
		      "tSamFreq[ 1] 48000\n"
		      "Endpoint Descriptor:\nbLength 9\nbDescriptorType 5\nbEndpointAddress 0x01  EP 1 OUT\n"
		      "bmAttributes 9\nwMaxPacketSize 0x00c0  1x 192 bytes\nbInterval 1\nbRefresh 0\n"
		      "bSynchAddress 131\n"
		      "AudioStreaming Endpoint Descriptor:\nbLength 7\nbDescriptorType 37\n"
		      "bDescriptorSubtype 1 (EP_GENERAL)\nbmAttributes 0x01\nSampling Frequency\n"
		      "bLockDelayUnits 1 Milliseconds\nwLockDelay 0x0001\n"
		      "AudioControl Interface Descriptor:\nbLength 16\nbDescriptorType 36\n"
		      "bDescriptorSubtype 6 (FEATURE_UNIT)\nbUnitID 10\nbSourceID 1\n"
		      "bmaControls(0) 0x0000000f\nbmaControls(1) 0x00000000\niFeature 0\n";

	(void)state;
	// The last one is UAC2, where controls are four bytes; its bLength says 16 on purpose.
	assert_int_equal(assert_set(text, 18,
				    "090241000101008032 0a240602010103000000"
				    "0e2402010202100244ac0080bb00 09050109c000010083"
				    "07250101010100 1024060a01 0f000000 00000000 00 0000")
				 .padded,
			 2);
}

static void video_controls_take_the_width_of_their_size_field(void **state)
{
	static const char text[] = DEVICE("2.00") CONFIG(
		"81") "VideoControl Interface Descriptor:\nbLength 18\nbDescriptorType 36\n"
		      "bDescriptorSubtype 2 (INPUT_TERMINAL)\nbTerminalID 1\nwTerminalType 0x0201 Camera Sensor\n"
		      "bAssocTerminal 0\niTerminal 0\nwObjectiveFocalLengthMin 0\nwObjectiveFocalLengthMax 0\n"
		      "wOcularFocalLength 0\nbControlSize 3\nbmControls 0x00020a2e\nZoom (Absolute)\n"
		      "VideoControl Interface Descriptor:\nbLength 27\nbDescriptorType 36\n"
		      "bDescriptorSubtype 6 (EXTENSION_UNIT)\nbUnitID 6\n"
		      "guidExtensionCode {23e49ed0-1178-4f31-ae52-d2fb8a8d3b48}\nbNumControl 10\nbNrPins 1\n"
		      "baSourceID( 0) 3\nbControlSize 2\nbmControls( 0) 0xff\nbmControls( 1) 0x03\n"
		      "iExtension 0\n"
		      "VideoStreaming Interface Descriptor:\nbLength 27\nbDescriptorType 36\n"
		      "bDescriptorSubtype 4 (FORMAT_UNCOMPRESSED)\nbFormatIndex 1\nbNumFrameDescriptors 19\n"
		      "guidFormat                            \n{32595559-0000-0010-8000-00aa00389b71}\n"
		      "bBitsPerPixel 16\nbDefaultFrameIndex 1\nbAspectRatioX 0\nbAspectRatioY 0\n"
		      "bmInterlaceFlags 0x00\nField pattern: Field 1 only\nbCopyProtect 0\n";

	(void)state;
	assert_complete(assert_set(text, 18,
				   "090251000101008032"
				   "1224020101020000 00000000 0000 03 2e0a02"
				   "1b240606d09ee4237811314fae52d2fb8a8d3b480a010302ff0300"
				   "1b2404011359555932000010008000 00aa00389b71 100100000000"));
}

static void old_dumps_print_guids_in_byte_order(void **state)
{
	static const char text[] = DEVICE("2.00") CONFIG(
		"27") "VideoStreaming Interface Descriptor:\nbLength 18\nbDescriptorType 36\n"
		      "guidFormat {59555932-0000-1000-8000-00aa00389b71}\n";

	(void)state;
	assert_complete(assert_set(text, 18,
				   "09021b000101008032 1224 59555932 0000 1000 8000 00aa00389b71"));
}

static void cdc_descriptors_get_the_lengths_that_are_not_printed(void **state)
{
	static const char text[] = DEVICE("2.00") CONFIG(
		"48") "CDC Header:\nbcdCDC 1.10\nCDC Call Management:\nbmCapabilities 0x00\n"
		      "bDataInterface 1\nCDC ACM:\nbmCapabilities 0x02\nline coding and serial state\n"
		      "CDC Union:\nbMasterInterface 0\nbSlaveInterface 1 2 \nCDC Ethernet:\n"
		      "iMacAddress 0 (?)\nbmEthernetStatistics 0x00000000\nwMaxSegmentSize 1514\n"
		      "wNumberMCFilters 0x0000\nbNumberPowerFilters 0\nCDC NCM:\nbcdNcmVersion 1.00\n"
		      "bmNetworkCapabilities 0x1f\n";

	(void)state;
	assert_complete(assert_set(text, 18,
				   "090230000101008032 0524001001 0524010001 04240202"
				   "062406000102 0d240f00 00000000 ea05 0000 00"
				   "06241a00011f"));
}

static void smart_card_readers_print_hex_without_a_prefix(void **state)
{
	static const char text[] = DEVICE("2.00") CONFIG(
		"63") "ChipCard Interface Descriptor:\nbLength 54\nbDescriptorType 33\n"
		      "bcdCCID 1.10  (Warning: Only accurate for version 1.0)\nnMaxSlotIndex 0\n"
		      "bVoltageSupport 7  5.0V 3.0V 1.8V\ndwProtocols 3  T=0 T=1\ndwDefaultClock 4800\n"
		      "dwMaxiumumClock 8000\nbNumClockSupported 4\ndwDataRate 10752 bps\n"
		      "dwMaxDataRate 412903 bps\nbNumDataRatesSupp. 96\ndwMaxIFSD 254\n"
		      "dwSyncProtocols 00000007  2-wire 3-wire I2C\ndwMechanical 00000000\n"
		      "dwFeatures 000407B8\nAuto voltage selection\ndwMaxCCIDMsgLen 271\n"
		      "bClassGetResponse echo\nbClassEnvelope echo\nwlcdLayout none\n"
		      "bPINSupport 3  verification modification\nbMaxCCIDBusySlots 1\n";

	(void)state;
	assert_complete(assert_set(text, 18,
				   "09023f000101008032 36211001000703000000c0120000401f0000"
				   "04002a0000e74c060060fe0000000700000000000000b80704000f010000"
				   "ffff0000 0301"));
}

static void capabilities_go_behind_the_configurations(void **state)
{
	static const char text[] = DEVICE("3.20") CONFIG(
		"9") "Binary Object Store Descriptor:\nbLength 5\nbDescriptorType 15\nwTotalLength 0x0016\n"
		     "bNumDeviceCaps 4\n"
		     "USB 2.0 Extension Device Capability:\nbLength 7\nbDescriptorType 16\n"
		     "bDevCapabilityType 2\nbmAttributes   0x0000f41e\nBESL Link Power Management (LPM)\n"
		     "SuperSpeed USB Device Capability:\nbLength 10\nbDescriptorType 16\n"
		     "bDevCapabilityType 3\nbmAttributes 0x00\nwSpeedsSupported 0x000e\n"
		     "bFunctionalitySupport 1\nbU1DevExitLat 10 micro seconds\n"
		     "bU2DevExitLat 2047 micro seconds\n"
		     "Container ID Device Capability:\nbLength 20\nbDescriptorType 16\n"
		     "bDevCapabilityType 4\nbReserved 0\n"
		     "ContainerID {deadbeef-dead-beef-dead-beefdeadbeef}\n"
		     "SuperSpeedPlus USB Device Capability:\nbLength 20\nbDescriptorType 16\n"
		     "bDevCapabilityType 10\nbmAttributes 0x00000001\nwFunctionalitySupport 0x1100\n"
		     "bmSublinkSpeedAttr[0] 0x000a4030\nbmSublinkSpeedAttr[1] 0x000a40b0\n";
	const struct import_note note =
		assert_set(text, 27,
			   "050f3e0004 0710021ef40000 0a100300 0e00010aff07"
			   "14100400 00112233445566778899aabbccddeeff" // no unit's own id
			   "14100a00 01000000 00110000 30400a00 b0400a00");

	(void)state;
	assert_int_equal(note.totals_rewritten, 1);
}

static void a_billboard_keeps_its_mode_bits(void **state)
{
	static const char text[] = DEVICE("2.01") CONFIG(
		"9") "Binary Object Store Descriptor:\nbLength 5\nbDescriptorType 15\nwTotalLength 57\n"
		     "bNumDeviceCaps 1\nBillboard Capability:\nbLength 52\nbDescriptorType 16\n"
		     "bDevCapabilityType 13\niAddtionalInfoURL 0 \nbNumberOfAlternateModes 2\n"
		     "bPreferredAlternateMode 0\nVCONN Power 32768 1W\nbcdVersion 1.10\n"
		     "bAdditionalFailureInfo 0\nbReserved 0\nAlternate Modes supported by Device Container:\n"
		     "Alternate Mode 0 : Alternate Mode configuration successful\nwSVID[0] 0xFF01\n"
		     "bAlternateMode[0] 0\niAlternateModeString[0] 0 \n"
		     "Alternate Mode 1 : Alternate Mode configuration not attempted\nwSVID[1] 0x8087\n"
		     "bAlternateMode[1] 1\niAlternateModeString[1] 0 \n";

	(void)state;
	assert_complete(
		assert_set(text, 27,
			   "050f390001 34100d0002000080"
			   "07000000000000000000000000000000000000000000000000000000000000 00"
			   "10010000 01ff0000 87800100"));
}

static void a_superspeed_hub_follows_its_bos(void **state)
{
	static const char text[] = DEVICE("3.00") CONFIG(
		"9") "Hub Descriptor:\nbLength 12\nbDescriptorType 42\nnNbrPorts 4\n"
		     "wHubCharacteristic 0x0009\nPer-port power switching\n"
		     "bPwrOn2PwrGood 50 * 2 milli seconds\nbHubContrCurrent 100 milli Ampere\n"
		     "bHubDecLat 0.4 micro seconds\nwHubDelay 4 nano seconds\nDeviceRemovable 0x00\n"
		     "Hub Port Status:\nPort 1: 0000.02a0 lowspeed L1\nbLength 77\n"
		     "Binary Object Store Descriptor:\nbLength 5\nbDescriptorType 15\nwTotalLength 5\n"
		     "bNumDeviceCaps 0\nDevice Status: 0x0001\nbLength 3\n";

	(void)state;
	assert_complete(assert_set(text, 27, "050f050000 0c2a0409003219040400 0000"));
}

static void strings_are_kept_in_index_order_without_serial_numbers(void **state)
{
	static const char text[] =
		"Device Descriptor:\nbLength 18\nbDescriptorType 1\niManufacturer 1 A\xc3\xa9\xe2\x82\xac\n"
		"iProduct 4 \xf0\x9f\x98\x80\niSerial 3 S3CR3T\nbNumConfigurations 0\n"
		"Configuration Descriptor:\nbLength 9\nbDescriptorType 2\nwTotalLength 9\n"
		"iConfiguration 2 (error)\n";

	(void)state;
	assert_set(text, 27,
		   "04030904 08034100e900ac20 0203"
		   "1a03300031003200330034003500360037003800390041004200 06033dd800de");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_superspeed_companion_is_rebuilt),
		cmocka_unit_test(power_of_superspeed_counts_in_8ma),
		cmocka_unit_test(audio_fields_have_their_widths),
		cmocka_unit_test(video_controls_take_the_width_of_their_size_field),
		cmocka_unit_test(old_dumps_print_guids_in_byte_order),
		cmocka_unit_test(cdc_descriptors_get_the_lengths_that_are_not_printed),
		cmocka_unit_test(smart_card_readers_print_hex_without_a_prefix),
		cmocka_unit_test(capabilities_go_behind_the_configurations),
		cmocka_unit_test(a_billboard_keeps_its_mode_bits),
		cmocka_unit_test(a_superspeed_hub_follows_its_bos),
		cmocka_unit_test(strings_are_kept_in_index_order_without_serial_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

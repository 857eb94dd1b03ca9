// SPDX-License-Identifier: MIT
/*
 * Tests of the served device: what a polite client gets, what a rude one cannot do.
 */
#include "backend/vfio_testbed.h"

/* ---- polite -------------------------------------------------------------------------------- */

static void a_client_begins_with_its_version_and_gets_ours(void **state)
{
	struct bed *bed = *state;
	uint8_t body[200] = {0xff};
	uint32_t len;

	assert_int_equal(bed_ask_files(bed, VFIO_VERSION, "\0\0\1\0{}", 7, NULL, 0, body,
				       sizeof(body), &len),
			 0);
	assert_int_equal(get_le32(body), 0);
	assert_true(len < sizeof(body) && body[len - 1] == '\0');
	assert_non_null(strstr((char *)body + VFIO_VERSION_BYTES, "\"max_msg_fds\":16"));
	assert_int_equal(bed->complaints, 0);
}

static void the_device_says_what_it_is(void **state)
{
	struct bed *bed = *state;
	uint8_t body[VFIO_REGION_INFO_BYTES] = {0};

	assert_int_equal(
		bed_ask_files(bed, VFIO_GET_INFO, body, 16, NULL, 0, body, sizeof(body), NULL), 0);
	assert_int_equal(get_le32(body + 4), 3);
	assert_int_equal(get_le32(body + 8), 9);
	assert_int_equal(get_le32(body + 12), 5);
	for (unsigned i = 0; i < 10; i++) {
		memset(body, 0, sizeof(body));
		put_le32(body + 8, i);
		assert_int_equal(bed_ask_files(bed, VFIO_GET_REGION_INFO, body, sizeof(body), NULL,
					       0, body, sizeof(body), NULL),
				 i < 9 ? 0 : EINVAL);
		if (i < 9)
			assert_int_equal(get_le64(body + 16), i == 0 ? 0x4000 : i == 7 ? 256 : 0);
	}
	for (unsigned i = 0; i < 6; i++) {
		static const unsigned vectors[] = {1, 16, 16, 1, 1};

		put_le32(body + 8, i);
		assert_int_equal(bed_ask_files(bed, VFIO_GET_IRQ_INFO, body, 16, NULL, 0, body,
					       sizeof(body), NULL),
				 i < 5 ? 0 : EINVAL);
		if (i < 5)
			assert_int_equal(get_le32(body + 12), vectors[i]);
	}
}

static void registers_and_configuration_space_are_read_and_written(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(bed_read(bed, VFIO_REGION_CONFIG, 0, 4), 0x01941033);
	assert_int_equal(bed_read(bed, VFIO_REGION_CONFIG, 9, 2), 0x0330);
	assert_int_equal(bed_read(bed, VFIO_REGION_BAR0, 0, 1), 0xff); /* memory is off */
	bed_write(bed, VFIO_REGION_CONFIG, PCI_REG_COMMAND, 0x106, 2);
	assert_int_equal(bed_read(bed, VFIO_REGION_CONFIG, PCI_REG_COMMAND, 2), 0x106);
	assert_int_equal(bed_read(bed, VFIO_REGION_BAR0, 0, 1), 0x40); /* CAPLENGTH */
	bed_write(bed, VFIO_REGION_BAR0, 0x40 + XHCI_CONFIG, 5, 4);
	assert_int_equal(bed_read(bed, VFIO_REGION_BAR0, 0x40 + XHCI_CONFIG, 4), 5);
}

static void all_of_configuration_space_is_read_at_once(void **state)
{
	struct bed *bed = *state;
	uint8_t body[VFIO_ACCESS_BYTES + 256] = {0};
	uint32_t len;

	put_le32(body + 8, VFIO_REGION_CONFIG);
	put_le32(body + 12, 256);
	assert_int_equal(bed_ask_files(bed, VFIO_REGION_READ, body, VFIO_ACCESS_BYTES, NULL, 0,
				       body, sizeof(body), &len),
			 0);
	assert_int_equal(len, sizeof(body));
	assert_memory_equal(body + VFIO_ACCESS_BYTES, bed->m.guest.pci.config, 256);
}

static void several_writes_in_one_message_are_done_in_order(void **state)
{
	struct bed *bed = *state;
	uint8_t body[8 + 3 * 24] = {0};

	bed_write(bed, VFIO_REGION_CONFIG, PCI_REG_COMMAND, PCI_COMMAND_MSE, 2);
	put_le64(body, 3);
	for (unsigned i = 0; i < 3; i++) {
		put_le64(body + 8 + 24 * i, 0x40 + XHCI_CONFIG);
		put_le32(body + 8 + 24 * i + 12, i == 1 ? 9 : 4); /* the second is nonsense */
		put_le64(body + 8 + 24 * i + 16, i + 1);
	}
	bed_send(bed, VFIO_REGION_WRITE_MULTI, VFIO_FLAG_NO_REPLY, body, sizeof(body), NULL, 0);
	assert_int_equal(bed_read(bed, VFIO_REGION_BAR0, 0x40 + XHCI_CONFIG, 4), 3);
	assert_int_equal(bed->complaints, 1);
	put_le64(body, UINT64_MAX / 24 + 2);
	assert_int_equal(bed_ask(bed, VFIO_REGION_WRITE_MULTI, body, sizeof(body)), EINVAL);
}

static void reset_brings_back_power_on_and_keeps_what_is_plugged(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(
		machine_plug(&bed->m, machine_port(&bed->m, 1, 0), DEV_KEYBOARD, USB_SPEED_NONE),
		0);
	bed_write(bed, VFIO_REGION_CONFIG, PCI_REG_COMMAND, PCI_COMMAND_MSE, 2);
	bed_write(bed, VFIO_REGION_BAR0, 0x40 + XHCI_CONFIG, 5, 4);
	assert_int_equal(bed_ask(bed, VFIO_DEVICE_RESET, NULL, 0), 0);
	assert_int_equal(bed_read(bed, VFIO_REGION_CONFIG, PCI_REG_COMMAND, 2), 0);
	assert_int_equal(bed->m.xhci->config, 0);
	assert_int_equal(machine_model(&bed->m, 1), DEV_KEYBOARD);
}

static void a_new_client_finds_the_device_as_after_power_on(void **state)
{
	struct bed *bed = *state;
	int fd = bed_memory(4096, true), event = bed_eventfd();

	bed_write(bed, VFIO_REGION_CONFIG, PCI_REG_COMMAND, 6, 2);
	assert_int_equal(bed_map(bed, 0, 4096, 3, fd, 0), 0);
	assert_int_equal(bed_set_irqs(bed, 0x24, VFIO_IRQ_MSIX, 0, 1, &event, 1), 0);
	vfio_socket_close(&bed->client);
	bed_serve(bed);
	assert_false(vfio_user_is_connected(&bed->user));
	assert_int_equal(bed->complaints, 0);
	assert_int_equal(bed->user.dma.count, 0);
	vfio_irq_raise(&bed->user.irq, VFIO_IRQ_MSIX, 0);
	assert_int_equal(bed_fired(event), 0);
	bed_connect(bed);
	assert_int_equal(bed_greet(bed), 0);
	assert_int_equal(bed_read(bed, VFIO_REGION_CONFIG, PCI_REG_COMMAND, 2), 0);
	close(fd);
	close(event);
}

/* ---- rude ---------------------------------------------------------------------------------- */

static void assert_given_up(struct bed *bed, const char *why)
{
	bed_serve(bed);
	assert_false(vfio_user_is_connected(&bed->user));
	assert_int_equal(bed->complaints > 0, 1);
	assert_non_null(strstr(bed->last, why));
	bed_connect(bed);
	assert_int_equal(bed_greet(bed), 0);
}

static void who_does_not_begin_with_its_version_is_given_up(void **state)
{
	struct bed *bed = *state;

	bed_send(bed, VFIO_GET_INFO, 0, "0123456789abcdef", 16, NULL, 0);
	assert_given_up(bed, "version");
}

static void another_major_version_is_refused(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(bed_ask(bed, VFIO_VERSION, "\1\0\0\0{}", 7), EINVAL);
	assert_given_up(bed, "no common version");
}

static void a_second_version_is_refused(void **state)
{
	struct bed *bed = *state;

	assert_int_equal(bed_greet(bed), EINVAL);
	assert_given_up(bed, "no common version");
}

static void a_message_smaller_than_its_header_ends_the_connection(void **state)
{
	struct bed *bed = *state;
	uint8_t header[VFIO_HEADER_BYTES] = {0, 0, VFIO_GET_INFO, 0, 15};

	bed_send_bytes(bed, header, sizeof(header), NULL, 0);
	assert_given_up(bed, "impossible size");
}

static void a_message_larger_than_agreed_ends_the_connection(void **state)
{
	struct bed *bed = *state;
	uint8_t header[VFIO_HEADER_BYTES] = {0, 0, VFIO_REGION_WRITE, 0};

	put_le32(header + 4, VFIO_HEADER_BYTES + VFIO_MAX_BODY + 1);
	bed_send_bytes(bed, header, sizeof(header), NULL, 0);
	assert_given_up(bed, "impossible size");
}

static void a_client_may_die_anywhere_in_a_message(void **state)
{
	struct bed *bed = *state;
	uint8_t bytes[VFIO_HEADER_BYTES + 32] = {0, 0, VFIO_DMA_MAP, 0, VFIO_HEADER_BYTES + 32};

	for (size_t len = 1; len < sizeof(bytes); len++) {
		bed_send_bytes(bed, bytes, len, NULL, 0);
		bed_serve(bed);
		assert_true(vfio_user_is_connected(&bed->user));
		vfio_socket_close(&bed->client);
		assert_given_up(bed, "mid-message");
	}
}

static void a_message_may_come_byte_by_byte(void **state)
{
	struct bed *bed = *state;
	uint8_t bytes[VFIO_HEADER_BYTES + 16] = {7, 0, VFIO_GET_INFO, 0, VFIO_HEADER_BYTES + 16};
	struct vfio_message m;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(vfio_socket_receive(&bed->client, &m), VFIO_AGAIN);
		bed_send_bytes(bed, bytes + i, 1, NULL, 0);
		bed_serve(bed);
	}
	assert_int_equal(vfio_socket_receive(&bed->client, &m), VFIO_MESSAGE);
	assert_int_equal(m.len, VFIO_INFO_BYTES);
	vfio_message_free(&m);
}

static void every_command_refuses_a_body_that_is_too_short(void **state)
{
	static const struct {
		unsigned command, need;
	} row[] = {
		{VFIO_DMA_MAP, 32},      {VFIO_DMA_UNMAP, 24},          {VFIO_GET_REGION_INFO, 32},
		{VFIO_GET_IRQ_INFO, 16}, {VFIO_SET_IRQS, 20},           {VFIO_REGION_READ, 16},
		{VFIO_REGION_WRITE, 17}, {VFIO_REGION_WRITE_MULTI, 32},
	};
	uint8_t body[32] = {0};
	struct bed *bed = *state;

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		put_le32(body + 12, row[i].command == VFIO_REGION_WRITE);
		body[0] = row[i].command == VFIO_REGION_WRITE_MULTI;
		for (uint32_t len = 0; len < row[i].need; len++)
			assert_int_equal(bed_ask(bed, row[i].command, body, len), EINVAL);
	}
	assert_true(vfio_user_is_connected(&bed->user));
}

static void unknown_commands_are_refused_and_late_answers_ignored(void **state)
{
	struct bed *bed = *state;
	struct vfio_message m;

	for (unsigned command = 0; command < 40; command++)
		if (command == 0 || command == 6 || command == 11 || command == 12 ||
		    command == 14 || command > 15)
			assert_int_equal(bed_ask(bed, command, "x", 1), EOPNOTSUPP);
	assert_true(bed->complaints <= 8);
	bed_send(bed, VFIO_DMA_READ, VFIO_FLAG_REPLY, "late", 4, NULL, 0);
	bed_serve(bed);
	assert_int_equal(vfio_socket_receive(&bed->client, &m), VFIO_AGAIN);
	assert_true(vfio_user_is_connected(&bed->user));
}

static void accesses_outside_the_regions_are_refused(void **state)
{
	static const struct {
		uint64_t offset;
		uint32_t region, count;
	} row[] = {
		{0x4000, 0, 4}, {0x3ffd, 0, 4}, {UINT64_MAX, 0, 4}, {0, 0, 0},   {0, 0, 3},
		{0, 0, 16},     {256, 7, 1},    {255, 7, 2},        {0, 7, 257}, {0, 7, 0},
		{0, 1, 4},      {0, 8, 4},      {0, 9, 4},          {0, ~0u, 4}, {0, 7, ~0u},
	};
	uint8_t body[VFIO_ACCESS_BYTES + 300] = {0};
	struct bed *bed = *state;

	for (size_t i = 0; i < ARRAY_SIZE(row); i++) {
		put_le64(body, row[i].offset);
		put_le32(body + 8, row[i].region);
		put_le32(body + 12, row[i].count);
		assert_int_equal(bed_ask(bed, VFIO_REGION_READ, body, VFIO_ACCESS_BYTES), EINVAL);
		assert_int_equal(bed_ask(bed, VFIO_REGION_WRITE, body, sizeof(body)), EINVAL);
	}
}

static void files_that_nobody_asked_for_are_closed(void **state)
{
	struct bed *bed = *state;
	int pair[2], fd[17];

	assert_int_equal(pipe2(pair, O_NONBLOCK | O_CLOEXEC), 0);
	for (unsigned i = 0; i < ARRAY_SIZE(fd); i++)
		fd[i] = pair[1];
	assert_int_equal(bed_ask_files(bed, VFIO_DEVICE_RESET, NULL, 0, fd, 3, NULL, 0, NULL), 0);
	assert_int_equal(bed_ask_files(bed, VFIO_DMA_MAP, "x", 1, fd, 1, NULL, 0, NULL), EINVAL);
	bed_send(bed, VFIO_DEVICE_RESET, 0, NULL, 0, fd, 17);
	assert_given_up(bed, "too many files");
	close(pair[1]);
	assert_int_equal(read(pair[0], fd, 1), 0); /* no writer is left */
	close(pair[0]);
}

static void a_client_that_reads_no_answers_is_given_up(void **state)
{
	struct bed *bed = *state;
	uint8_t body[16] = {0};
	int small = 1;

	setsockopt(bed->user.socket.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	shutdown(bed->client.fd, SHUT_RD);
	bed_send(bed, VFIO_GET_INFO, 0, body, sizeof(body), NULL, 0);
	assert_given_up(bed, "connection given up");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_client_begins_with_its_version_and_gets_ours,
						bed_setup, bed_teardown),
		bed_test(the_device_says_what_it_is),
		bed_test(registers_and_configuration_space_are_read_and_written),
		bed_test(all_of_configuration_space_is_read_at_once),
		bed_test(several_writes_in_one_message_are_done_in_order),
		bed_test(reset_brings_back_power_on_and_keeps_what_is_plugged),
		bed_test(a_new_client_finds_the_device_as_after_power_on),
		cmocka_unit_test_setup_teardown(who_does_not_begin_with_its_version_is_given_up,
						bed_setup, bed_teardown),
		cmocka_unit_test_setup_teardown(another_major_version_is_refused, bed_setup,
						bed_teardown),
		bed_test(a_second_version_is_refused),
		bed_test(a_message_smaller_than_its_header_ends_the_connection),
		bed_test(a_message_larger_than_agreed_ends_the_connection),
		bed_test(a_client_may_die_anywhere_in_a_message),
		bed_test(a_message_may_come_byte_by_byte),
		bed_test(every_command_refuses_a_body_that_is_too_short),
		bed_test(unknown_commands_are_refused_and_late_answers_ignored),
		bed_test(accesses_outside_the_regions_are_refused),
		bed_test(files_that_nobody_asked_for_are_closed),
		bed_test(a_client_that_reads_no_answers_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

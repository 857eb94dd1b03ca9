// SPDX-License-Identifier: MIT
/*
 * Tests of the client's memory: maps, what is refused, and DMA by message while the client goes on.
 */
#include "backend/vfio_testbed.h"

#define RAM 0x100000u

static enum dma_result get(struct bed *bed, uint64_t addr, void *buf, size_t len)
{
	return dma_read(&bed->m.guest, (struct dma_tag){0}, addr, buf, len);
}

static enum dma_result put(struct bed *bed, uint64_t addr, const void *buf, size_t len)
{
	return dma_write(&bed->m.guest, (struct dma_tag){0}, addr, buf, len);
}

static int setup(void **state)
{
	int err = bed_setup_greeted(state);

	bed_write(*state, VFIO_REGION_CONFIG, PCI_REG_COMMAND, PCI_COMMAND_BME, 2);
	return err;
}

/* Both ways to reach a file: mapped, and by system calls. */
static void files_of_the_client_are_read_and_written(void **state)
{
	struct bed *bed = *state;
	char text[20] = {0};

	for (unsigned sealed = 0; sealed < 2; sealed++) {
		int fd = bed_memory(3 * 4096, sealed);

		assert_int_equal(pwrite(fd, "from the guest", 15, 4096), 15);
		assert_int_equal(bed_map(bed, RAM, 2 * 4096, 3, fd, 4096), 0);
		assert_int_equal(bed->user.dma.map[0].at != NULL, sealed);
		assert_int_equal(get(bed, RAM, text, 15), DMA_OK);
		assert_string_equal(text, "from the guest");
		assert_int_equal(put(bed, RAM + 8190, "ab", 2), DMA_OK);
		assert_int_equal(put(bed, RAM + 16, "sixteen bytes!!", 16), DMA_OK);
		assert_int_equal(pread(fd, text, 2, 4096 + 8190), 2);
		assert_memory_equal(text, "ab", 2);
		assert_int_equal(get(bed, RAM + 16, text, 16), DMA_OK);
		assert_string_equal(text, "sixteen bytes!!");
		assert_int_equal(bed_unmap(bed, RAM, 2 * 4096), 0);
		assert_int_equal(get(bed, RAM, text, 1), DMA_FAULT);
		close(fd);
	}
}

static void what_is_not_mapped_or_not_allowed_faults_as_a_whole(void **state)
{
	struct bed *bed = *state;
	int fd = bed_memory(4096, true);
	char two[2];

	assert_int_equal(bed_map(bed, RAM, 4096, VFIO_MAP_READ, fd, 0), 0);
	assert_int_equal(get(bed, RAM - 1, two, 2), DMA_FAULT);
	assert_int_equal(get(bed, RAM + 4095, two, 2), DMA_FAULT);
	assert_int_equal(put(bed, RAM, two, 2), DMA_FAULT);
	assert_int_equal(get(bed, RAM + 4094, two, 2), DMA_OK);
	assert_int_equal(bed_map(bed, RAM + 4096, 4096, VFIO_MAP_WRITE, -1, 0), 0);
	assert_int_equal(get(bed, RAM + 4095, two, 2), DMA_FAULT);
	assert_int_equal(bed->complaints, 0);
	close(fd);
}

static void where_maps_overlap_the_newest_counts(void **state)
{
	struct bed *bed = *state;
	int old = bed_memory(3 * 4096, true), new = bed_memory(4096, true);
	char text[3] = {0};

	assert_int_equal(pwrite(old, "a", 1, 4095), 1);
	assert_int_equal(pwrite(old, "c", 1, 2 * 4096), 1);
	assert_int_equal(pwrite(new, "b", 1, 0), 1);
	assert_int_equal(bed_map(bed, RAM, 3 * 4096, 3, old, 0), 0);
	assert_int_equal(bed_map(bed, RAM + 4096, 4096, 3, new, 0), 0);
	assert_int_equal(get(bed, RAM + 4095, text, 2), DMA_OK);
	assert_memory_equal(text, "ab", 2);
	assert_int_equal(bed_unmap(bed, RAM + 4096, 4096), 0);
	assert_int_equal(get(bed, RAM + 4095, text, 2), DMA_OK);
	assert_memory_equal(text, "a\0", 2);
	assert_int_equal(get(bed, RAM + 8192, text, 1), DMA_OK);
	assert_int_equal(text[0], 'c');
	close(old);
	close(new);
}

static void maps_that_cannot_be_are_refused(void **state)
{
	struct bed *bed = *state;
	int fd = bed_memory(8192, true), pair[2];

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(bed_map(bed, RAM, 0, 3, fd, 0), EINVAL);
	assert_int_equal(bed_map(bed, UINT64_MAX - 4095, 8192, 3, fd, 0), EINVAL);
	assert_int_equal(bed_map(bed, RAM, 8192, 3, fd, 4096), EINVAL);
	assert_int_equal(bed_map(bed, RAM, 8192, 3, fd, UINT64_MAX - 4095), EINVAL);
	assert_int_equal(bed_map(bed, RAM, 4096, 3, pair[0], 0), EINVAL);
	assert_int_equal(bed_unmap(bed, RAM, 4096), ENOENT);
	assert_int_equal(bed->user.dma.count, 0);
	close(fd);
	close(pair[0]);
	close(pair[1]);
}

static void there_is_an_end_to_the_number_of_maps(void **state)
{
	struct bed *bed = *state;

	for (unsigned i = 0; i < VFIO_MAX_MAPS; i++)
		assert_int_equal(bed_map(bed, RAM + 8192ull * i, 4096, 3, -1, 0), 0);
	assert_int_equal(bed_map(bed, 0, 4096, 3, -1, 0), ENOSPC);
	assert_int_equal(bed_unmap(bed, RAM, 8192), 0);
	assert_int_equal(bed_map(bed, 0, 4096, 3, -1, 0), 0);
	assert_int_equal(bed_unmap(bed, 0, UINT64_MAX), 0);
	assert_int_equal(bed->user.dma.count, 0);
}

static void a_file_that_becomes_shorter_is_a_fault_and_no_more(void **state)
{
	struct bed *bed = *state;
	int fd = bed_memory(8192, false);
	char byte = 1;

	assert_int_equal(bed_map(bed, RAM, 8192, 3, fd, 0), 0);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(get(bed, RAM + 4096, &byte, 1), DMA_FAULT);
	close(fd);
}

/* ---- by message ---------------------------------------------------------------------------- */

/* The client's answer to our first DMA message, ahead of the question. */
static void answer(struct bed *bed, unsigned command, uint32_t flags, uint64_t addr, uint64_t count,
		   const void *data, uint32_t len)
{
	uint8_t bytes[VFIO_HEADER_BYTES + VFIO_DMA_BYTES + 64] = {0};
	uint32_t size = VFIO_HEADER_BYTES + VFIO_DMA_BYTES + len;

	put_le16(bytes, (uint16_t)bed->user.next_id);
	put_le16(bytes + 2, (uint16_t)command);
	put_le32(bytes + 4, size);
	put_le32(bytes + 8, VFIO_FLAG_REPLY | flags);
	put_le64(bytes + VFIO_HEADER_BYTES, addr);
	put_le64(bytes + VFIO_HEADER_BYTES + 8, count);
	if (len)
		memcpy(bytes + VFIO_HEADER_BYTES + VFIO_DMA_BYTES, data, len);
	bed_send_bytes(bed, bytes, size, NULL, 0);
}

static void expect(struct bed *bed, unsigned command, uint64_t addr, const char *data, uint32_t len)
{
	struct vfio_message m;

	assert_int_equal(vfio_socket_receive(&bed->client, &m), VFIO_MESSAGE);
	assert_int_equal(m.command, command);
	assert_int_equal(m.flags, 0);
	assert_true(get_le64(m.body) == addr);
	assert_int_equal(get_le64(m.body + 8), len);
	if (data)
		assert_memory_equal(m.body + VFIO_DMA_BYTES, data, len);
	vfio_message_free(&m);
}

static void memory_without_a_file_is_reached_by_messages(void **state)
{
	struct bed *bed = *state;
	char text[6] = {0};

	assert_int_equal(bed_map(bed, RAM, 4096, 3, -1, 0), 0);
	answer(bed, VFIO_DMA_READ, 0, RAM + 5, 5, "hello", 5);
	assert_int_equal(get(bed, RAM + 5, text, 5), DMA_OK);
	assert_string_equal(text, "hello");
	expect(bed, VFIO_DMA_READ, RAM + 5, NULL, 5);
	answer(bed, VFIO_DMA_WRITE, 0, RAM, 3, NULL, 0);
	assert_int_equal(put(bed, RAM, "abc", 3), DMA_OK);
	expect(bed, VFIO_DMA_WRITE, RAM, "abc", 3);
	answer(bed, VFIO_DMA_READ, VFIO_FLAG_ERROR, RAM, 5, NULL, 0);
	assert_int_equal(get(bed, RAM, text, 5), DMA_FAULT);
	assert_true(vfio_user_is_connected(&bed->user));
}

static void while_an_answer_is_awaited_reads_are_answered_and_writes_wait(void **state)
{
	struct bed *bed = *state;
	uint8_t body[VFIO_ACCESS_BYTES + 4] = {0};
	uint64_t offset = 0x40 + XHCI_CONFIG;
	struct vfio_message m;
	char byte;

	bed_write(bed, VFIO_REGION_CONFIG, PCI_REG_COMMAND, PCI_COMMAND_BME | PCI_COMMAND_MSE, 2);
	assert_int_equal(bed_map(bed, RAM, 4096, 3, -1, 0), 0);
	put_le64(body, offset);
	put_le32(body + 12, 4);
	put_le32(body + 16, 9);
	bed_send(bed, VFIO_REGION_WRITE, VFIO_FLAG_NO_REPLY, body, sizeof(body), NULL, 0);
	bed_send(bed, VFIO_REGION_READ, 0, body, VFIO_ACCESS_BYTES, NULL, 0);
	bed_send(bed, VFIO_DEVICE_RESET, 0, NULL, 0, NULL, 0);
	answer(bed, VFIO_DMA_READ, 0, RAM, 1, "x", 1);
	assert_int_equal(get(bed, RAM, &byte, 1), DMA_OK);
	expect(bed, VFIO_DMA_READ, RAM, NULL, 1);
	assert_int_equal(vfio_socket_receive(&bed->client, &m), VFIO_MESSAGE);
	assert_int_equal(m.command, VFIO_REGION_READ);
	assert_int_equal(get_le32(m.body + VFIO_ACCESS_BYTES), 0);
	vfio_message_free(&m);
	assert_int_equal(bed->m.xhci->config, 0);
	assert_int_equal(bed->user.queue_count, 2);
	assert_int_equal(vfio_socket_receive(&bed->client, &m), VFIO_MESSAGE); /* the reset's */
	vfio_message_free(&m);
	assert_true(vfio_user_is_behind(&bed->user));
	bed_serve(bed);
	assert_false(vfio_user_is_behind(&bed->user));
	assert_false(pci_memory_enabled(&bed->m.guest));
}

static void a_client_that_dies_in_mid_dma_is_a_fault(void **state)
{
	struct bed *bed = *state;
	char byte;

	assert_int_equal(bed_map(bed, RAM, 4096, 3, -1, 0), 0);
	vfio_socket_close(&bed->client);
	assert_int_equal(get(bed, RAM, &byte, 1), DMA_FAULT);
	assert_int_equal(get(bed, RAM, &byte, 1), DMA_FAULT);
	bed_serve(bed);
	assert_false(vfio_user_is_connected(&bed->user));
}

static void an_answer_of_another_size_ends_the_connection(void **state)
{
	struct bed *bed = *state;
	char text[4];

	assert_int_equal(bed_map(bed, RAM, 4096, 3, -1, 0), 0);
	answer(bed, VFIO_DMA_READ, 0, RAM, 4, "abc", 3);
	assert_int_equal(get(bed, RAM, text, 4), DMA_FAULT);
	bed_serve(bed);
	assert_false(vfio_user_is_connected(&bed->user));
	assert_int_equal(bed->complaints, 1);
}

static void writes_without_end_while_an_answer_is_awaited_end_the_connection(void **state)
{
	struct bed *bed = *state;
	uint8_t body[8 + 200 * 24] = {0};
	char byte;

	assert_int_equal(bed_map(bed, RAM, 4096, 3, -1, 0), 0);
	put_le64(body, 200);
	for (unsigned i = 0; i < 200; i++)
		put_le32(body + 8 + 24 * i + 12, 4);
	for (unsigned i = 0; i <= VFIO_MAX_QUEUED / 200; i++)
		bed_send(bed, VFIO_REGION_WRITE_MULTI, VFIO_FLAG_NO_REPLY, body, sizeof(body), NULL,
			 0);
	assert_int_equal(get(bed, RAM, &byte, 1), DMA_FAULT);
	bed_serve(bed);
	assert_false(vfio_user_is_connected(&bed->user));
	assert_int_equal(bed->complaints, 1);
}

#define dma_test(name) cmocka_unit_test_setup_teardown(name, setup, bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		dma_test(files_of_the_client_are_read_and_written),
		dma_test(what_is_not_mapped_or_not_allowed_faults_as_a_whole),
		dma_test(where_maps_overlap_the_newest_counts),
		dma_test(maps_that_cannot_be_are_refused),
		dma_test(there_is_an_end_to_the_number_of_maps),
		dma_test(a_file_that_becomes_shorter_is_a_fault_and_no_more),
		dma_test(memory_without_a_file_is_reached_by_messages),
		dma_test(while_an_answer_is_awaited_reads_are_answered_and_writes_wait),
		dma_test(a_client_that_dies_in_mid_dma_is_a_fault),
		dma_test(an_answer_of_another_size_ends_the_connection),
		dma_test(writes_without_end_while_an_answer_is_awaited_end_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

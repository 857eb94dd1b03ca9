// SPDX-License-Identifier: MIT
/*
 * Tests of a served device's interrupts.
 */
#include "backend/vfio_testbed.h"

static void the_line_fires_once_until_it_is_unmasked(void **state)
{
	struct bed *bed = *state;
	int fd = bed_eventfd();

	assert_int_equal(bed_set_irqs(bed, 0x24, VFIO_IRQ_INTX, 0, 1, &fd, 1), 0);
	pci_set_intx(&bed->m.guest, true);
	pci_set_intx(&bed->m.guest, false);
	pci_set_intx(&bed->m.guest, true);
	assert_int_equal(bed_fired(fd), 1);
	assert_int_equal(bed_set_irqs(bed, 0x11, VFIO_IRQ_INTX, 0, 1, NULL, 0), 0);
	assert_int_equal(bed_fired(fd), 1); /* it is still up */
	pci_set_intx(&bed->m.guest, false);
	assert_int_equal(bed_set_irqs(bed, 0x11, VFIO_IRQ_INTX, 0, 1, NULL, 0), 0);
	assert_int_equal(bed_fired(fd), 0);
	pci_set_intx(&bed->m.guest, true);
	assert_int_equal(bed_fired(fd), 1);
	close(fd);
}

static void a_line_that_is_up_fires_when_the_client_comes(void **state)
{
	struct bed *bed = *state;
	int fd = bed_eventfd();

	pci_set_intx(&bed->m.guest, true);
	assert_int_equal(bed_set_irqs(bed, 0x24, VFIO_IRQ_INTX, 0, 1, &fd, 1), 0);
	assert_int_equal(bed_fired(fd), 1);
	assert_int_equal(bed_set_irqs(bed, 0x21, VFIO_IRQ_INTX, 0, 0, NULL, 0), 0);
	assert_int_equal(bed_set_irqs(bed, 0x11, VFIO_IRQ_INTX, 0, 1, NULL, 0), 0);
	assert_int_equal(bed_fired(fd), 0);
	close(fd);
}

/* The client has the MSI-X table: ours says "masked", and the vector is handed over all the same. */
static void vectors_are_handed_over_by_what_is_enabled(void **state)
{
	struct bed *bed = *state;
	int x[2] = {bed_eventfd(), bed_eventfd()}, msi = bed_eventfd();

	assert_int_equal(bed_set_irqs(bed, 0x24, VFIO_IRQ_MSIX, 3, 2, x, 2), 0);
	assert_int_equal(bed_set_irqs(bed, 0x24, VFIO_IRQ_MSI, 0, 1, &msi, 1), 0);
	assert_false(pci_notify(&bed->m.guest, 4));
	bed_write(bed, VFIO_REGION_CONFIG, 0x72, 1, 2); /* MSI on */
	assert_true(pci_notify(&bed->m.guest, 4));
	assert_int_equal(bed_fired(msi), 0); /* not a bus master */
	bed_write(bed, VFIO_REGION_CONFIG, PCI_REG_COMMAND, PCI_COMMAND_BME, 2);
	assert_true(pci_notify(&bed->m.guest, 4));
	assert_int_equal(bed_fired(msi), 1); /* one vector was given: all are this one */
	bed_write(bed, VFIO_REGION_CONFIG, 0x92, 0x8000, 2);
	assert_true(pci_notify(&bed->m.guest, 4));
	assert_true(pci_notify(&bed->m.guest, 5));
	assert_int_equal(bed_fired(x[0]), 0);
	assert_int_equal(bed_fired(x[1]), 1);
	assert_int_equal(bed_set_irqs(bed, 0x24, VFIO_IRQ_MSIX, 4, 1, NULL, 0), 0);
	assert_true(pci_notify(&bed->m.guest, 4));
	assert_int_equal(bed_fired(x[1]), 0);
	close(x[0]);
	close(x[1]);
	close(msi);
}

static void only_eventfds_are_taken(void **state)
{
	struct bed *bed = *state;
	int pair[2], fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(bed_set_irqs(bed, 0x24, VFIO_IRQ_INTX, 0, 1, &pair[1], 1), EINVAL);
	assert_int_equal(bed_set_irqs(bed, 0x24, VFIO_IRQ_INTX, 0, 1, &fd, 1), EINVAL);
	close(pair[0]);
	close(pair[1]);
	close(fd);
}

static void an_eventfd_that_is_full_does_not_stop_us(void **state)
{
	struct bed *bed = *state;
	int fd = eventfd(0, EFD_CLOEXEC);
	uint64_t full = UINT64_MAX - 1;

	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	assert_int_equal(bed_set_irqs(bed, 0x24, VFIO_IRQ_MSIX, 0, 1, &fd, 1), 0);
	vfio_irq_raise(&bed->user.irq, VFIO_IRQ_MSIX, 0);
	assert_true(vfio_user_is_connected(&bed->user));
	close(fd);
}

static void requests_that_mean_nothing_are_refused(void **state)
{
	static const struct {
		uint32_t flags, index, start, count;
		unsigned files;
	} row[] = {
		{0x24, 5, 0, 1, 1},  {0x24, ~0u, 0, 1, 1}, {0x24, 2, 16, 1, 1},
		{0x24, 2, 0, 17, 0}, {0x24, 2, ~0u, 2, 0}, {0x24, 2, 0, ~0u, 0},
		{0x24, 2, 0, 2, 1},  {0x34, 0, 0, 1, 1},   {0x27, 0, 0, 1, 1},
		{0, 0, 0, 1, 0},     {0x14, 0, 0, 1, 1},   {0x64, 0, 0, 1, 1},
		{0x22, 2, 0, 3, 0}, /* bools that are not there */
	};
	struct bed *bed = *state;
	int fd = bed_eventfd();

	for (size_t i = 0; i < ARRAY_SIZE(row); i++)
		assert_int_equal(bed_set_irqs(bed, row[i].flags, row[i].index, row[i].start,
					      row[i].count, &fd, row[i].files),
				 EINVAL);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		bed_test(the_line_fires_once_until_it_is_unmasked),
		bed_test(a_line_that_is_up_fires_when_the_client_comes),
		bed_test(vectors_are_handed_over_by_what_is_enabled),
		bed_test(only_eventfds_are_taken),
		bed_test(an_eventfd_that_is_full_does_not_stop_us),
		bed_test(requests_that_mean_nothing_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

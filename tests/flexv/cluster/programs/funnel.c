// Products through the lane funnel of all cores at once: loads of either pair that are needed at once,
// later, or by nothing, from banks that others use.

#include "flexv_cluster.h"
#include "flexv_intrinsics.h"

static FLEXV_L1 uint32_t words[512], sums[8][4];

static void work(void *data)
{
	uint32_t core = core_id(), a = 0, b = 0, c = 0, d = 0;
	(void)data;
	flexv_csr_write(CSR_SB_LEGACY, 0);
	flexv_csr_write(CSR_IVEC_FMT, 2);
	flexv_csr_write(CSR_A_STRIDE, 4);
	flexv_csr_write(CSR_A_SKIP, 2);
	flexv_csr_write(CSR_A_ROLLBACK, 36);
	flexv_csr_write(CSR_W_STRIDE, 4);
	flexv_csr_write(CSR_W_SKIP, 11);
	flexv_csr_write(CSR_W_ROLLBACK, -44);
	flexv_csr_write(CSR_MACL_A_ADDRESS, (uint32_t)(words + 16 * (core / 2)));
	flexv_csr_write(CSR_MACL_W_ADDRESS, (uint32_t)(words + 3 * core));
	for (uint32_t i = 0; i < 20; i++) {
		a = flexv_ml_f_sdotsup_a(a, 0, 0, 24);
		b = flexv_ml_f_sdotsup_b(b, 0, 0, 16);
		c = flexv_ml_f_sdotsup(c, 0, 0, 8);
		d = flexv_ml_f_sdotsup_w(d, 0, 0, 0);
		d = flexv_ml_f_sdotup_a(d, 2, 1, 24);
		c = flexv_ml_f_sdotsp_b(c, 1, 1, 16);
		a = flexv_ml_f_sdotusp_w(a, 3, 1, 8);
		b = flexv_ml_f_sdotup(b, 0, 1, 0);
	}
	flexv_csr_write(CSR_SB_LEGACY, 1);
	sums[core][0] = a;
	sums[core][1] = b;
	sums[core][2] = c;
	sums[core][3] = d;
}

int main(void)
{
	for (uint32_t i = 0; i < 512; i++) words[i] = i * 0x01234567;
	cluster_fork(work, 0);
	uint32_t all = 0;
	for (uint32_t i = 0; i < 32; i++) all = all * 31 + ((uint32_t *)sums)[i];
	return all == 0;
}

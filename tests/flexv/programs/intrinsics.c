// Instructions of the extensions from C.
#include "flexv.h"
#include "flexv_intrinsics.h"

static const uint32_t words[6] = {0x01020304, 0x11121314, 0, 0, 0, 0};

int main(void)
{
	if (flexv_dotsp_b(0x01ff0203, 0x02030405) != 2 - 3 + 8 + 15) return 1;
	if (flexv_sdotup_h(10, 0x00020003, 0x00040005) != 10 + 8 + 15) return 2;
	if (flexv_p_mac(5, 6, 7) != 47 || (int32_t)flexv_p_msu(5, 6, 7) != -37) return 3;
	flexv_csr_write(CSR_SB_LEGACY, 0);
	flexv_csr_write(CSR_IVEC_FMT, 2);
	flexv_csr_write(CSR_MACL_A_ADDRESS, (uintptr_t)words);
	flexv_csr_write(CSR_MACL_W_ADDRESS, (uintptr_t)(words + 1));
	flexv_ml_sdotsup_a(0, 0, 0);
	flexv_ml_sdotsup_w(0, 2, 0);
	uint32_t sum = flexv_ml_sdotsup(100, 2, 0);
	sum = flexv_ml_sdotsup(sum, 2, 0);
	if (sum != 100 + 2 * (0x01 * 0x11 + 0x02 * 0x12 + 0x03 * 0x13 + 0x04 * 0x14)) return 4;
	if (flexv_csr_read(CSR_NN_W2) != words[1] || flexv_csr_read(CSR_NN_A0) != words[0]) return 5;
	flexv_csr_write(CSR_SB_LEGACY, 1);
	return 0;
}

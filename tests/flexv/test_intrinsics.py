"""Macros of flexv_intrinsics.h in C, with what rd held where an instruction keeps some of it. The
expected words are worked out by hand from the CV32E40P user manual, "PULP instruction set
extension"."""

import pytest

from flexdrive_deploy.flexv.elf import load_elf
from flexdrive_deploy.flexv.firmware import build_program
from flexdrive_sim.flexv.drive.run_iss import run_iss

pytestmark = pytest.mark.slow

# With d = 0x44332211, a = 0xddccbbaa, b = 0x88776655.
_WORDS = {
    "flexv_shuffle2_b(d, a, 0x07000205)": 0xDD1133BB,
    "flexv_shuffle2_h(d, a, 0x00010002)": 0x4433BBAA,
    "flexv_shuffle_b(a, 0x00010203)": 0xAABBCCDD,
    "flexv_pack(a, b)": 0xBBAA6655,
    "flexv_packhi_b(d, a, b)": 0xAA552211,
    "flexv_packlo_b(d, a, b)": 0x4433AA55,
    # 8 bits at 4: (8 - 1) << 5 | 4.
    "flexv_p_insertr(d, a, 0xe4)": 0x44332AA1,
    "flexv_p_mac(d, 3, 5)": 0x44332220,
    "flexv_p_msu(d, 3, 5)": 0x44332202,
}


@pytest.mark.parametrize("optimise", ["0", "2"])
def test_what_rd_held_is_an_operand(tmp_path, optimise):
    (tmp_path / "words.c").write_text("\n".join([
        "#include <stdio.h>", '#include "flexv_intrinsics.h"',
        "volatile uint32_t words[] = {0x44332211, 0xddccbbaa, 0x88776655};",
        "int main(void) {", "uint32_t d = words[0], a = words[1], b = words[2];",
        *(f'printf("%08x\\n", (unsigned){call});' for call in _WORDS),
        'printf("%08x\\n", (unsigned)d); }']))
    outcome = run_iss(load_elf(build_program([tmp_path / "words.c"], tmp_path / "words.elf",
                                             optimise=optimise)))
    assert outcome.passed, outcome.verdict
    got = dict(zip([*_WORDS, "d"], outcome.console.decode().split(), strict=True))
    assert got == {call: f"{word:08x}" for call, word in (_WORDS | {"d": 0x44332211}).items()}

"""The core against the simulator, instruction by instruction, on random programs."""

import pytest

from flexdrive.errors import ConfigurationError
from flexdrive.flexv.core import CoreConfig
from flexdrive.flexv.isa import EXTENSIONS, OPTIONAL
from flexdrive_sim.bench.flexv_loop import measure, measure_epilogue
from flexdrive_sim.flexv.kernels.epilogue import EpilogueKernel
from flexdrive_sim.flexv.kernels.loop import LoopKernel
from flexdrive_sim.flexv.verify.random_check import check_random

from .cores import built_core, full_core


@pytest.mark.parametrize("seed", [
    *range(6), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(6, 24))])
def test_random_program(core, seed):
    lockstep = check_random(core, seed, 10_000)
    assert lockstep.checked >= 10_000
    assert lockstep.traps > 0
    assert bool(lockstep.interrupts) == (seed % 2 == 1)


@pytest.mark.slow
# Without a multiplier, a divider, a third read port; without the second write port; with both.
# The others' parts are those of these, and of the whole core.
@pytest.mark.parametrize("extensions", [
    ("i", "zicsr"), ("i", "zicsr", "dot", "macload"), *(
        pytest.param(more, marks=pytest.mark.thorough) for more in (
            ("i", "zicsr", "zifencei", "m"), ("i", "zicsr", "m", "xpulp_mac"),
            ("i", "zicsr", "xpulp_memory", "xpulp_loop")))],
    ids=" ".join)
def test_random_programs_of_small_cores(extensions):
    built = built_core(extensions)
    for seed in range(4):
        assert check_random(built, seed, 10_000, extensions).checked >= 10_000


@pytest.mark.slow
# A core with both write ports of the register file and all options, and one with a single port.
@pytest.mark.parametrize(("extensions", "build"), [
    (EXTENSIONS + OPTIONAL, full_core),
    (("i", "zicsr", "m"), lambda: built_core(("i", "zicsr", "m"), registers="ram"))],
    ids=("all", "i zicsr m"))
def test_random_programs_with_registers_in_ram(extensions, build):
    built = build()
    for seed in range(4):
        assert check_random(built, seed, 10_000, extensions).checked >= 10_000


# Cycles of the loop of a 4 x 4 tile: five preloads, four of set-up, one per dot product, one of
# the counter.
@pytest.mark.parametrize(("a_bits", "w_bits", "cycles"), [
    (8, 8, 2304), (8, 4, 2304), (8, 2, 2304), (4, 4, 1152), (4, 2, 1152), (2, 2, 576),
    (4, 8, 2304), (2, 8, 2304), (2, 4, 1152), (16, 16, 4608), (16, 2, 4608), (2, 16, 4608),
])
def test_sixteen_dot_products_take_sixteen_cycles(core, a_bits, w_bits, cycles):
    assert measure(LoopKernel(a_bits, w_bits, 576), core) == cycles + 10


@pytest.mark.parametrize(("style", "pixels", "cycles"), [
    ("published", 4, 144 * 17 + 10), ("dot", 2, 144 * 14 + 4)])
def test_loops_of_the_published_instructions(core, style, pixels, cycles):
    assert measure(LoopKernel(8, 8, 576, pixels, style), core) == cycles


def test_configurations_are_checked():
    with pytest.raises(ConfigurationError, match="Unknown extensions f; a core may have i, "):
        CoreConfig(extensions=("i", "zicsr", "f"))
    with pytest.raises(ConfigurationError, match="i and zicsr; zicsr is missing"):
        CoreConfig(extensions=("i",))
    with pytest.raises(ConfigurationError, match="macload needs extension dot"):
        CoreConfig(extensions=("i", "zicsr", "macload"))
    with pytest.raises(ConfigurationError, match="fetch_words must be 2 to 8, not 1"):
        CoreConfig(fetch_words=1)
    with pytest.raises(ConfigurationError, match="dot_structure must be one of array, islands, "
                                                 "only16, not 'tree'"):
        CoreConfig(dot_structure="tree")
    with pytest.raises(ConfigurationError, match="registers must be one of flops, ram, not 'sram'"):
        CoreConfig(registers="sram")
    assert CoreConfig().extensions == EXTENSIONS


@pytest.mark.parametrize(("a_bits", "w_bits", "cycles"), [
    (8, 8, 2020), (8, 4, 5260), (8, 2, 5080), (4, 4, 6844), (4, 2, 6700), (2, 2, 6592)])
def test_loops_of_unpacking_software(core, a_bits, w_bits, cycles):
    assert measure(LoopKernel(a_bits, w_bits, 576, 2, "xpulp"), core) == cycles


@pytest.mark.slow
@pytest.mark.parametrize("bits", [8, 4, 2])
def test_epilogues_of_sixteen_outputs(core, bits):
    cycles = {(style, loaded): measure_epilogue(EpilogueKernel(bits, style, loaded), core)
              for style in ("requant", "xpulp") for loaded in (True, False)}
    assert cycles == {("requant", True): 46, ("requant", False): 38,
                      ("xpulp", True): 88, ("xpulp", False): 80}

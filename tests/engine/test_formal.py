"""The runner of proofs: what holds passes, what does not fails with a trace."""

import pytest
from amaranth.hdl import Assert, Cover, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from flexdrive_sim.hyperdrive.verify.link_proof import PROOFS
from flexdrive_sim.proofs.formal import prove

pytestmark = pytest.mark.slow


class Counter(wiring.Component):
    """Counts to ``limit`` and begins again."""

    up: In(1)
    value: Out(4)

    def __init__(self, limit, claim):
        self.limit, self.claim = limit, claim
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        with m.If(self.up):
            m.d.sync += self.value.eq(self.value + 1)
            with m.If(self.value == self.limit):
                m.d.sync += self.value.eq(0)
        m.d.comb += [Assert(self.value <= self.claim), Cover(self.value == self.claim)]
        return m


def test_a_claim_that_holds():
    assert prove(Counter(9, 9), depth=12).passed
    assert prove(Counter(9, 9), mode="prove", depth=4).passed
    assert prove(Counter(9, 9), mode="cover", depth=12).passed


def test_a_claim_that_does_not():
    result = prove(Counter(9, 8), depth=16, group=2)
    assert result.status == "FAIL"
    assert result.reached == 8
    assert "$enddefinitions" in result.trace
    assert not prove(Counter(9, 10), mode="cover", depth=16).passed
    # Not within reach of a bounded check, and found by induction.
    assert prove(Counter(9, 8), depth=9).passed
    assert prove(Counter(9, 8), mode="prove", depth=12).status == "FAIL"


@pytest.mark.parametrize("name", ["order-one", "fault-few", "fault-replay-one"])
def test_the_beginning_of_the_link(name):
    proof = next(proof for proof in PROOFS if proof.name == name)
    assert prove(proof.component(), depth=14).passed

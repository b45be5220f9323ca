"""The proofs of the core's parts that take seconds; `flexdrive verify proofs flexv` runs all."""

import pytest

from flexdrive_sim.flexv.verify.proofs import PROOFS
from flexdrive_sim.proofs.formal import prove

pytestmark = [pytest.mark.slow, pytest.mark.alone]

# Half a minute each, with scripts/test --all; "fetch" takes longer still.
_HALF_A_MINUTE = ("loops", "load store")


@pytest.mark.parametrize("proof", [
    pytest.param(proof, marks=[pytest.mark.thorough] if proof.name in _HALF_A_MINUTE else [])
    for proof in PROOFS if proof.name != "fetch"], ids=lambda proof: proof.name)
def test_proof(proof):
    result = prove(proof.component(), mode=proof.mode, depth=proof.depth)
    assert result.status == "PASS"
    assert result.reached == proof.depth

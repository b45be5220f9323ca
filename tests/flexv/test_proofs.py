"""The proofs of the core's parts that take seconds; `flexdrive verify proofs flexv` runs all."""

import pytest

from flexdrive_sim.flexv.verify.proofs import PROOFS
from flexdrive_sim.proofs.formal import prove

pytestmark = [pytest.mark.slow, pytest.mark.alone]

_QUICK = [proof for proof in PROOFS if proof.name != "fetch"]


@pytest.mark.parametrize("proof", _QUICK, ids=lambda proof: proof.name)
def test_proof(proof):
    result = prove(proof.component(), mode=proof.mode, depth=proof.depth)
    assert result.status == "PASS"
    assert result.reached == proof.depth

"""The proofs of the cluster's blocks."""

import pytest

from flexdrive_sim.flexv.verify.cluster_proofs import PROOFS
from flexdrive_sim.proofs.formal import prove


@pytest.mark.slow
@pytest.mark.thorough
@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_proof(proof):
    result = prove(proof.component(), mode=proof.mode, depth=proof.depth)
    assert result.status == "PASS"
    assert result.reached == proof.depth

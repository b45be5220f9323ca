"""Some proofs of the whole core, less deep; `flexdrive verify proofs flexv-core` runs all."""

import pytest

from flexdrive_sim.flexv.verify.core_proofs import PROOFS
from flexdrive_sim.proofs.formal import prove

pytestmark = [pytest.mark.slow, pytest.mark.thorough, pytest.mark.alone]

# Enough for three instructions to retire.
_DEPTH = 10
_QUICK = [proof for proof in PROOFS if proof.name in ("core branches", "core pc", "core registers")]


@pytest.mark.parametrize("proof", _QUICK, ids=lambda proof: proof.name.removeprefix("core "))
def test_proof(proof):
    result = prove(proof.component(), depth=_DEPTH, group=_DEPTH, engine=proof.engine,
                   cut=proof.cut)
    assert result.status == "PASS"

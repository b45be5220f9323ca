"""Proofs of one part of the hardware, over any executor, and the page of their results."""

import importlib
from dataclasses import dataclass

from flexdrive.errors import FlexdriveError
from flexdrive_deploy.tools import require_packages

from ..campaign import run_campaign
from ..engine import EngineError
from .formal import prove

__all__ = ["PARTS", "ProofRow", "check_proof", "proofs_of", "proofs_page", "run_proofs"]

# Part -> module with a tuple PROOFS of :class:`~.formal.Proof`.
PARTS = {"link": "flexdrive_sim.hyperdrive.verify.link_proof",
         "flexv": "flexdrive_sim.flexv.verify.proofs",
         "flexv-core": "flexdrive_sim.flexv.verify.core_proofs",
         "flexv-cluster": "flexdrive_sim.flexv.verify.cluster_proofs"}


@dataclass(frozen=True)
class ProofRow:
    """What came of a proof: ``status`` and ``reached`` as of :class:`~.formal.ProofResult`, or the
    status ``"did not run"`` and the tool's ``error``; ``trace`` of a counterexample or None."""

    name: str
    claim: str
    mode: str
    depth: int
    status: str
    reached: int
    seconds: float | None
    trace: str | None
    error: str | None

    @property
    def failed(self):
        """A counterexample, or no answer at all; what ran out of its time did not fail."""
        return self.status in ("FAIL", "did not run")


def proofs_of(part, names=()):
    """The proofs of a part, or those of these names.

    Raises
    ------
    FlexdriveError
        when there is none of a name; says which there are.
    """
    proofs = {proof.name: proof for proof in importlib.import_module(PARTS[part]).PROOFS}
    for name in names:
        if name not in proofs:
            raise FlexdriveError(f"There is no proof {name!r} of {part}; there are "
                                 f"{', '.join(proofs)}")
    return [proofs[name] for name in names or proofs]


def check_proof(part, name, timeout):
    """One proof, for JSON."""
    (proof,) = proofs_of(part, [name])
    try:
        result = prove(proof.component(), mode=proof.mode, depth=proof.depth, engine=proof.engine,
                       cut=proof.cut, timeout=timeout)
    except EngineError as error:
        # One solver that dies does not take the others with it.
        return {"status": "did not run", "reached": 0, "seconds": None, "trace": None,
                "error": str(error)}
    return {"status": result.status, "reached": result.reached, "seconds": result.seconds,
            "trace": result.trace, "error": None}


def run_proofs(part, names=(), *, timeout=900, **crew):
    """A :class:`ProofRow` for each proof of a part, or those of these names.

    ``timeout`` : seconds for each. ``crew`` : as of :func:`~flexdrive_sim.campaign.run_campaign`.

    Raises
    ------
    FlexdriveError
        when a solver is not installed.
    """
    require_packages("A proof", "test", z3="z3-solver", bitwuzla="bitwuzla")
    proofs = proofs_of(part, names)
    found = run_campaign(
        check_proof, {f"{part}-{proof.name.replace(' ', '_')}-{timeout}":
                      (part, proof.name, timeout) for proof in proofs},
        name=f"proofs of {part}", **crew)
    return [ProofRow(proof.name, proof.claim, proof.mode, proof.depth, **result)
            for proof, result in zip(proofs, found.values(), strict=True)]


def proofs_page(part, rows, timeout):
    """The results as Markdown."""
    return "\n".join([
        f"# Proofs: {part}", "",
        f"Command: `flexdrive verify proofs {part}`. `bmc N`: no assertion can fail in the first N "
        "cycles after reset, whatever the inputs do (bounded, no induction). `cover N`: the "
        "assumptions leave room, every cover statement is reached. A proof that ran out of its "
        f"{timeout} s says TIMEOUT; what it had checked until then stands.", "",
        "| proof | claim | mode | result | cycles checked | seconds |", "|---|---|---|---|---|---|",
        *(f"| {row.name} | {row.claim} | {row.mode} {row.depth} | {row.status} | {row.reached} | "
          f"{'-' if row.seconds is None else f'{row.seconds:.0f}'} |" for row in rows), ""])

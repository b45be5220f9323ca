"""The command behind ``scripts/prove``: runs the proofs of one part and writes their results."""

import argparse
import importlib
import sys
from pathlib import Path

from rich.console import Console

from ..engine import EngineError
from ..results import add_results_option, results_directory
from .formal import prove

__all__ = ["PARTS", "main"]

# Part -> module with a tuple PROOFS of :class:`flexdrive_sim.proofs.formal.Proof`.
PARTS = {"link": "flexdrive_sim.hyperdrive.verify.link_proof",
         "flexv": "flexdrive_sim.flexv.verify.proofs",
         "flexv-core": "flexdrive_sim.flexv.verify.core_proofs",
         "flexv-cluster": "flexdrive_sim.flexv.verify.cluster_proofs"}


def _arguments():
    parser = argparse.ArgumentParser(prog="scripts/prove", description="Formal proofs.")
    parser.add_argument("part", choices=sorted(PARTS))
    parser.add_argument("names", nargs="*", help="only these proofs; nothing is written then")
    parser.add_argument("--timeout", type=int, default=900, help="seconds per proof")
    parser.add_argument("--trace", type=Path, help="directory for waveforms of counterexamples")
    add_results_option(parser)
    return parser.parse_args()


def main():
    options = _arguments()
    console = Console()
    proofs = importlib.import_module(PARTS[options.part]).PROOFS
    if options.names:
        unknown = set(options.names) - {proof.name for proof in proofs}
        if unknown:
            console.print(f"error: no proof {', '.join(sorted(unknown))}; there are "
                          f"{', '.join(proof.name for proof in proofs)}")
            return 2
        proofs = [proof for proof in proofs if proof.name in options.names]
    else:
        results_directory(options.results)
    rows, failed = [], 0
    for proof in proofs:
        try:
            result = prove(proof.component(), mode=proof.mode, depth=proof.depth,
                           engine=proof.engine, cut=proof.cut, timeout=options.timeout)
        except EngineError as error:
            # One solver that dies does not take the others with it.
            failed += 1
            rows.append(f"| {proof.name} | {proof.claim} | {proof.mode} {proof.depth} | "
                        f"did not run | 0 | - |")
            console.print(f"{proof.name}: {error}", highlight=False)
            continue
        failed += result.status == "FAIL"
        rows.append(f"| {proof.name} | {proof.claim} | {proof.mode} {proof.depth} | "
                    f"{result.status} | {result.reached} | {result.seconds:.0f} |")
        console.print(f"{proof.name}: {result.status}, {result.reached} of {proof.depth} cycles, "
                      f"{result.seconds:.0f} s", highlight=False)
        if result.trace and options.trace:
            options.trace.mkdir(parents=True, exist_ok=True)
            (options.trace / f"{proof.name}.vcd").write_text(result.trace)
    if not options.names:
        _write(options, rows)
    return 1 if failed else 0


def _write(options, rows):
    (options.results / f"{options.part}-proofs.md").write_text("\n".join([
        f"# Proofs: {options.part}", "",
        f"Command: `scripts/prove {options.part}`. `bmc N`: no assertion can fail in the first N "
        f"cycles after reset, whatever the inputs do (bounded, no induction). `cover N`: the "
        f"assumptions leave room, every cover statement is reached. A proof that ran out of its "
        f"{options.timeout} s says TIMEOUT; what it had checked until then stands.", "",
        "| proof | claim | mode | result | cycles checked | seconds |", "|---|---|---|---|---|---|",
        *rows, ""]))


if __name__ == "__main__":
    sys.exit(main())

"""An SMT solver that reads SMT-LIB 2 from its standard input and answers at once: Bitwuzla, whose
wheel on PyPI has no program of its own. ``python -m flexdrive_sim.proofs.smt_solver``."""

import os
import sys

import bitwuzla

__all__ = ["commands", "main"]


def commands(lines):
    """Split text into commands: a generator of strings, each with its last line."""
    text, depth = [], 0
    for line in lines:
        code = line.partition(";")[0] if "|" not in line else line
        quoted = False
        for character in code:
            if character == "|":
                quoted = not quoted
            elif not quoted and character in "()":
                depth += 1 if character == "(" else -1
        text.append(code)
        if depth == 0 and "".join(text).strip():
            yield "".join(text)
            text = []


def main():
    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    parser = bitwuzla.Parser(bitwuzla.TermManager(), options)
    for command in commands(sys.stdin):
        if command.strip() == "(exit)":
            break
        parser.parse(command, False, False)
        sys.stdout.flush()
    # The solver's memory need not be given back piece by piece.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()

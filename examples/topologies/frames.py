"""Cycles of a frame of a network, and of one more when frames come one after the other.

    python examples/topologies/frames.py MODEL.onnx --preset paper --stream-words 8 --overlap

Cycle model; with --rtl COUNT that many frames of random maps also on the RTL, every word and cycle
compared.
"""

import click

from flexdrive.errors import FlexdriveError
from flexdrive_cli.chip_options import chip_options
from flexdrive_deploy.compiler import compile_model
from flexdrive_deploy.frontend.graph import load_model
from flexdrive_sim.hyperdrive.cycles import steady_cycles
from flexdrive_sim.hyperdrive.verify.frames_check import check_frames


@click.command()
@click.argument("model", type=click.Path(exists=True))
@click.option("--rtl", type=click.IntRange(0), default=0, metavar="COUNT",
              help="Frames on the RTL.")
@chip_options
def main(model, rtl, chip):
    """Print the cycles of frames of MODEL."""
    try:
        programs = compile_model(load_model(model), chip.config()).programs
        if len(programs) != 1:
            raise FlexdriveError(f"{model} has {len(programs)} programs, with the host between "
                                 "them; frames of one program would pass")
        one, more = steady_cycles(programs[0])
        print(f"{one:,} cycles a frame alone, {more:,} each one more")
        if rtl:
            # The RTL and its tools take a second to import.
            from flexdrive_sim.hyperdrive.drive.chip import Chip

            wrong, words, cycles = check_frames(Chip(chip.config()), programs[0], rtl, 0)
            print(f"RTL: {rtl} frames, {cycles:,} cycles, {words:,} words; "
                  + (wrong[0] if wrong else "all as modelled"))
            raise SystemExit(bool(wrong))
    except FlexdriveError as error:
        raise click.ClickException(str(error)) from None


if __name__ == "__main__":
    main()

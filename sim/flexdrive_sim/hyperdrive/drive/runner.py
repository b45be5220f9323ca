"""Programs on the RTL and on the cycle model, the same for one chip and for a mesh."""

from dataclasses import dataclass

import numpy as np

from flexdrive.hyperdrive.border.word import WORD_BITS
from flexdrive.hyperdrive.descriptor.fields import Operation
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.hyperdrive.mesh_borders import join_patches

from ..cycles import predict, predict_mesh

__all__ = ["ProgramRun", "board_for", "machine_for", "predict_program", "run_program"]


@dataclass(frozen=True, eq=False)
class ProgramRun:
    """What a program did, or will do.

    Attributes
    ----------
    cycles : from reset to the last word.
    chips : (y, x) -> list of :class:`~..report_row.ReportRow` of each chip.
    pixels, pixel_times : words of all STOREs in the order of the whole image, and their cycles;
        None of a prediction, and of a run that ended because a link failed.
    link_words : words on the links of a mesh, of borders and of corners (prediction).
    """

    cycles: int
    chips: dict
    pixels: np.ndarray | None = None
    pixel_times: np.ndarray | None = None
    link_words: tuple = (0, 0)

    @property
    def border_bits(self):
        """Bits on the links of a mesh, kinds of the words included (prediction)."""
        return WORD_BITS * sum(self.link_words)

    @property
    def reports(self):
        """For each descriptor the report of the chip that took longest."""
        return [max(rows, key=lambda row: row.cycles)
                for rows in zip(*self.chips.values(), strict=True)]


def machine_for(config, mesh, options=None, *, engine="compiled", notify=None):
    """The RTL: a :class:`~.chip.Chip`, or a :class:`~.mesh.Mesh` for ``mesh`` = (height, width),
    its chips joined as ``options`` say."""
    # The RTL and its tools take a second to import; the golden model needs neither.
    from .chip import Chip
    from .mesh import Mesh
    if mesh is None:
        return Chip(config, engine=engine, notify=notify)
    return Mesh(config, *mesh, options, engine=engine, notify=notify)


def board_for(config, mesh, engine):
    """The board of an engine's name as a :class:`~.board.BoardMachine`; ModelError for a mesh."""
    from .board import BoardMachine, open_board
    if mesh is not None:
        raise ModelError(f"engine = {engine!r} is one chip, and the network was compiled for a "
                         "mesh of them. What would pass: compile it for one chip")
    return BoardMachine(open_board(engine), config)


def run_program(machine, program, pixels, max_cycles, gates=None):
    """Run ``program`` on the RTL with ``pixels`` for its LOADs, as :class:`ProgramRun`; ``gates``
    of streams as in ``predict_program``."""
    if program.mesh is None:
        run = machine.run(program.words, program.weights, pixels, program.output_words,
                          gates=gates, max_cycles=max_cycles)
        return ProgramRun(run.cycles, {(0, 0): run.reports}, run.pixels, run.pixel_times)
    run = machine.run(program.words, program.weights, pixels, gates=gates, max_cycles=max_cycles)
    chips = {at: chip.reports for at, chip in run.chips.items()}
    if not run.finished:
        return ProgramRun(run.cycles, chips)

    def joined(parts):
        return join_patches(program.config, program.commands, parts, Operation.STORE)

    return ProgramRun(run.cycles, chips,
                      joined({at: chip.pixels for at, chip in run.chips.items()}),
                      joined({at: chip.pixel_times for at, chip in run.chips.items()}))


def predict_program(program, options=None, gates=None):
    """What the cycle model says of ``program``, as :class:`ProgramRun`.

    Parameters
    ----------
    program : flexdrive_deploy.hyperdrive.program.Program.
    options : flexdrive.hyperdrive.mesh_chip.MeshOptions of a mesh.
    gates : stream name -> :class:`flexdrive_sim.engine.Gate` pattern; others are always willing.
    """
    predicted = predict(program.config, program.words, gates) if program.mesh is None else (
        predict_mesh(program.config, *program.mesh, program.words, options, gates=gates))
    counts = [count for links in predicted.link_words.values() for count in links.values()]
    words = tuple(sum(count[place] for count in counts) for place in (0, 1))
    return ProgramRun(predicted.cycles, predicted.chips, link_words=words)

"""Several images of a network as one program: the next one's map comes while one is computed."""

from dataclasses import dataclass

import numpy as np

from flexdrive.errors import FlexdriveError
from flexdrive.hyperdrive.descriptor.fields import Code
from flexdrive_deploy.compiled_model import ChipPart
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.hyperdrive.frames import Frames
from flexdrive_deploy.hyperdrive.ir import half_bits

from ..cycles import predict, steady_cycles
from ..golden.chip import GoldenChip
from ..golden.overflow import of_program, of_values
from .inference_session import Session, first_difference

__all__ = ["FramesResult", "FramesSession", "one_program"]


def one_program(deployment):
    """The only program of ``deployment``; ModelError for what frames cannot be one program of."""
    programs = deployment.programs
    if deployment.mesh is not None:
        raise ModelError(f"{deployment.name} is compiled for a mesh; frames one after the other "
                         "are for one chip")
    if len(programs) != 1:
        raise ModelError(f"{deployment.name} has {len(programs)} programs, with the host between "
                         "them; frames one after the other are for networks of one program")
    return programs[0]


@dataclass(frozen=True, eq=False)
class FramesResult:
    """What a program of several frames gave.

    Attributes
    ----------
    outputs : name -> array (N, ...) of the network's results.
    overflows : of each image, :class:`~..golden.overflow.Overflow` of its maps.
    compared : words of the RTL compared with the golden model of each frame alone.
    difference : (image, :class:`~.inference_session.Difference`) of the first word that differs, or
        None.
    cycles, ends : of the program, and after how many of them the last word of each frame had left;
        None on the golden model.
    modelled : cycles of the program by the cycle model.
    alone, more : by the cycle model, cycles of a frame alone, and of each one more.
    model_holds : whether the total and every report are as modelled.
    """

    outputs: dict
    overflows: list
    compared: int
    difference: tuple | None
    cycles: int | None
    ends: np.ndarray | None
    modelled: int
    alone: int
    more: int
    model_holds: bool


class FramesSession(Session):
    """A network on one engine, all images as one program; the parameters are those of
    :class:`~.inference_session.Session`.

    Raises
    ------
    ModelError
        for a network of several programs, for a mesh, and for a board.
    """

    def __init__(self, deployment, engine="golden", **options):
        self._program = one_program(deployment)
        if engine not in ("golden", "rtl", "pysim"):
            raise ModelError(f"Frames one after the other run on golden, rtl and pysim, not on "
                             f"{engine}")
        super().__init__(deployment, engine, **options)
        self._frames = Frames(self._program)
        self._models, self._steady = {}, None

    def run_frames(self, feeds):
        """Run all images of ``feeds``, name -> array (N, ...): :class:`FramesResult`."""
        program, count = self._program, len(next(iter(feeds.values())))
        parts = self.deployment.parts
        at = next(at for at, part in enumerate(parts) if isinstance(part, ChipPart))
        values = [{name: images[index:index + 1] for name, images in feeds.items()}
                  for index in range(count)]
        overflows = [[*self._host(parts[:at], image)] for image in values]
        pixels = [program.pack({name: half_bits(image[name][0]) for name in parts[at].inputs})
                  for image in values]
        expected = np.concatenate([self._expected(part, found) for part, found in
                                   zip(pixels, overflows, strict=True)])
        words = self._frames.words(count)
        model = self._model(count, words)
        made, measured, holds = expected, None, True
        if self._chip is not None:
            measured = self._chip.run(
                words, self._frames.weights(count), np.concatenate(pixels), len(expected),
                gates=self._gates, max_cycles=2 * model.cycles + 10_000)
            self._check_codes(measured.reports)
            made = measured.pixels
            holds = (measured.cycles, {(0, 0): measured.reports}) == (model.cycles, model.chips)
        outputs = [self._outputs(parts[at:], image, sent, found) for image, sent, found in
                   zip(values, made.reshape(count, -1), overflows, strict=True)]
        self.deployment.check_rows(outputs[0], count)
        if self._steady is None:
            self._steady = steady_cycles(program, self._gates)
        alone, more = self._steady
        return FramesResult(
            {name: np.concatenate([output[name] for output in outputs])
             for name in self.deployment.outputs},
            overflows,
            0 if measured is None else len(expected),
            None if measured is None else self._first_difference(expected, measured),
            measured and measured.cycles,
            measured and measured.pixel_times.reshape(count, -1).max(axis=1) + 1,
            model.cycles, alone, more, holds)

    def _model(self, count, words):
        """What the cycle model says of ``words``, the program of ``count`` frames; worked out once,
        not for every chunk of a data set."""
        if count not in self._models:
            self._models[count] = predict(self._program.config, words, self._gates)
        return self._models[count]

    @staticmethod
    def _host(parts, values):
        """Compute parts of the host in place; yields what left the numbers."""
        for part in parts:
            made = part.run(values)
            values |= made
            yield from of_values(made)

    def _expected(self, pixels, overflows):
        """Words that the golden model sends of a frame alone."""
        program = self._program
        golden = GoldenChip(program.array, (program.config.rows, program.config.columns))
        words = golden.run(self._check(program), program.weights, pixels)
        overflows += of_program(program, golden.beyond)
        return words

    def _outputs(self, parts, values, sent, overflows):
        chip, *host = parts
        maps = self._program.unpack(np.ascontiguousarray(sent))
        exact = {name: np.ascontiguousarray(maps[name]).view(np.float16)[None]
                 for name in chip.outputs}
        values |= {name: words.astype(np.float32) for name, words in exact.items()}
        overflows += self._host(host, values)
        return {name: exact.get(name, values[name]) for name in self.deployment.outputs}

    @staticmethod
    def _check_codes(reports):
        bad = next((row for row in reports if row.code != Code.OK), None)
        if bad is not None:
            raise FlexdriveError(f"The chip refused descriptor {bad.index} of the frames: "
                                 f"{bad.code.name}")

    def _first_difference(self, expected, run):
        wrong = np.flatnonzero(expected != run.pixels)
        if not len(wrong):
            return None
        words = self._program.output_words
        image = int(wrong[0]) // words
        here = slice(image * words, (image + 1) * words)
        return image, first_difference(self._program, expected[here], run.pixels[here],
                                       run.pixel_times[here])

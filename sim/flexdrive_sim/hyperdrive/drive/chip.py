"""The RTL of a chip, driven by whole programs."""

from dataclasses import dataclass

import numpy as np

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.chip import Chip as ChipComponent
from flexdrive.hyperdrive.descriptor.encoding import iterate
from flexdrive.hyperdrive.descriptor.fields import Code, Operation
from flexdrive.hyperdrive.descriptor.report import decode_report
from flexdrive.hyperdrive.link import LinkError
from flexdrive_deploy.hyperdrive.pixel_beats import PixelBeats, beat_chunks, chunk_beats

from ...engine import EngineError, Gate, Model, Sink, Source, run_streams
from ..golden.descriptor_rules import check
from ..report_row import ReportRow

__all__ = ["Chip", "ChipRun", "count_descriptors", "report_row", "report_rows"]

# Cycles that a program of any kind may take per unit of work, before a run counts as hung.
_DEFAULT_LIMIT = 1 << 40


@dataclass(frozen=True)
class ChipRun:
    """What a program gave.

    Attributes
    ----------
    pixels : words of ``o_pixels``, uint16.
    pixel_times : cycle after reset in which each left.
    cycles : cycles from reset until the last report and the last word had left.
    reports : a :class:`ReportRow` per descriptor.
    """

    pixels: np.ndarray
    pixel_times: np.ndarray
    cycles: int
    reports: list


def count_descriptors(words):
    """Number of descriptors in a stream of 32-bit words, as the chip frames them."""
    return sum(1 for _ in iterate(words))


def report_row(row, time):
    """A :class:`ReportRow` of a word of ``o_reports`` (32-bit chunks)."""
    fields = decode_report(row)
    return ReportRow(**fields | {"code": Code(fields["code"]), "time": time,
                                 "link_error": LinkError(fields["link_error"])})


def report_rows(words, times):
    """:class:`ReportRow` of all words of ``o_reports``, in the order of the program: operations
    beside each other end in any order. A stop is the last."""
    rows = [report_row(row, int(time)) for row, time in zip(words, times, strict=True)]

    def place(number):
        """Of a report's operation since reset; no other is as near to that of the report."""
        away = (rows[number].index - number + (1 << 15)) % (1 << 16) - (1 << 15)
        return rows[number].code.stops, number + away

    return [rows[number] for number in sorted(range(len(rows)), key=place)]


class Chip:
    """The RTL of a chip on one of the engines.

    Parameters
    ----------
    config : :class:`ChipConfig`.
    engine : ``"compiled"`` or ``"pysim"`` (Amaranth's simulator; for small chips).
    options : of the compiled engine (:func:`flexdrive_sim.engine.build.compile_rtlil`):
        ``backend``, ``power_up``, ``notify``.
    built : :class:`~flexdrive_sim.engine.build.BuiltModel` of the chip, instead of its RTL.
    """

    def __init__(self, config: ChipConfig, *, engine="compiled", built=None, **options):
        self.config = config
        self.engine = engine
        self._model = (Model(built or ChipComponent(config), **options) if engine == "compiled"
                       else None)

    def run(self, words, weights, pixels, out_words, *, gates=None, max_cycles=None):
        """Run a program to its end; the chip is reset first, its memories are not cleared.

        Parameters
        ----------
        words : descriptors and payloads, uint32.
        weights : weight words, (count, chunks of 32 bits) uint32.
        pixels : words for ``i_pixels``, uint16.
        out_words : words expected on ``o_pixels``.
        gates : {stream name: :class:`Gate` pattern}; streams not named are always willing.
        max_cycles : limit; a run that does not end is an :class:`EngineError`.

        Returns
        -------
        :class:`ChipRun`
        """
        gates = {name: Gate.always() for name in (
            "i_descriptors", "i_weights", "i_pixels", "o_pixels", "o_reports")} | (gates or {})
        weights = np.asarray(weights, np.uint32).reshape(-1, self.config.weight_chunks)
        legal = [d for d, _ in iterate(words) if check(d, self.config) == Code.OK]
        loads, stores = (PixelBeats.of_commands(self.config, legal, operation)
                         for operation in (Operation.LOAD, Operation.STORE))
        count = count_descriptors(words)
        streams = {
            "i_descriptors": Source(np.asarray(words, np.uint32), gates["i_descriptors"]),
            "i_weights": Source(weights, gates["i_weights"]),
            "i_pixels": Source(beat_chunks(loads.join(np.asarray(pixels, np.uint16))),
                               gates["i_pixels"]),
            "o_pixels": Sink(out_words if self.config.stream_words == 1 else stores.count,
                             gates["o_pixels"]),
            "o_reports": Sink(count, gates["o_reports"]),
        }
        component = None if self._model else ChipComponent(self.config)
        run = run_streams(component, streams, engine=self.engine, model=self._model,
                          cycles=max_cycles or _DEFAULT_LIMIT)
        rows = report_rows(run.words["o_reports"], run.times["o_reports"])
        if not run.finished:
            moved = ", ".join(f"{name} {len(run.times[name])} of "
                              f"{end.count if isinstance(end, Sink) else len(end.words)}"
                              for name, end in streams.items())
            raise EngineError(f"The chip did not finish within {run.cycles} cycles; words moved: "
                              f"{moved}; last report: {rows[-1] if rows else 'none'}")
        return ChipRun(stores.split(chunk_beats(run.words["o_pixels"], self.config)),
                       stores.spread(run.times["o_pixels"]), run.cycles, rows)

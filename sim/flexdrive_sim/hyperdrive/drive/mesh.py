"""Programs for a mesh of chips, and its RTL."""

from dataclasses import dataclass, replace

import numpy as np

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.descriptor.encoding import Command, Descriptor, encode, iterate
from flexdrive.hyperdrive.descriptor.fields import Operation
from flexdrive.hyperdrive.mesh import Mesh as MeshComponent
from flexdrive.hyperdrive.mesh_chip import MeshOptions
from flexdrive_deploy.hyperdrive.mesh_borders import patches, split_program, whole_config
from flexdrive_deploy.hyperdrive.pixel_beats import PixelBeats, beat_chunks, chunk_beats

from ...engine import EngineError, Gate, Model, Sink, Source, run_streams
from .chip import ChipRun, report_rows
from .stimuli import (
    Stimulus,
    random_activation,
    random_kind,
    random_slice,
    random_taps,
    random_weights,
    random_words,
)

__all__ = ["Mesh", "MeshRun", "random_chain"]


@dataclass(frozen=True)
class MeshRun:
    """{(y, x): ChipRun} of every chip, the cycles until the last was done, and whether all were:
    otherwise a link failed, and the last report of a chip says which."""

    chips: dict
    cycles: int
    finished: bool = True


class Mesh:
    """The RTL of a mesh on one of the engines.

    Parameters
    ----------
    config : :class:`ChipConfig` of each chip, with ``mesh``.
    height, width : chips.
    options : :class:`flexdrive.hyperdrive.mesh_chip.MeshOptions`.
    engine : ``"compiled"`` or ``"pysim"``.
    build : options of the compiled engine, as of :class:`~.chip.Chip`.
    """

    def __init__(self, config: ChipConfig, height, width, options=None, *, engine="compiled",
                 **build):
        self.config, self.height, self.width = config, height, width
        self.options = options or MeshOptions()
        self.engine = engine
        self._model = Model(self._component(), **build) if engine == "compiled" else None

    def _component(self):
        return MeshComponent(self.config, self.height, self.width, self.options)

    def run(self, words, weights, pixels, *, gates=None, max_cycles=1 << 40, inputs=None):
        """Run a program of the whole mesh (see :func:`split_program`).

        Parameters
        ----------
        words, weights, pixels : as for a chip with the array of the whole mesh.
        gates : {stream name: :class:`Gate` pattern}, of the mesh's streams.
        inputs : {port: value} of what else the component has.

        Returns
        -------
        :class:`MeshRun`; after a fault of a link it ends when the first chip has stopped.

        Raises
        ------
        EngineError
            when it has neither finished nor stopped after ``max_cycles``.
        """
        gates = gates or {}
        config, size = self.config, (self.height, self.width)
        commands = list(iterate(words))
        programs = split_program(config, *size, commands)
        parts = patches(config, *size, commands, pixels, Operation.LOAD)
        beats = {operation: {at: PixelBeats.of_commands(
            config, [d for d, _ in program], operation) for at, program in programs.items()}
            for operation in (Operation.LOAD, Operation.STORE)}
        streams = {"i_weights": Source(weights, gates.get("i_weights", Gate.always()))}
        for (y, x), program in programs.items():
            for name, end in (
                    ("i_descriptors", Source(np.array(encode(program), np.uint32))),
                    ("i_pixels", Source(beat_chunks(
                        beats[Operation.LOAD][y, x].join(parts[y, x])))),
                    ("o_pixels", Sink(beats[Operation.STORE][y, x].count)),
                    ("o_reports", Sink(len(program)))):
                end.gate = gates.get(f"{name}_{y}_{x}", Gate.always())
                streams[f"{name}_{y}_{x}"] = end
        component = None if self._model else self._component()
        run = run_streams(component, streams, engine=self.engine, model=self._model,
                          cycles=max_cycles, inputs=inputs, until="stopped")
        chips = {at: self._chip_run(run, at, stores)
                 for at, stores in beats[Operation.STORE].items()}
        stopped = any(report.code.stops for chip in chips.values() for report in chip.reports)
        if not run.finished and not stopped:
            moved = ", ".join(f"{name} {len(run.times[name])}" for name in streams)
            raise EngineError(f"The mesh did not finish within {run.cycles} cycles; words moved: "
                              f"{moved}")
        return MeshRun(chips, run.cycles, run.finished)

    def _chip_run(self, run, position, stores):
        at = "{}_{}".format(*position)
        reports = report_rows(run.words[f"o_reports_{at}"], run.times[f"o_reports_{at}"])
        return ChipRun(stores.split(chunk_beats(run.words[f"o_pixels_{at}"], self.config)),
                       stores.spread(run.times[f"o_pixels_{at}"]), run.cycles, reports)


def random_chain(config, height, width, seed, *, layers=None, squares=False):
    """A random program of the whole mesh: LOAD, a chain of convolutions, STORE of every map.

    ``config`` is that of a chip. Borders of map i lie in half i % 2 of the border memories.
    ``squares``: kernels are squares, not any taps, without activations and additions.
    """
    random, added = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    whole = whole_config(config, height, width)
    while True:
        count = layers or int(random.integers(1, 4))
        strides = random.choice([1, 1, 2], count)
        kinds = [random_kind(random, config) for _ in range(count)]
        edge = [tuple(int(e) for e in random.integers(1, 4, 2))]
        for stride in strides[::-1]:
            edge.insert(0, tuple(int(e * stride) for e in edge[0]))
        for kind in kinds:
            kind.pop("upsample", None)
        # Layer i makes `made[i]` in map i, of which layer i + 1 reads `read[i]` channels.
        channels = [int(c) for c in random.integers(1, 2 * config.channels + 3, count + 1)]
        made = [random_slice(random, c, [1, 2, 3]) for c in channels]
        read = [_part(random, slice_.pitch) for slice_ in made]
        for i, kind in enumerate(kinds):
            if kind:        # as many channels as it reads
                channels[i + 1] = len(read[i])
                made[i + 1] = random_slice(random, channels[i + 1], [1, 2, 3])
                read[i + 1] = _part(random, made[i + 1].pitch)
        kernels = [int(k) for k in random.choice([1, *config.kernels[1:] * 2], count)]
        kernels = [2 if kind and random.integers(3) == 0 else k
                   for k, kind in zip(kernels, kinds, strict=True)]
        interleaves = [config.adder_depth if kind else int(q) for q, kind in zip(
            random.choice(config.interleaves, count), kinds, strict=True)]
        widths = [slice_.pitch for slice_ in made]
        words = [e[0] * e[1] * c for e, c in zip(edge, widths, strict=True)]
        half = config.border_words // 2
        # Each map is exchanged as far as the next layer's kernel reaches.
        halos = [*(k // 2 for k in kernels), 0]
        fits = (sum(words) <= config.fm_words and all(
            h <= min(e) and h * max(e) * c <= half
            and ((h - 1) * config.halo + h) * c <= config.corner_words // 2
            for e, c, h in zip(edge, widths, halos, strict=True)))
        kept = all(part.stop * (k if squares else k + s - 1) ** 2 * q <= config.weight_words
                   for part, k, s, q in zip(read, kernels, strides, interleaves, strict=False))
        if fits and kept:
            taps = [{"kernel": k} if squares else random_taps(random, config, k, s, e)
                    for k, s, e in zip(kernels, strides, edge, strict=False)]
            break
    map_height = int(random.integers(1, whole.rows * edge[0][0] + 1))
    map_width = int(random.integers(1, whole.columns * edge[0][1] + 1))
    base = np.concatenate([[0], np.cumsum(words)])
    border = [{"border_rows": half * (i % 2), "border_columns": half * ((i + 1) % 2),
               "border_corner": config.corner_words // 2 * (i % 2)} for i in range(count + 1)]
    stimulus = Stimulus(whole)
    shapes = [(map_height, map_width, widths[0])]
    for i, stride in enumerate(strides):
        shapes.append((*(-(-size // int(stride)) for size in shapes[i][:2]), widths[i + 1]))

    def load(i):
        _append(stimulus, lambda: stimulus.load(
            random_words(random, shapes[i]), base=int(base[i]), tile=edge[i]),
            halo=halos[i], **border[i])

    load(0)
    for i in range(count):
        part, target = read[i], made[i + 1]
        fields = {} if squares else random_activation(added, config, taps[i])
        bypass = not squares and bool(added.integers(2))
        # What is added, and the rest of the map beside the slice.
        if bypass or widths[i + 1] > channels[i + 1]:
            load(i + 1)
        window = Descriptor(**taps[i])
        weights = random_weights(random, config, (
            channels[i + 1], 1 if kinds[i] else len(part), len(window.tap_rows),
            len(window.tap_columns)))
        out_base = int(base[i + 1]) + target.offset
        fields = {**taps[i], **kinds[i], **fields, "bypass_base": out_base if bypass else None}
        _append(stimulus, lambda i=i, weights=weights, part=part, target=target, out_base=out_base,
                fields=fields: stimulus.convolve(
            shapes[i], weights, random_words(random, channels[i + 1]),
            random_words(random, channels[i + 1]), in_base=int(base[i]) + part.start,
            out_base=out_base, tile=edge[i + 1], stride=int(strides[i]),
            interleave=interleaves[i], in_pitch=widths[i], out_pitch=target.pitch,
            out_step=target.step, **fields),
            halo=halos[i + 1], **{name: at + target.offset for name, at in border[i + 1].items()},
            **{f"in_{name.removeprefix('border_') if 'corner' in name else name}": at + part.start
               for name, at in border[i].items()})
    for i in range(count + 1):
        stimulus.store(shapes[i], base=int(base[i]), tile=edge[i])
    if config.channelwise:
        stimulus.store(shapes[count], base=int(base[count]), tile=edge[count],
                       average=int(random_words(random, 1)[0]))
    return stimulus


def _part(random, channels):
    """All channels of a map, or some of them, as a range."""
    if random.integers(2):
        return range(channels)
    start = int(random.integers(channels))
    return range(start, int(random.integers(start, channels)) + 1)


def _append(stimulus, operation, **fields):
    """Let ``operation`` append a descriptor, and set ``fields`` in it."""
    begin = len(stimulus.words)
    operation()
    stimulus.words[begin:] = encode(
        Command(replace(d, **fields), payload) for d, payload in iterate(stimulus.words[begin:]))

"""A Hyperdrive chip behind a serial line: registers, stores, chip. docs/board-link.md."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import wiring

from ..hyperdrive.chip import Chip
from .executor import INPUTS, OUTPUTS
from .frame import Space
from .image_control import ImageControl
from .line import LineSystem, common_constants
from .registers import Design, Fault, register_named
from .streams import InputStore, ItemPacker, OutputRing

__all__ = ["System", "constants_of", "geometry"]


def geometry(chip):
    """Word of the register GEOMETRY."""
    return chip.rows | chip.columns << 8 | chip.channels << 16 | chip.adder_depth << 28


def _own_constants(config):
    chip = config.chip
    return {
        "PROGRAM_DEPTH": config.program_words, "WEIGHTS_DEPTH": config.weight_words,
        "PIXELS_DEPTH": config.pixel_words, "RESULTS_DEPTH": config.result_words,
        "REPORTS_DEPTH": config.report_words,
        "GEOMETRY": geometry(chip),
    }


def constants_of(config):
    """((name, value), ...) of the constant registers of a :class:`~.config.SystemConfig`."""
    return tuple((common_constants(config, Design.HYPERDRIVE) | _own_constants(config)).items())


class System(LineSystem):
    """A Hyperdrive chip behind a serial line, in one clock domain.

    Latency: bytes of the line, then that of the chip; no input reaches an output without
    a register.

    Parameters
    ----------
    config : :class:`~.config.SystemConfig`.

    Members
    -------
    as of :class:`~.line.LineSystem`.
    busy, fault : an image is computed; FAULT is not 0.
    """

    def elaborate(self, platform):
        m = Module()
        config = self.config
        executor, registers = self.begin(m, Design.HYPERDRIVE, _own_constants(config))
        m.submodules.images = images = ImageControl()
        m.submodules.chip = chip = Chip(config.chip)
        stores = self._inputs(m, executor, registers, images, chip)
        rings = self._outputs(m, executor, images, chip)
        self._words(m, executor, registers, stores, rings)
        m.d.comb += [
            images.run.eq(registers.control.RUN),
            images.reports.eq(registers.control.REPORTS_ITEMS),
            executor.idle.eq(~images.busy), self.busy.eq(images.busy),
            self.fault.eq(images.refused),
        ]
        self._state(m, registers, images, chip)
        return m

    def _inputs(self, m, executor, registers, images, chip):
        """Stores of what the chip reads."""
        config, control, stores = self.config, registers.control, []
        for at, (space, width, depth, port) in enumerate((
                (Space.PROGRAM, 32, config.program_words, chip.i_descriptors),
                (Space.WEIGHTS, config.chip.weight_bits, config.weight_words, chip.i_weights),
                (Space.PIXELS, 16, config.pixel_words, chip.i_pixels))):
            name = space.name
            m.submodules[f"{name.lower()}_store"] = store = InputStore(
                width, depth, partial=space == Space.WEIGHTS)
            if store.partial:
                m.d.comb += [store.keep.eq(control.WEIGHTS_KEEP),
                             store.words.eq(control.WEIGHTS_WORDS)]
            stores.append(store)
            wiring.connect(m, store.o, port)
            m.d.comb += [
                store.word.eq(executor.word_out),
                store.write.eq(executor.write & (executor.space == space)),
                store.replay.eq(control.REPLAY[at]), store.items.eq(control[f"{name}_ITEMS"]),
                store.start.eq(images.start), store.peek_address.eq(executor.address),
                store.peek.eq(executor.peek & (executor.space == space)),
                executor.written[at].eq(store.written), executor.room[at].eq(store.room),
                executor.crc[at].eq(store.crc),
            ]
        m.d.comb += executor.replay.eq(control.REPLAY[:len(INPUTS)])
        return stores

    def _outputs(self, m, executor, images, chip):
        """Rings of what the chip writes."""
        config = self.config
        packers, rings, ended = [], [], []
        for at, (space, width, depth) in enumerate((
                (Space.RESULTS, 16, config.result_words),
                (Space.REPORTS, len(chip.o_reports.payload.as_value()), config.report_words))):
            name = space.name.lower()
            m.submodules[f"{name}_packer"] = packer = ItemPacker(width)
            m.submodules[f"{name}_ring"] = ring = OutputRing(depth)
            packers.append(packer)
            rings.append(ring)
            wiring.connect(m, packer.o, ring.i)
            ended.append(Signal(name=f"{name}_ended"))
            m.d.comb += [
                packer.flush.eq(images.flush), ring.finish.eq(images.finish & ~ended[at]),
                ring.address.eq(executor.address), ring.free.eq(executor.free),
                ring.freeing.eq(executor.freeing[at]), executor.freed[at].eq(ring.freed),
                executor.written[len(INPUTS) + at].eq(ring.written),
            ]
            with m.If(images.finish & ring.finished):
                m.d.sync += ended[at].eq(1)
            with m.If(images.finished):
                m.d.sync += ended[at].eq(0)
        results, reports = packers
        wiring.connect(m, chip.o_pixels, results.i)
        m.d.comb += [
            reports.i.payload.eq(chip.o_reports.payload), reports.i.valid.eq(chip.o_reports.valid),
            chip.o_reports.ready.eq(reports.i.ready), images.report.eq(chip.o_reports.payload),
            images.reported.eq(chip.o_reports.valid & reports.i.ready),
            images.flushed.eq(results.empty & reports.empty),
            images.finished.eq(ended[0] & ended[1]),
        ]
        return rings

    def _words(self, m, executor, registers, stores, rings):
        """What the executor reads."""
        with m.Switch(executor.space):
            with m.Case(Space.REGISTERS):
                m.d.comb += executor.word.eq(registers.word)
            for space, store in zip(INPUTS, stores, strict=True):
                with m.Case(space):
                    m.d.comb += executor.word.eq(store.peek_word)
            for space, ring in zip(OUTPUTS, rings, strict=True):
                with m.Case(space):
                    m.d.comb += executor.word.eq(ring.word)

    def _state(self, m, registers, images, chip):
        """State registers."""
        state = registers.state
        waits = Cat(*(Cat(port.valid, port.ready) for port in (
            chip.i_descriptors, chip.i_weights, chip.i_pixels, chip.o_pixels, chip.o_reports)))
        lowest = {name: low for name, low, _, _ in register_named("STATUS").fields}
        m.d.comb += [
            state.STATUS.eq(Cat(images.busy) | waits << lowest["descriptors_valid"]),
            state.FAULT.eq(Fault.REFUSED * images.refused | Fault.STOPPED * images.stopped),
            state.IMAGES_DONE.eq(images.done),
        ]

"""State of Mac&Load: pointers, formats, slices and the operand registers (NN-RF).

Source: arXiv 2307.01056, sections on the mixed-precision and the Mac&Load controller.
"""

from amaranth.hdl import Array, Const, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from ..formats import FORMAT_BITS, FormatControl, FormatDecoder
from ..isa import CSRS

__all__ = ["CONTROLLER_CSRS", "Controllers", "Undo"]

# Registers that this module holds, by extension.
CONTROLLER_CSRS = {extension: [name for name, csr in CSRS.items() if csr.extension == extension]
                   for extension in ("dot", "macload", "macload_third")}


class Undo(data.Struct):
    """State before a Mac&Load, to be restored when its load fails."""

    pointer: 32
    count: 16
    count2: 16
    slice_index: 3
    dots: 5


class Controllers(wiring.Component):
    """Mixed-precision controller and Mac&Load controller.

    Members
    -------
    legacy : formats come from instructions. control : of the format in CSR ivec_fmt.
    slice_index : slice for the next dot product, modulo the number of slices.
    a_pointer, w_pointer : addresses of the next loads.
    selected_w : the instruction in execute loads on channel w.
    step_a, step_w : a load on this channel executes. count : a dot product executes.
    undo : what is needed to take that back; ``restore`` with ``restored`` does so for channel w
        if ``restore_w``, else a.
    areg, wreg, a, w : operand registers read.
    load, load_w, load_number, load_value : an operand register is written with a loaded word.
    csr_write, csr_value : write strobes by register, as in ``names``; values : the registers.
    """

    def __init__(self, extensions):
        self.names = [name for extension, names in CONTROLLER_CSRS.items()
                      if extension in extensions for name in names]
        self._macload = "macload" in extensions
        self._third = "macload_third" in extensions
        super().__init__({
            "legacy": Out(1), "control": Out(FormatControl), "slice_index": Out(3),
            "a_pointer": Out(32), "w_pointer": Out(32), "step_a": In(1), "step_w": In(1),
            "count": In(1), "undo": Out(Undo), "restore": In(1), "restored": In(Undo),
            "restore_w": In(1), "selected_w": In(1), "restore_dots": In(1),
            "restore_pointer": In(1),
            "areg": In(1), "wreg": In(2), "a": Out(32), "w": Out(32),
            "load": In(1), "load_w": In(1), "load_number": In(2), "load_value": In(32),
            "csr_write": In(max(1, len(self.names))), "csr_value": In(32),
            "values": Out(32).array(max(1, len(self.names))),
        })

    def elaborate(self, platform):
        m = Module()
        self._registers = {}
        for i, name in enumerate(self.names):
            width = CSRS[name].writable.bit_length()
            register = Signal(width, name=name, init=CSRS[name].reset)
            self._registers[name] = register
            m.d.comb += self.values[i].eq(register)
        if self.names:
            self._formats(m)
        if self._macload:
            self._pointers(m)
            self._operands(m)
        # Software writes come last: they win over what the hardware does in the same cycle.
        for i, name in enumerate(self.names):
            with m.If(self.csr_write[i]):
                m.d.sync += self._registers[name].eq(self.csr_value)
                for counter in {"macl_a_address": ("a_count", "a_count2"),
                                "macl_w_address": ("w_count",)}.get(name, ()):
                    if counter in self._registers:
                        m.d.sync += self._registers[counter].eq(0)
        return m

    def _formats(self, m):
        r = self._registers
        m.submodules.decoder = decoder = FormatDecoder()
        slices_less_one, index, dots = Signal(3), r["ivec_mixed_cycle"], r["mixed_count"]
        m.d.comb += [
            decoder.code.eq(r["ivec_fmt"][:FORMAT_BITS]), self.control.eq(decoder.control),
            self.legacy.eq(r["sb_legacy"]),
            slices_less_one.eq(Array([Const(v, 3) for v in (0, 1, 3, 7)])[self.control.ratio]),
            self.slice_index.eq(index),
            self.undo.slice_index.eq(index), self.undo.dots.eq(dots),
        ]
        with m.If(self.count):
            with m.If(dots + 1 >= r["ivec_skip_size"]):
                m.d.sync += [dots.eq(0), index.eq(Mux(index >= slices_less_one, 0, index + 1))]
            with m.Else():
                m.d.sync += dots.eq(dots + 1)
        with m.If(self.restore & self.restore_dots):
            m.d.sync += [dots.eq(self.restored.dots), index.eq(self.restored.slice_index)]

    def _pointers(self, m):
        r = self._registers
        m.d.comb += [self.a_pointer.eq(r["macl_a_address"]), self.w_pointer.eq(r["macl_w_address"]),
                     self.undo.pointer.eq(Mux(self.selected_w, self.w_pointer, self.a_pointer)),
                     self.undo.count.eq(Mux(self.selected_w, r["w_count"], r["a_count"])),
                     self.undo.count2.eq(r.get("a_count2", 0))]
        for channel, step in (("a", self.step_a), ("w", self.step_w)):
            pointer, count = r[f"macl_{channel}_address"], r[f"{channel}_count"]
            rolls, added = Signal(name=f"{channel}_rolls"), Signal(32, name=f"{channel}_added")
            m.d.comb += [rolls.eq(count >= r[f"{channel}_skip"]),
                         added.eq(Mux(rolls, r[f"{channel}_rollback"], r[f"{channel}_stride"]))]
            if channel == "a" and self._third:
                third, count2 = Signal(), r["a_count2"]
                m.d.comb += third.eq(rolls & (r["a_skip2"] != 0))
                with m.If(third & (count2 >= r["a_skip2"])):
                    m.d.comb += added.eq(r["a_rollback2"])
                with m.If(step & third):
                    m.d.sync += count2.eq(Mux(count2 >= r["a_skip2"], 0, count2 + 1))
            with m.If(step):
                m.d.sync += [pointer.eq(pointer + added), count.eq(Mux(rolls, 0, count + 1))]
        with m.If(self.restore & self.restore_pointer):
            with m.If(self.restore_w):
                m.d.sync += [r["macl_w_address"].eq(self.restored.pointer),
                             r["w_count"].eq(self.restored.count)]
            with m.Else():
                m.d.sync += [r["macl_a_address"].eq(self.restored.pointer),
                             r["a_count"].eq(self.restored.count)]
                if self._third:
                    m.d.sync += r["a_count2"].eq(self.restored.count2)

    def _operands(self, m):
        r = self._registers
        weights = [r[f"nn_w{i}"] for i in range(4)]
        activations = [r[f"nn_a{i}"] for i in range(2)]
        m.d.comb += [self.w.eq(Array(weights)[self.wreg]), self.a.eq(Array(activations)[self.areg])]
        for i, register in enumerate(weights):
            with m.If(self.load & self.load_w & (self.load_number == i)):
                m.d.sync += register.eq(self.load_value)
        for i, register in enumerate(activations):
            with m.If(self.load & ~self.load_w & (self.load_number == i)):
                m.d.sync += register.eq(self.load_value)

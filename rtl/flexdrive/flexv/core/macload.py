"""State of Mac&Load: pointers, formats, slices and the operand registers (NN-RF).

Source: arXiv 2307.01056, sections on the mixed-precision and the Mac&Load controller.
"""

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal
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

    Combinational from ``areg`` to ``a``, ``wreg`` and ``offset`` to ``w``, ``selected_w`` to
    ``undo``. Latency: what changes a register in cycle t shows from t + 1.

    Members
    -------
    legacy : formats come from instructions. control : of the format in CSR ivec_fmt.
    slice_index : slice for the next dot product, modulo the number of slices.
    a_pointer, w_pointer : addresses of the next loads.
    steps, selected_w : the instruction in execute loads through a pointer, of channel w or a.
    counts : it is a dot product. go : it leaves in this cycle, which is known last.
    undo : what is needed to take that back; ``restore`` with ``restored`` does so for channel w
        if ``restore_w``, else a.
    areg, wreg, a, w : operand registers read. funnel, offset : w is the word from this bit on of
        the registers wreg and, above it, wreg + 1.
    load, load_w, load_number, load_value : an operand register is written with a loaded word.
    csr_write, csr_value : write strobes by register, as in ``names``; values : the registers.
    """

    def __init__(self, extensions):
        self.names = [name for extension, names in CONTROLLER_CSRS.items()
                      if extension in extensions for name in names]
        self._macload = "macload" in extensions
        self._third = "macload_third" in extensions
        self._funnel = "macload_funnel" in extensions
        super().__init__({
            "legacy": Out(1), "control": Out(FormatControl), "slice_index": Out(3),
            "a_pointer": Out(32), "w_pointer": Out(32), "steps": In(1),
            "counts": In(1), "go": In(1), "undo": Out(Undo), "restore": In(1), "restored": In(Undo),
            "restore_w": In(1), "selected_w": In(1), "restore_dots": In(1),
            "restore_pointer": In(1),
            "areg": In(1), "wreg": In(2), "a": Out(32), "w": Out(32),
            **({"funnel": In(1), "offset": In(5)} if self._funnel else {}),
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
        # Registers that change by themselves: whether the instruction in execute makes them,
        # of what value; whether they are restored, to what value; whether something else clears
        # them.
        self._moving = {}
        if self.names:
            self._formats(m)
        if self._macload:
            self._pointers(m)
            self._operands(m)
        for i, name in enumerate(self.names):
            self._update(m, name, self.csr_write[i])
        return m

    def _update(self, m, name, written):
        """Chosen by what is known early; what is known late only enables."""
        register = self._registers[name]
        if name not in self._moving:
            with m.If(written):
                m.d.sync += register.eq(self.csr_value)
            return
        moves, value, restores, restored, clears = self._moving[name]
        with m.If(written | clears | restores | (moves & self.go)):
            # An instruction that writes a register moves none.
            m.d.sync += register.eq(Mux(restores, restored, Mux(
                moves, value, Mux(clears, 0, self.csr_value))))

    def _formats(self, m):
        r = self._registers
        m.submodules.decoder = decoder = FormatDecoder()
        slices_less_one, index, dots = Signal(3), r["ivec_mixed_cycle"], r["mixed_count"]
        ends, restores = Signal(), self.restore & self.restore_dots
        m.d.comb += [
            decoder.code.eq(r["ivec_fmt"][:FORMAT_BITS]), self.control.eq(decoder.control),
            self.legacy.eq(r["sb_legacy"]),
            slices_less_one.eq(Array([Const(v, 3) for v in (0, 1, 3, 7)])[self.control.ratio]),
            self.slice_index.eq(index), ends.eq(dots + 1 >= r["ivec_skip_size"]),
            self.undo.slice_index.eq(index), self.undo.dots.eq(dots),
        ]
        self._moving["mixed_count"] = (self.counts, Mux(ends, 0, dots + 1), restores,
                                       self.restored.dots, 0)
        self._moving["ivec_mixed_cycle"] = (
            self.counts & ends, Mux(index >= slices_less_one, 0, index + 1), restores,
            self.restored.slice_index, 0)

    def _pointers(self, m):
        r = self._registers
        m.d.comb += [self.a_pointer.eq(r["macl_a_address"]), self.w_pointer.eq(r["macl_w_address"]),
                     self.undo.pointer.eq(Mux(self.selected_w, self.w_pointer, self.a_pointer)),
                     self.undo.count.eq(Mux(self.selected_w, r["w_count"], r["a_count"])),
                     self.undo.count2.eq(r.get("a_count2", 0))]
        for channel, selected in (("a", ~self.selected_w), ("w", self.selected_w)):
            address = f"macl_{channel}_address"
            pointer, count = r[address], r[f"{channel}_count"]
            rolls, added = Signal(name=f"{channel}_rolls"), Signal(32, name=f"{channel}_added")
            steps, cleared = self.steps & selected, self.csr_write[self.names.index(address)]
            restores = self.restore & self.restore_pointer & (
                self.restore_w if channel == "w" else ~self.restore_w)
            m.d.comb += [rolls.eq(count >= r[f"{channel}_skip"]),
                         added.eq(Mux(rolls, r[f"{channel}_rollback"], r[f"{channel}_stride"]))]
            if channel == "a" and self._third:
                self._third_level(m, steps, restores, rolls, added, cleared)
            self._moving[address] = (steps, (pointer + added)[:32], restores,
                                     self.restored.pointer, 0)
            self._moving[f"{channel}_count"] = (steps, Mux(rolls, 0, count + 1), restores,
                                                self.restored.count, cleared)

    def _third_level(self, m, steps, restores, rolls, added, cleared):
        r, third, last = self._registers, Signal(), Signal()
        count2, skip2 = r["a_count2"], r["a_skip2"]
        m.d.comb += [third.eq(rolls & (skip2 != 0)), last.eq(count2 >= skip2)]
        with m.If(third & last):
            m.d.comb += added.eq(r["a_rollback2"])
        self._moving["a_count2"] = (steps & third, Mux(last, 0, count2 + 1), restores,
                                    self.restored.count2, cleared)

    def _operands(self, m):
        r = self._registers
        weights = [r[f"nn_w{i}"] for i in range(4)]
        activations = [r[f"nn_a{i}"] for i in range(2)]
        word = Array(weights)[self.wreg]
        m.d.comb += self.a.eq(Array(activations)[self.areg])
        if self._funnel:
            # Even bits, the largest step first: what is shifted becomes shorter.
            above, steps = Array([*weights[1:], weights[0]])[self.wreg], self.offset[1:]
            word = Cat(word, above)[:62]
            for step in reversed(range(4)):
                distance = 2 << step
                taken = steps[step] & self.funnel
                word = Mux(taken, word[distance:], word[:30 + distance])
        m.d.comb += self.w.eq(word)
        for i, register in enumerate(weights):
            with m.If(self.load & self.load_w & (self.load_number == i)):
                m.d.sync += register.eq(self.load_value)
        for i, register in enumerate(activations):
            with m.If(self.load & ~self.load_w & (self.load_number == i)):
                m.d.sync += register.eq(self.load_value)

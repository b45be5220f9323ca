"""Kernels of dot products as assembly, all from one template: a tile of pixels times groups of 4
channels, operands loaded by the products themselves (Mac&Load), results packed by rq.pack.

A kernel of :class:`DotKernel` is called with the address of a ``struct net_tile``
(firmware/network/dots.h). Nothing is copied: the controller of activations walks from pixel to
pixel, from word to word, from row to row of the source (its three levels); weights lie in the order
of their use.

For each word of the narrower operand: 4 dot products for each slice of it and each pixel. While the
last pixel is multiplied, its four products load the next weights; the last product of any other
pixel loads the next but one pixel's activations into the register that it multiplies, and the first
product of the first pixel those of the second (``.x``). With one pixel activations need an
instruction of their own.
"""

from dataclasses import dataclass

from flexdrive.flexv.formats import format_code
from flexdrive_deploy.flexv.network import ir

from .scales import packed_scales
from .storage import storage_of
from .weights import layer_kind, taps_by_column

__all__ = ["DotKernel", "Dots", "dots_of", "dots_source"]

_ACCUMULATORS = ("a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
                 "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9")
_MULTIPLIERS, _ADDENDS = ("s0", "s1", "ra", "gp"), ("tp", "t0", "t1", "t2")
_OUT, _SCALES, _WORD, _STEP, _PLACE, _TILE = "t3", "t4", "t5", "t6", "s10", "s11"
_SAVED = ("ra", "gp", "tp", *(f"s{i}" for i in range(12)))
# Offsets in struct net_tile.
_FIELDS = {name: 4 * index for index, name in enumerate(
    ("a", "a_step", "w", "scales", "out", "groups", "iterations", "steps", None, None, None,
     "tiles", "a_tile", "out_tile"))}
_STORES = {8: "p.sw.rpost", 4: "p.sh.rpost", 2: "p.sb.rpost"}
_GROUP_BYTES = 48
_ONE = 4


@dataclass(frozen=True)
class DotKernel:
    """One combination.

    Attributes
    ----------
    a_bits, w_bits : 8, 4 or 2. out_bits : of packed results; 32: sums, for C to finish.
    pixels : of a tile, 4, 2 or 1; 4 only for activations that are not narrower than weights.
    single : depthwise: the source moves on from group to group.
    """

    a_bits: int
    w_bits: int
    out_bits: int
    pixels: int
    single: bool = False

    @property
    def symbol(self):
        """Name of the function."""
        return (f"net_dots_a{self.a_bits}w{self.w_bits}o{self.out_bits}{'d' * self.single}"
                f"_{self.pixels}")

    def _body(self):
        """Dot products of one word of the narrower operand."""
        lines = []
        w_slices, a_slices = (max(1, self.a_bits // self.w_bits),
                              max(1, self.w_bits // self.a_bits))
        for index in range(w_slices * a_slices):
            refills = index % w_slices == w_slices - 1
            last = index == w_slices * a_slices - 1
            for pixel in range(self.pixels):
                for channel in range(_ONE):
                    load = ""
                    if refills and pixel == self.pixels - 1:
                        load = ".w"
                    elif self.pixels > 1 and (a_slices == 1 or last) and channel == _ONE - 1 \
                            and pixel < self.pixels - 1:
                        load = ".a"
                    elif self.pixels > 1 and pixel == channel == 0 and (
                            a_slices == 1 or index == 0):
                        load = ".x"
                    lines.append(f"\tml.sdotsup{load} {_ACCUMULATORS[_ONE * pixel + channel]}, "
                                 f"zero, {channel}, {pixel % 2}, 0")
            if self.pixels == 1 and (a_slices == 1 or last):
                lines.append("\tml.sdotsup.a zero, zero, 0, 0, 0")
        return lines

    def _place(self):
        """The source of a group: pointer and the first word."""
        lines = []
        if self.single:
            lines = [f"\tandi {_WORD}, {_PLACE}, -4", f"\tcsrw CSR_MACL_A_ADDRESS, {_WORD}",
                     f"\tlw {_STEP}, {_FIELDS['a_step']}({_TILE})",
                     f"\tlw {_WORD}, {_FIELDS['iterations']}({_TILE})",
                     "\tml.sdotsup.a zero, zero, 0, 0, 0",
                     f"\tadd {_PLACE}, {_PLACE}, {_STEP}"]
        else:
            lines = [f"\tcsrw CSR_MACL_A_ADDRESS, {_PLACE}",
                     f"\tlw {_WORD}, {_FIELDS['iterations']}({_TILE})",
                     "\tml.sdotsup.a zero, zero, 0, 0, 0"]
        return lines

    def _starts(self, offset):
        """Accumulators begin with what is ``offset`` bytes behind the scales."""
        return [f"\tlw {_ACCUMULATORS[i]}, {offset + 4 * i}({_SCALES})" if i < _ONE else
                f"\tmv {_ACCUMULATORS[i]}, {_ACCUMULATORS[i % _ONE]}"
                for i in range(_ONE * self.pixels)]

    def _epilogue(self):
        """Results of a tile; accumulators begin anew with what the next group's do."""
        starts = self._starts(_GROUP_BYTES)
        move = f"\taddi {_SCALES}, {_SCALES}, {_GROUP_BYTES}"
        if self.out_bits == 32:
            stores = [f"\tp.sw.post {_ACCUMULATORS[i]}, {_OUT}, 4"
                      for i in range(_ONE * self.pixels)]
            return [*stores, *starts, move]
        lines = [f"\tlw {register}, {16 + 4 * i}({_SCALES})"
                 for i, register in enumerate((*_MULTIPLIERS, *_ADDENDS))]
        store = f"\t{_STORES[self.out_bits]} {_WORD}, {_OUT}, {_STEP}"
        for pixel in range(self.pixels):
            part = slice(_ONE * pixel, _ONE * pixel + _ONE)
            lines += [f"\trq.pack {acc}, {multiplier}, {addend}" for acc, multiplier, addend in
                      zip(_ACCUMULATORS[part], _MULTIPLIERS, _ADDENDS, strict=True)]
            if pixel:
                lines.append(store)
            # Between the last rq.pack and the packed word.
            lines += [*starts[part], f"\tlw {_STEP}, {_FIELDS['steps'] + 4 * pixel}({_TILE})",
                      f"\tcsrrw {_WORD}, CSR_RQ_WORD, zero"]
        return [*lines, move, store]

    def _next_tile(self):
        """The tile behind; registers of the accumulators are free."""
        lines = [f"\tlw a0, {_FIELDS['tiles']}({_TILE})"]
        pairs = [("a1", "a"), ("a2", "a_tile"), ("a3", "out"), ("a4", "out_tile")]
        lines += [f"\tlw {register}, {_FIELDS[name]}({_TILE})" for register, name in pairs]
        return [*lines, "\taddi a0, a0, -1", "\tadd a1, a1, a2", "\tadd a3, a3, a4",
                f"\tsw a0, {_FIELDS['tiles']}({_TILE})", f"\tsw a1, {_FIELDS['a']}({_TILE})",
                f"\tsw a3, {_FIELDS['out']}({_TILE})", f"\tbnez a0, {self.symbol}_tile"]

    def text(self):
        """The function."""
        body, epilogue = self._body(), self._epilogue()
        return "\n".join([
            f"\t.globl {self.symbol}", f"\t.type {self.symbol}, @function", f"{self.symbol}:",
            f"\taddi sp, sp, -{4 * len(_SAVED)}",
            *(f"\tsw {register}, {4 * i}(sp)" for i, register in enumerate(_SAVED)),
            f"\tmv {_TILE}, a0", f"{self.symbol}_tile:",
            *(f"\tlw {register}, {_FIELDS[name]}({_TILE})" for register, name in
              ((_WORD, "w"), (_SCALES, "scales"), (_PLACE, "a"), (_STEP, "groups"),
               (_OUT, "out"))),
            f"\tcsrw CSR_MACL_W_ADDRESS, {_WORD}",
            *self._starts(0),
            *(f"\tml.sdotsup.w zero, zero, {channel}, 0, 0" for channel in range(_ONE)),
            f"\tlp.setup 1, {_STEP}, {self.symbol}_group", *self._place(),
            f"\tlp.setup 0, {_WORD}, {self.symbol}_word", *body[:-1],
            f"{self.symbol}_word:{body[-1]}", *epilogue[:-1],
            f"{self.symbol}_group:{epilogue[-1]}", *self._next_tile(),
            *(f"\tlw {register}, {4 * i}(sp)" for i, register in enumerate(_SAVED)),
            f"\taddi sp, sp, {4 * len(_SAVED)}", "\tret",
            f"\t.size {self.symbol}, . - {self.symbol}"])


@dataclass(frozen=True)
class ColumnKernel:
    """Depthwise with a kernel of 3 x 3: 4 rows of a column, 4 channels, column by column, from
    words that hold 4 rows of a channel; called with a ``struct net_columns``. A channel and a
    column of the kernel take 4 dot products, which load the next rows and the weights after
    next."""

    out_bits: int

    @property
    def symbol(self):
        """Name of the function."""
        return f"net_columns_o{self.out_bits}"

    @staticmethod
    def _body():
        lines = []
        for step in range(12):
            channel, weight = step // 3, step % 2 * 2
            for row, (load, register) in enumerate(((".x", 0), (".a", 0), (".w", 1), (".w", 1))):
                lines.append(f"\tml.sdotsup{load} {_ACCUMULATORS[_ONE * row + channel]}, zero, "
                             f"{weight + row % 2}, {register}, 0")
        return lines

    def _epilogue(self):
        tile = DotKernel(8, 8, self.out_bits, 4)
        starts, lines = tile._starts(0), []
        store = f"\t{_STORES[self.out_bits]} {_WORD}, {_OUT}, {_STEP}"
        for pixel in range(4):
            part = slice(_ONE * pixel, _ONE * pixel + _ONE)
            lines += [f"\trq.pack {acc}, {multiplier}, {addend}" for acc, multiplier, addend in
                      zip(_ACCUMULATORS[part], _MULTIPLIERS, _ADDENDS, strict=True)]
            lines += [*([store] if pixel else []), *starts[part],
                      f"\tcsrrw {_WORD}, CSR_RQ_WORD, zero"]
        return [*lines, f"\t{_STORES[self.out_bits]} {_WORD}, {_OUT}, {_PLACE}"]

    def text(self):
        """The function."""
        fields = {_WORD: 0, _PLACE: 4, _SCALES: 8, _OUT: 12, _STEP: 20}
        epilogue = self._epilogue()
        return "\n".join([
            f"\t.globl {self.symbol}", f"\t.type {self.symbol}, @function", f"{self.symbol}:",
            f"\taddi sp, sp, -{4 * len(_SAVED)}",
            *(f"\tsw {register}, {4 * i}(sp)" for i, register in enumerate(_SAVED)),
            f"\tmv {_TILE}, a0", "\tcsrwi CSR_SB_LEGACY, 0",
            *(f"\tlw {register}, {offset}({_TILE})" for register, offset in fields.items()),
            f"\tcsrw CSR_MACL_A_ADDRESS, {_WORD}", f"\tcsrw CSR_MACL_W_ADDRESS, {_PLACE}",
            f"\tlw {_PLACE}, 24({_TILE})", f"\tlw {_WORD}, 16({_TILE})",
            *(f"\tlw {register}, {16 + 4 * i}({_SCALES})"
              for i, register in enumerate((*_MULTIPLIERS, *_ADDENDS))),
            *DotKernel(8, 8, self.out_bits, 4)._starts(0),
            *(f"\tml.sdotsup.w zero, zero, {channel}, 0, 0" for channel in range(_ONE)),
            "\tml.sdotsup.a zero, zero, 0, 0, 0",
            f"\tlp.setup 0, {_WORD}, {self.symbol}_column", *self._body(), *epilogue[:-1],
            f"{self.symbol}_column:{epilogue[-1]}", "\tcsrwi CSR_SB_LEGACY, 1",
            *(f"\tlw {register}, {4 * i}(sp)" for i, register in enumerate(_SAVED)),
            f"\taddi sp, sp, {4 * len(_SAVED)}", "\tret",
            f"\t.size {self.symbol}, . - {self.symbol}"])


@dataclass(frozen=True, order=True)
class Dots:
    """Kernels of one combination of widths, one for each size of tile; fields as of
    :class:`DotKernel`."""

    a_bits: int
    w_bits: int
    out_bits: int
    single: bool
    columns: bool = False

    @property
    def name(self):
        """Behind "net_dots_" that of the ``struct net_dots``."""
        kind = "c" if self.columns else "d" * self.single
        return f"a{self.a_bits}w{self.w_bits}o{self.out_bits}{kind}"

    def text(self):
        """Functions and the struct."""
        most = () if self.columns else (4, 2, 1) if self.a_bits >= self.w_bits else (2, 1)
        kernels = [DotKernel(self.a_bits, self.w_bits, self.out_bits, pixels, self.single)
                   for pixels in most]
        slices = [max(1, self.a_bits // self.w_bits), max(1, self.w_bits // self.a_bits)]
        log_w, log_a = (each.bit_length() - 1 for each in slices)
        symbol, columns = f"net_dots_{self.name}", ColumnKernel(self.out_bits)
        table = ["#ifdef NETWORK_CLUSTER", "\t.section .l1_data, \"a\"", "#else",
                 f"\t.section .rodata.{symbol}, \"a\"", "#endif", "\t.balign 4",
                 f"\t.globl {symbol}", f"{symbol}:",
                 f"\t.word {format_code(self.a_bits, self.w_bits)}, {max(most, default=0)}, "
                 f"{log_w}, {log_a}, {self.out_bits}, {columns.symbol if self.columns else 0}",
                 "\t.word " + ", ".join([*("0" for _ in range(3 - len(most))),
                                         *(kernel.symbol for kernel in kernels)])]
        return "\n".join([f"\t.section .text.{symbol}, \"ax\"", "\t.balign 4",
                          *(kernel.text() for kernel in kernels),
                          *([columns.text()] if self.columns else []), *table])


def dots_of(step):
    """The :class:`Dots` that a step uses, or None."""
    node = step.node
    if not isinstance(node, ir.Convolution) or layer_kind(node) == "grouped":
        return None
    if taps_by_column(step):
        return Dots(8, 8, step.output.lane, True, True)
    source = storage_of(step.sources[0])
    single = layer_kind(node) == "depthwise"
    # Words of a window's row lie at equal distances.
    even = single or source.pixel_words == 1 or node.dilations[1] == 1 or node.weights.shape[3] == 1
    if source.bits > 8 or not even:
        return None
    packed = packed_scales(step) is not None
    return Dots(source.bits, node.weight_bits, step.output.lane if packed else 32, single)


def dots_source(combinations):
    """Text of an assembly file with the kernels of some :class:`Dots`."""
    # Loops of whole words: none begins with half of an instruction.
    return "\n".join(["// Dot products of the layers' widths, generated by flexdrive.", "",
                      "\t.include \"flexv.inc\"", "\t.option norelax", "\t.option norvc",
                      *("\n" + each.text() for each in sorted(combinations)), ""])

"""Which kernels of dot products a network needs, and their assembly."""

from dataclasses import dataclass

from flexdrive.flexv.formats import format_code
from flexdrive_deploy.errors import ModelError
from flexdrive_deploy.flexv.network import ir

from .dot_kernel import DotKernel
from .scales import packed_scales, unused_bits
from .storage import storage_of
from .strip_kernel import StripKernel
from .strips import Strips, layer_kind, strips_of
from .weights import channel_words
from .xpulp_kernel import XPULP_STYLES, XpulpKernel

__all__ = ["Dots", "check_compared", "dots_of", "dots_source"]

@dataclass(frozen=True, order=True)
class Dots:
    """Kernels of one combination of widths, one for each size of tile, fields as of
    :class:`DotKernel`; or that of depthwise layers as :class:`.strips.Strips`."""

    a_bits: int
    w_bits: int
    out_bits: int
    single: bool
    strips: tuple[Strips, ...] = ()
    unused: int = 0
    short: bool = False
    planar: bool = False

    @property
    def name(self):
        """Behind "net_dots_" that of the ``struct net_dots``."""
        kind = self.strips[0].name if self.strips else "d" * self.single
        unused = f"u{self.unused}" * bool(self.unused)
        return (f"a{self.a_bits}w{self.w_bits}o{self.out_bits}{unused}{kind}"
                f"{'s' * self.short}{'p' * self.planar}")

    def _kernels(self, instructions):
        """For each size of a tile, the largest first."""
        if instructions not in XPULP_STYLES:
            most = ((4, 2, 1) if self.a_bits >= self.w_bits else (2, 1))[:1 if self.planar else 3]
            most = () if self.strips else most
            return [DotKernel(self.a_bits, self.w_bits, self.out_bits, pixels, self.single,
                              self.unused, self.short, instructions != "flexv-clear", self.planar)
                    for pixels in most]
        return [XpulpKernel(self.a_bits, self.out_bits, pixels, XPULP_STYLES[instructions],
                            self.short)
                for pixels in ((4, 2, 1) if self.a_bits == 8 else (2, 1))]

    def text(self, instructions="flexv"):
        """Functions and the struct."""
        kernels = self._kernels(instructions)
        slices = [max(1, self.a_bits // self.w_bits), max(1, self.w_bits // self.a_bits)]
        log_w, log_a = (each.bit_length() - 1 for each in slices)
        symbol, step, down, lines, strips = f"net_dots_{self.name}", 0, 0, 0, None
        for each in self.strips:
            strips = StripKernel(each.rows, each.step, self.out_bits, self.unused, each.planar)
            step, down, lines = each.step, int(each.down), strips.symbol
        most = kernels[0].pixels if kernels else 0
        missing = 0 if self.planar else 3 - len(kernels)
        table = ["#ifdef NETWORK_CLUSTER", "\t.section .l1_data, \"a\"", "#else",
                 f"\t.section .rodata.{symbol}, \"a\"", "#endif", "\t.balign 4",
                 f"\t.globl {symbol}", f"{symbol}:",
                 f"\t.word {format_code(self.a_bits, self.w_bits)}, {most}, "
                 f"{log_w}, {log_a}, {self.out_bits}, {self.unused}, "
                 f"{step}, {down}, {lines}",
                 "\t.word " + ", ".join([*("0" for _ in range(missing)),
                                         *(kernel.symbol for kernel in kernels),
                                         *("0" for _ in range(3 - missing - len(kernels)))])]
        return "\n".join([f"\t.section .text.{symbol}, \"ax\"", "\t.balign 4",
                          *(kernel.text() for kernel in kernels),
                          *([strips.text()] if strips else []), *table])


def dots_of(step):
    """The :class:`Dots` that a step uses, or None."""
    node = step.node
    if not isinstance(node, ir.Convolution) or layer_kind(node) == "grouped":
        return None
    strips = strips_of(step)
    if strips:
        return Dots(8, 8, step.output.lane, True, (strips,), unused_bits(step.output))
    source = storage_of(step.sources[0])
    single = layer_kind(node) == "depthwise"
    # Words of a window's row lie at equal distances.
    even = single or source.pixel_words == 1 or node.dilations[1] == 1 or node.weights.shape[3] == 1
    if source.bits > 8 or not even:
        return None
    if packed_scales(step) is None:
        return Dots(source.bits, node.weight_bits, 32, single)
    words = channel_words(node, step.sources[0]) // max(1, node.weight_bits // source.bits)
    return Dots(source.bits, node.weight_bits, step.output.lane, single,
                unused=unused_bits(step.output), short=words < 2, planar=step.planar_output)


def check_compared(step, instructions):
    """Raises ModelError when a step is no layer that :class:`.xpulp_kernel.XpulpKernel` makes."""
    if not isinstance(step.node, ir.Convolution):
        return
    dots = dots_of(step)
    plain = dots is not None and dots.out_bits < 32 and dots == Dots(
        dots.a_bits, dots.a_bits, dots.out_bits, False, short=dots.short)
    if not plain or not 32 <= step.rule.shift < 64 or not 0 < step.rule.addend_shift < 32:
        raise ModelError(f"Node {step.name}: there is no kernel of {instructions} for it. What "
                         "would pass: a convolution of one group, weights as wide as activations, "
                         "behind it a quantizer of 8, 4 or 2 bits whose steps are no powers of two")


def dots_source(combinations, instructions="flexv"):
    """Text of an assembly file with the kernels of some :class:`Dots`; ``instructions`` as of
    :func:`~.compiled.compile_network`."""
    # Loops of whole words: none begins with half of an instruction.
    return "\n".join(["// Dot products of the layers' widths, generated by flexdrive.", "",
                      "\t.include \"flexv.inc\"", "\t.option norelax", "\t.option norvc",
                      *("\n" + each.text(instructions) for each in sorted(combinations)), ""])

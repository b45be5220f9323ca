"""Dot products of packed lanes, and Mac&Load.

Source: arXiv 2307.01056 and the encodings published with it. ``.x`` (both load bits set) is an
extension of ours at a free code point: the activation register that is *not* multiplied is
loaded, so that a loop of 16 dot products needs no further instruction for its loads.

``ml.f`` (a lane funnel) is another one: the operand is a word at any even bit of two registers that
lie one behind the other, for sums along a row that move on lane by lane. Both kinds of operand
registers change their places in it, as do the pointers that they are loaded through: four words of
activations are two pairs, of which one is loaded while the other is multiplied. In the place of the
format, which is in a CSR, is one that does not exist.
"""

from .encoding import parse_table

__all__ = ["DOT", "FUNNEL"]

# name, operation bits 31:26, flags; rs1 holds activations (first letter), rs2 weights.
_FAMILIES = (
    ("pv.dotup", "100000", ""), ("pv.dotusp", "100010", ""), ("pv.dotsp", "100110", ""),
    ("pv.sdotup", "101000", "acc"), ("pv.sdotusp", "101010", "acc"),
    ("pv.sdotsp", "101110", "acc"),
)
_VARIANTS = (
    (".h", "0 rs2 rs1 000"), (".sc.h", "0 rs2 rs1 100"), (".sci.h", "simm6[0] simm6[5:1] rs1 110"),
    (".b", "0 rs2 rs1 001"), (".sc.b", "0 rs2 rs1 101"), (".sci.b", "simm6[0] simm6[5:1] rs1 111"),
)


def _dot_lines():
    for name, bits, flags in _FAMILIES:
        for suffix, fields in _VARIANTS:
            shape = fields.replace("simm6", "zimm6") if name.endswith("up") else fields
            second = {"": "rs2", ".sc": "lane 0 of rs2", ".sci": "imm6"}[suffix[:-2]]
            yield (f"{name}{suffix} ||| {bits} {shape} rd 1010111 "
                   f"||| dot.{name.removeprefix('pv.').removeprefix('s')} {flags} "
                   f"||| rd {'+' if flags else ''}= sum of products of the lanes of rs1 and "
                   f"{second}")


# name, bits 31:25, first letter of the operation: activations, second: weights.
_SIGNS = (("sdotup", "1110000", "uu"), ("sdotusp", "1110100", "su"), ("sdotsup", "1101100", "us"),
          ("sdotsp", "1111100", "ss"))
_LOADS = (("", "00", "nothing"), (".w", "10", "w register"), (".a", "01", "a register"))


def _macload_lines(loads):
    for name, bits, signs in _SIGNS:
        for suffix, load, target in loads:
            yield (f"ml.{name}{suffix} ||| {bits} {load} wreg[1:0] areg[0] rs1 size[2:0] rd 1110111 "
                   f"||| macload.{signs} acc {suffix[1:]} ||| rd += dot product of a register and w "
                   f"register; loads {target}")


DOT = [*parse_table("dot", "\n".join(_dot_lines())),
       *parse_table("macload", "\n".join(_macload_lines(_LOADS))),
       *parse_table("macload_other",
                    "\n".join(_macload_lines([(".x", "11", "the other a register")])))]


_FUNNEL_LOADS = (("", "00", "nothing"), (".a", "10", "w register wreg + 2"),
                 (".b", "11", "w register wreg + 3"), (".w", "01", "the a register"))


def _funnel_lines():
    for name, bits, signs in _SIGNS:
        # Signs of the a register, then of the w registers; the name has activations first.
        for suffix, load, target in _FUNNEL_LOADS:
            flags = f"acc funnel {suffix[1:]}"
            yield (f"ml.f.{_SWAPPED.get(name, name)}{suffix} ||| {bits[:-1]}1 {load} wreg[1:0] "
                   f"areg[0] offset[4:1] 0100 rd 1110111 ||| macload.{signs} {flags} ||| rd += dot "
                   f"product of an a register, weights, and bits offset + 31 .. offset of w "
                   f"registers wreg + 1 and wreg, activations; loads {target}, w registers through "
                   f"the activation pointer; illegal while sb_legacy is 1")


_SWAPPED = {"sdotusp": "sdotsup", "sdotsup": "sdotusp"}
FUNNEL = parse_table("macload_funnel", "\n".join(_funnel_lines()))

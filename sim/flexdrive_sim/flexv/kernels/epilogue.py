"""Requantisation of a 4 x 4 tile of accumulators as an assembly program: batch norm, clip, pack,
store. Four channels, side by side in memory, by four pixels."""

from dataclasses import dataclass

import numpy as np

__all__ = ["EpilogueKernel"]

_ACCUMULATORS = [f"a{i}" for i in range(8)] + [f"s{i}" for i in range(2, 10)]
_SCALES, _ADDENDS = ("s0", "s1", "ra", "gp"), ("tp", "sp", "t0", "t1")
_STORE = {8: "p.sw.post", 4: "p.sh.post", 2: "p.sb.post"}
SHIFT = 12


@dataclass(frozen=True)
class EpilogueKernel:
    """One kernel.

    Attributes
    ----------
    bits : width of the unsigned outputs.
    style : ``"requant"`` (rq.pack) or ``"xpulp"`` (multiply, add, shift, clip, insert).
    parameters : whether scales and addends are loaded in the time measured.
    """

    bits: int
    style: str
    parameters: bool = True

    def operands(self):
        """Accumulators (pixel, channel), scales, addends. Products stay within 32 bits, because
        the XpulpV2 form computes with 32."""
        random = np.random.default_rng(self.bits)
        return (random.integers(-3000, 3000, (4, 4)),
                random.integers(1, 1 << 16 - self.bits // 2, 4),
                random.integers(-(1 << 18), 1 << 18, 4))

    def expected(self):
        """The packed bytes."""
        acc, scale, addend = self.operands()
        values = np.clip(acc * scale + addend >> SHIFT, 0, (1 << self.bits) - 1)
        packed = (values << self.bits * np.arange(4)).sum(axis=1)
        return packed.astype("<u4").view(np.uint8).reshape(4, 4)[:, :self.bits // 2].reshape(-1)

    def source(self):
        """Text of the program; ``results`` has the cycles, then the packed outputs."""
        acc, scale, addend = self.operands()
        load = [f"\tp.lw.post {r}, t2, 4" for r in (*_SCALES, *_ADDENDS)]
        setup = [f"\tli t4, {SHIFT | {8: 0, 4: 1, 2: 2}[self.bits] << 6}",
                 "\tcsrw CSR_RQ_CONTROL, t4", "\tcsrw CSR_RQ_WORD, zero"]
        lines = ["\t.include \"flexv.inc\"", "\t.option norelax", "\t.globl main", "main:",
                 "\tla t3, packed", "\tla t4, tile",
                 *(f"\tlw {r}, {4 * i}(t4)" for i, r in enumerate(_ACCUMULATORS)),
                 *(setup if self.style == "requant" else []), "\tla t2, parameters",
                 *([] if self.parameters else load), "\t.balign 4", "\tcsrr t6, mcycle",
                 *(load if self.parameters else []), *self._body(),
                 "\tcsrr t5, mcycle", "\tsub t5, t5, t6", "\tla t6, results",
                 "\tsw t5, 0(t6)", "\tli a0, 0", "\tj _exit", "\t.data", "\t.globl results",
                 "\t.balign 4",
                 "results:\t.word 0", "packed:\t.space 32"]
        for name, values in (("tile", acc.reshape(-1)),
                             ("parameters", np.concatenate([scale, addend]))):
            lines += [f"{name}:", f"\t.word {', '.join(map(str, values))}"]
        return "\n".join([*lines, ""])

    def _body(self):
        lines, store = [], f"\t{_STORE[self.bits]} t4, t3, {self.bits // 2}"
        if self.style == "xpulp":
            return [line for first in (0, 2) for line in self._pair(first)]
        for pixel in range(4):
            accumulators = _ACCUMULATORS[4 * pixel:4 * pixel + 4]
            lines += [f"\trq.pack {acc}, {scale}, {addend}" for acc, scale, addend in
                      zip(accumulators, _SCALES, _ADDENDS, strict=True)]
            # The store of the pixel in front fills one of the cycles until the packed word is
            # there.
            lines += [*([store] if pixel else []), "\tcsrrw t4, CSR_RQ_WORD, zero"]
        return [*lines, store]

    def _pair(self, first):
        """Two pixels, step by step, so that no result is waited for."""
        outputs = [(pixel, channel, _ACCUMULATORS[4 * pixel + channel])
                   for channel in range(4) for pixel in (first, first + 1)]
        words = {first: "t4", first + 1: "t5"}
        lines = [f"\tmul {acc}, {acc}, {_SCALES[channel]}" for _, channel, acc in outputs]
        lines += [f"\tadd {acc}, {acc}, {_ADDENDS[channel]}" for _, channel, acc in outputs]
        lines += [f"\tsrai {acc}, {acc}, {SHIFT}" for _, _, acc in outputs]
        lines += [f"\tp.clipu {acc if channel else words[pixel]}, {acc}, {self.bits + 1}"
                  for pixel, channel, acc in outputs]
        lines += [f"\tp.insert {words[pixel]}, {acc}, {self.bits - 1}, {channel * self.bits}"
                  for pixel, channel, acc in outputs if channel]
        return lines + [f"\t{_STORE[self.bits]} {word}, t3, {self.bits // 2}"
                        for word in words.values()]

"""The inner part of a matrix multiplication as an assembly program, in any format.

A tile of P pixels and 4 output channels: accumulator (p, c) is the dot product of K activations of
pixel p with K weights of channel c. Activations are unsigned, weights signed.
"""

from dataclasses import dataclass

import numpy as np

from flexdrive.flexv.formats import format_code

__all__ = ["LoopKernel"]

CHANNELS = 4
# Registers that no kernel uses otherwise; accumulators first come from here.
_ACCUMULATORS = ("a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7",
                 "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9")


def _pack(values, bits):
    """Rows of integers to rows of bytes, the first value in the lowest bits."""
    lanes = np.asarray(values, np.int64) & ((1 << bits) - 1)
    per_word = 32 // bits
    padded = np.zeros((len(lanes), -(-lanes.shape[1] // per_word) * per_word), np.int64)
    padded[:, :lanes.shape[1]] = lanes
    words = (padded.reshape(len(lanes), -1, per_word) << np.arange(0, 32, bits)).sum(axis=2)
    return words.astype(np.uint32)


@dataclass(frozen=True)
class LoopKernel:
    """One kernel.

    Attributes
    ----------
    a_bits, w_bits : format. depth : K, a multiple of the lanes of a narrow word.
    pixels : P, 2 or 4.
    style : ``"macload"`` (16 Mac&Loads for 16 dot products), ``"published"`` (17: one activation
        load more, arXiv 2307.01056), ``"dot"`` (loads and dot products apart) or ``"xpulp"``
        (XpulpV2 without sub-byte lanes: narrow operands are unpacked to bytes by software;
        a_bits at most 8 and at least w_bits).
    """

    a_bits: int
    w_bits: int
    depth: int
    pixels: int = 4
    style: str = "macload"

    @property
    def macs(self):
        return self.depth * self.pixels * CHANNELS

    def operands(self, seed=1):
        """Activations (P, K) and weights (4, K)."""
        random = np.random.default_rng(seed)
        return (random.integers(0, 1 << self.a_bits, (self.pixels, self.depth)),
                random.integers(-(1 << self.w_bits - 1), 1 << self.w_bits - 1,
                                (CHANNELS, self.depth)))

    def expected(self, seed=1):
        """The accumulators, pixel-major, modulo 2**32."""
        a, w = self.operands(seed)
        return (a @ w.T & 0xFFFFFFFF).astype(np.uint32).reshape(-1)

    def source(self, seed=1):
        """Text of the program. It stores cycles and accumulators at ``results`` and exits."""
        a, w = self.operands(seed)
        body = {"dot": self._dot_body, "xpulp": self._xpulp_body}.get(
            self.style, self._macload_body)()
        accumulators = [self._accumulator(p, c) for p in range(self.pixels)
                        for c in range(CHANNELS)]
        lines = ["\t.include \"flexv.inc\"", "\t.option norelax", "\t.globl main", "main:",
                 *self._configuration(a, w), *(f"\tli {r}, 0" for r in accumulators),
                 f"\tli t3, {self._iterations}", "\t.balign 4", "\tcsrr t6, mcycle",
                 *self._preload(), "\tlp.setup 0, t3, last", *body[:-1], f"last:{body[-1]}",
                 "\tcsrr t5, mcycle", "\tsub t5, t5, t6", "\tla t6, results", "\tsw t5, 0(t6)",
                 *(f"\tsw {r}, {4 * i + 4}(t6)" for i, r in enumerate(accumulators)),
                 "\tli a0, 0", "\tj _exit", "\t.data", "\t.globl results", "\t.balign 4",
                 f"results: .space {4 + 4 * len(accumulators)}"]
        for name, words in (("activations", _pack(a, self.a_bits)),
                            ("weights", _pack(w, self.w_bits))):
            lines.append(f"{name}:")
            lines += [f"\t.word {', '.join(map(str, row))}, 0" for row in words]
        return "\n".join([*lines, "\t.space 16", ""])

    def _accumulator(self, pixel, channel):
        return _ACCUMULATORS[pixel * CHANNELS + channel]

    @property
    def _slices(self):
        """Slices of weights, slices of activations."""
        return max(1, self.a_bits // self.w_bits), max(1, self.w_bits // self.a_bits)

    @property
    def _iterations(self):
        wide = max(self.a_bits, self.w_bits)
        return self.depth * wide // 32 // self._slices[0]

    def _pitches(self, a, w):
        """Bytes from row to row; one word of slack, because a kernel loads one too many."""
        return (4 * (_pack(a, self.a_bits).shape[1] + 1),
                4 * (_pack(w, self.w_bits).shape[1] + 1))

    def _configuration(self, a, w):
        a_pitch, w_pitch = self._pitches(a, w)
        again = self._slices[1] - 1
        rows = self.pixels - 1
        settings = {
            "SB_LEGACY": int(self.style == "xpulp"),
            "IVEC_FMT": format_code(self.a_bits, self.w_bits),
            "IVEC_SKIP_SIZE": self.pixels * CHANNELS, "IVEC_MIXED_CYCLE": 0, "MIXED_COUNT": 0,
            "A_STRIDE": a_pitch, "A_SKIP": rows, "W_STRIDE": w_pitch, "W_SKIP": CHANNELS - 1,
            "W_ROLLBACK": 4 - w_pitch * (CHANNELS - 1),
            # Narrow activations are walked through once per slice: the third level.
            "A_ROLLBACK": -a_pitch * rows if again else 4 - a_pitch * rows,
            "A_SKIP2": again, "A_ROLLBACK2": 4 - a_pitch * rows,
            "MACL_A_ADDRESS": "activations", "MACL_W_ADDRESS": "weights",
        }
        lines = []
        for name, value in settings.items():
            load = "la" if isinstance(value, str) else "li"
            lines += [f"\t{load} t0, {value}", f"\tcsrw CSR_{name}, t0"]
        if self.style in ("dot", "xpulp"):
            lines += [f"\tla s10, activations + {a_pitch * p}\n\tmv {pointer}, s10"
                      for p, pointer in enumerate(("s0", "s1")[:self.pixels])]
            lines += [f"\tla s10, weights + {w_pitch * c}\n\tmv {pointer}, s10"
                      for c, pointer in enumerate(("ra", "gp", "tp", "sp"))]
        return lines

    def _preload(self):
        if self.style in ("dot", "xpulp"):
            return []
        lines = [f"\tml.sdotsup.w zero, zero, {c}, 0, 0" for c in range(CHANNELS)]
        return [*lines, "\tml.sdotsup.a zero, zero, 0, 0, 0"]

    def _macload_body(self):
        """For each slice and pixel 4 dot products. The activation of the next pixel but one is
        loaded when a pixel is done; the last pixel of the last slice refills the weights, so the
        activation that is due then is loaded by the first dot product of the next pixel (``.x``),
        or by an instruction of its own."""
        lines = []
        if self.style == "published":
            lines.append("\tml.sdotsup.a zero, zero, 0, 1, 0")
        slices = self._slices[0]
        for index in range(slices):
            for pixel in range(self.pixels):
                areg = pixel % 2
                refill = index == slices - 1 and pixel == self.pixels - 1
                late = pixel == self.pixels - 1 and (self.style == "macload" or refill)
                for channel in range(CHANNELS):
                    suffix = ""
                    if refill:
                        suffix = ".w"
                    elif channel == CHANNELS - 1 and not late:
                        suffix = ".a"
                    elif channel == 0 and pixel == 0 and self.style == "macload":
                        suffix = ".x"
                    lines.append(f"\tml.sdotsup{suffix} {self._accumulator(pixel, channel)}, zero, "
                                 f"{channel}, {areg}, 0")
        return lines

    def _dot_body(self):
        lines = [f"\tp.lw.post {register}, {pointer}, 4" for register, pointer in
                 zip(("t0", "t1", "t2", "t4"), ("ra", "gp", "tp", "sp"), strict=True)]
        for _ in range(self._slices[0]):
            lines += [f"\tp.lw.post {r}, {p}, 4" for r, p in (("t5", "s0"), ("s11", "s1"))]
            lines += [f"\tpv.sdotusp.b {self._accumulator(pixel, channel)}, {a}, {w}"
                      for channel, w in enumerate(("t0", "t1", "t2", "t4"))
                      for pixel, a in enumerate(("t5", "s11"))]
        return lines

    def _xpulp_body(self):
        """One word of the narrowest operand: 32 / w_bits values of every row."""
        lines, per_word = [], 8 * 4 // self.w_bits
        # (pointer, register of packed values, register of bytes, bits, suffix of extract)
        operands = [(pointer, raw, vector, self.a_bits, "u") for pointer, raw, vector in
                    (("s0", "s6", "t5"), ("s1", "s7", "s11"))]
        operands += [(pointer, raw, vector, self.w_bits, "") for pointer, raw, vector in
                     (("ra", "s2", "t0"), ("gp", "s3", "t1"), ("tp", "s4", "t2"),
                      ("sp", "s5", "t4"))]
        for chunk in range(per_word // 4):
            for pointer, raw, vector, bits, suffix in operands:
                in_word = chunk % (8 // bits)
                target = vector if bits == 8 else raw
                if in_word == 0:
                    lines.append(f"\tp.lw.post {target}, {pointer}, 4")
                if bits < 8:
                    lines += self._unpack(vector, raw, bits, 4 * in_word, suffix)
            lines += [f"\tpv.sdotusp.b {self._accumulator(pixel, channel)}, {a}, {w}"
                      for channel, w in enumerate(("t0", "t1", "t2", "t4"))
                      for pixel, a in enumerate(("t5", "s11"))]
        # The second pack of an operand goes behind the instruction that follows, which does not
        # need it, so that the first is not waited for.
        for i in [i for i, line in enumerate(lines) if "packhi" in line]:
            lines[i:i + 2] = reversed(lines[i:i + 2])
        return lines

    @staticmethod
    def _unpack(vector, raw, bits, first, suffix):
        """Four values to four bytes: as many extractions, then two packs, so that no extraction is
        waited for."""
        bytes_ = ("s8", "s9", "s10", "t3")
        lines = [f"\tp.extract{suffix} {register}, {raw}, {bits - 1}, {(first + i) * bits}"
                 for i, register in enumerate(bytes_)]
        return [*lines, f"\tpv.packlo.b {vector}, s9, s8", f"\tpv.packhi.b {vector}, t3, s10"]

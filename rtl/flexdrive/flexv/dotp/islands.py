"""One island of multipliers per lane width, as published (arXiv 2307.01056).

1,246 partial-product bits instead of the 512 of :mod:`.array`, but plain multiplications, which
an FPGA maps to its multiplier blocks.
"""

from amaranth.hdl import Module, Mux, Signal, signed
from amaranth.lib import wiring

from flexdrive.errors import ConfigurationError

from .signature import FINISH_SIGNATURE, VECTOR_SIGNATURE

__all__ = ["IslandFinish", "IslandVector"]


class IslandVector(wiring.Component):
    """Dot product of two words of equally wide lanes, combinational; ``carry`` is always 0.

    Operands of the islands that are not used are held at 0.

    Parameters
    ----------
    widths : lane widths that exist; the others give 0.
    """

    def __init__(self, widths=(16, 8, 4, 2)):
        if not widths or not set(widths) <= {16, 8, 4, 2}:
            raise ConfigurationError(f"Lane widths must be some of 16, 8, 4, 2, not {widths}")
        self.widths = tuple(widths)
        super().__init__(VECTOR_SIGNATURE)

    def elaborate(self, platform):
        m = Module()
        results = []
        for size in range(4):
            width = 16 >> size
            if width in self.widths:
                results.append(self._island(m, width, self.i.size == size))
        merged = results[0]
        for result in results[1:]:
            merged = merged | result
        m.d.comb += self.total.eq(merged)
        return m

    def _island(self, m, width, used):
        x, y = Signal(32, name=f"x{width}"), Signal(32, name=f"y{width}")
        m.d.comb += [x.eq(Mux(used, self.i.x, 0)), y.eq(Mux(used, self.i.y, 0))]
        terms = []
        for lane in range(32 // width):
            factors = []
            for name, word, is_signed in (("x", x, self.i.x_signed),
                                          ("y", y, self.i.y_signed)):
                factor = Signal(signed(width + 1), name=f"{name}{width}_{lane}")
                bits = word[lane * width:(lane + 1) * width]
                m.d.comb += [factor[:width].eq(bits), factor[width].eq(bits[-1] & is_signed)]
                factors.append(factor)
            product = Signal(signed(2 * width + 2), name=f"product{width}_{lane}")
            m.d.comb += product.eq(factors[0] * factors[1])
            terms.append(product)
        while len(terms) > 1:
            terms = [a + b for a, b in zip(terms[::2], terms[1::2], strict=True)]
        total = Signal(32, name=f"total{width}")
        m.d.comb += total.eq(terms[0])
        return total


class IslandFinish(wiring.Component):
    """Nothing is left to be done; combinational."""

    def __init__(self):
        super().__init__(FINISH_SIGNATURE)

    def elaborate(self, platform):
        m = Module()
        m.d.comb += [self.total.eq(self.i.total), self.carry.eq(self.i.carry)]
        return m

"""Which sums of maps have a kernel, and the kernels' assembly."""

import weakref
from dataclasses import dataclass

from .storage import storage_of
from .sum_kernel import SumKernel
from .sum_scales import SumNumbers, sum_numbers

__all__ = ["Sums", "sums_of", "sums_source"]


@dataclass(frozen=True)
class Sums:
    """The kernel of a step, and its numbers."""

    kernel: SumKernel
    numbers: SumNumbers

    @property
    def unit_words(self):
        """Words of results."""
        return self.kernel.values * self.kernel.out_bits // 32

    def c_values(self):
        """Of a ``struct net_sums``."""
        numbers = self.numbers
        bits = numbers.bits
        terms = sum((each & (1 << bits) - 1) << bits * index
                    for index, each in enumerate(numbers.terms))
        control = (f"NET_RQ_CONTROL({numbers.shift}, {self.kernel.out_bits}, "
                   f"{numbers.addend_shift}, NET_{numbers.ties or 'NEAREST'})")
        return (f"{{{self.kernel.symbol}, {self.kernel.values},\n\t{control}, "
                f"{numbers.multiplier}, {numbers.addend}, {terms:#x}}}")


_found = weakref.WeakKeyDictionary()


def _sums_of(step):
    numbers = sum_numbers(step)
    if numbers is None:
        return None
    storages = [storage_of(each) for each in (*step.sources, step.output)]
    bits = [each.bits for each in storages]
    kernel = SumKernel(bits[0], bits[1] if len(bits) == 3 else 0, bits[-1], numbers.bits)
    # All pixels have the same whole units.
    values = {each.pixel_words * 32 // each.bits for each in storages}
    if len(values) > 1 or values.pop() % kernel.values or any(each.planar for each in storages):
        return None
    return Sums(kernel, numbers)


def sums_of(step):
    """:class:`Sums` of a step, or None: :func:`~.sum_scales.sum_numbers` finds nothing, or lanes
    behind the last channel are not as many in all maps."""
    if step not in _found:
        _found[step] = _sums_of(step)
    return _found[step]


def sums_source(kernels):
    """Text of an assembly file with some :class:`SumKernel`, to follow that of dot products."""
    return "\n".join(f"\n\t.section .text.{each.symbol}, \"ax\"\n\t.balign 4\n{each.text()}"
                     for each in sorted(kernels))

"""A component between two pins."""

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["SerialTop"]

# Words of the parity tree of the outputs: two levels of registers.
_GROUP = 16


class SerialTop(wiring.Component):
    """A component between two pins, so that no package limits it and nothing is optimised away:
    a shift register drives the inputs; the outputs are registered and folded into one parity bit.

    Members
    -------
    i : stimulus, one bit a cycle.
    o : parity of all outputs, three cycles later.
    """

    i: In(1)
    o: Out(1)

    def __init__(self, component):
        self.component = component
        super().__init__()

    def elaborate(self, platform):
        m = Module()
        m.submodules.chip = component = self.component
        ports = [(member.flow, Value.cast(value)) for _, member, value
                 in component.signature.flatten(component)]
        inputs = Cat(value for flow, value in ports if flow == In)
        outputs = Cat(value for flow, value in ports if flow == Out)
        stimulus = Signal(len(inputs), reset_less=True)
        sampled = Signal(len(outputs), reset_less=True)
        groups = Signal(-(-len(outputs) // _GROUP), reset_less=True)
        m.d.comb += inputs.eq(stimulus)
        m.d.sync += [
            stimulus.eq(Cat(self.i, stimulus)), sampled.eq(outputs),
            groups.eq(Cat(sampled[at:at + _GROUP].xor()
                          for at in range(0, len(outputs), _GROUP))),
            self.o.eq(groups.xor()),
        ]
        return m

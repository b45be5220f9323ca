"""Whether the operation that comes next may run beside the one that is under way."""

from amaranth.hdl import Module, Mux, Signal, unsigned
from amaranth.lib import data
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from ..descriptor.fields import Code, Operation
from ..descriptor.layer import ends_layout, layer_layout

__all__ = ["RegionGuard"]


def _regions_layout():
    """(first word, first word behind it) of each map, and what is done to them."""
    return data.StructLayout({
        "bases": data.StructLayout({name: unsigned(16) for name in ("input", "output", "bypass")}),
        "ends": ends_layout(),
        "bypass": unsigned(1),      # there is one
        "loads": unsigned(1),
        "alone": unsigned(1),       # runs beside nothing
        "refused": unsigned(1),     # touches nothing
    })


class RegionGuard(Shared):
    """Compares the words of a transfer with those of a CONV, one of both next, the other under way;
    a refused descriptor stands for a CONV of no words.

    Maps are compared from their first word to their last, slices of wider maps with what lies
    between their words. What goes to neighbours, and means, run alone.

    Latency: ``apart`` is of the ``layer`` and the operation under way of the cycle before.

    Members
    -------
    layer, ends : the operation that comes next.
    conv, transfer : it is taken, as a CONV (or refused) or as a transfer.
    apart : neither writes what the other reads or writes.
    """

    def __init__(self, config):
        self.config = config
        super().__init__({
            "layer": In(layer_layout(config)), "ends": In(ends_layout()), "conv": In(1),
            "transfer": In(1), "apart": Out(1),
        }, r=config.halo, **config.stream_parameter)

    def elaborate(self, platform):
        m = Module()
        layer = self.layer
        following, conv, transfer = (Signal(_regions_layout(), name=name) for name in (
            "following", "conv_regions", "transfer_regions"))
        loads = layer.operation == Operation.LOAD
        m.d.comb += [
            following.bases.input.eq(layer.in_base), following.bases.output.eq(layer.out_base),
            following.bases.bypass.eq(layer.bypass_base), following.ends.eq(self.ends),
            following.bypass.eq(layer.bypass), following.loads.eq(loads),
            following.refused.eq(layer.code != Code.OK),
            following.alone.eq((layer.average & (layer.operation == Operation.STORE))
                               | ((layer.halo != 0) & loads)),
        ]
        with m.If(self.conv):
            m.d.sync += conv.eq(following)
        with m.If(self.transfer):
            m.d.sync += transfer.eq(following)
        here, moved = Signal(_regions_layout()), Signal(_regions_layout())
        is_conv = following.refused | (layer.operation == Operation.CONV)
        m.d.comb += [here.eq(Mux(is_conv, following, conv)),
                     moved.eq(Mux(is_conv, transfer, following))]

        def meets(name):
            return ((here.bases[name] < moved.ends.input)
                    & (moved.bases.input < here.ends[name]))

        m.d.sync += self.apart.eq(~(moved.alone | (~here.refused & (
            meets("output")
            | (moved.loads & (meets("input") | (here.bypass & meets("bypass"))))))))
        return m

"""Loads of Mac&Load beside the pipeline: they wait for their memory, the instruction does not."""

from itertools import pairwise

from amaranth.hdl import Array, Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["WaitingLoads"]

# While two wait for their grant the answer to a third may come.
_PLACES = 3


class _Load(data.Struct):
    address: 32
    to_w: 1
    number: 2


class WaitingLoads(wiring.Component):
    """Up to three loads of words into operand registers, asked for and answered in order.

    Nothing else may be asked of the port while it ``asks``, and nothing that has been asked of it
    before the first of its loads may be unanswered. Loads never fail.

    Latency: a load that is pushed in cycle t is on the port in t if nothing is in front of it, and
    is written, by ``load``, in the cycle of its answer. Combinational from ``push`` to ``req``,
    from ``rvalid`` to ``load``.

    Members
    -------
    push, address, to_w, number : a load comes, from where and into which register; only when there
        is ``room``.
    asks : a load that came before waits for its grant. expects : the next answer of the port is
        that of a load here. busy : there is any.
    req, addr : of the port; gnt, rvalid : from it.
    load, load_w, load_number : the word of the port is written into this register.
    areg, wreg : registers that are wanted, with ``pair`` the weight register behind wreg too.
        missing : one of them is not loaded yet.
    """

    push: In(1)
    address: In(32)
    to_w: In(1)
    number: In(2)
    room: Out(1)
    asks: Out(1)
    expects: Out(1)
    busy: Out(1)
    req: Out(1)
    addr: Out(32)
    gnt: In(1)
    rvalid: In(1)
    load: Out(1)
    load_w: Out(1)
    load_number: Out(2)
    areg: In(1)
    wreg: In(2)
    pair: In(1)
    missing: Out(1)

    def elaborate(self, platform):
        m = Module()
        # The oldest one is the first; ``granted`` of ``count`` wait for their answer only.
        places = [Signal(_Load, name=f"place{i}") for i in range(_PLACES)]
        count, granted = Signal(range(_PLACES + 1)), Signal(range(_PLACES + 1))
        taken, ended = Signal(), Signal()
        m.d.comb += [
            self.busy.eq(count != 0), self.room.eq(count != _PLACES),
            self.asks.eq(count != granted), self.expects.eq(granted != 0),
            self.req.eq(self.asks | self.push), taken.eq(self.req & self.gnt),
            self.addr.eq(Mux(self.asks, Array([each.address for each in places])[granted],
                             self.address)),
            ended.eq(self.rvalid & self.expects), self.load.eq(ended),
            self.load_w.eq(places[0].to_w), self.load_number.eq(places[0].number),
        ]
        m.d.sync += [count.eq(count + self.push - ended), granted.eq(granted + taken - ended)]
        behind = (self.wreg + 1)[:2]
        wanted = [Mux(each.to_w, (each.number == self.wreg) | (self.pair & (each.number == behind)),
                      each.number[0] == self.areg) & (count > i) for i, each in enumerate(places)]
        m.d.comb += self.missing.eq(wanted[0] | wanted[1] | wanted[2])
        with m.If(ended):
            m.d.sync += [place.eq(other) for place, other in pairwise(places)]
        for i, place in enumerate(places):
            with m.If(self.push & (count - ended == i)):
                m.d.sync += [place.address.eq(self.address), place.to_w.eq(self.to_w),
                             place.number.eq(self.number)]
        return m

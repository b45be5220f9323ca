"""L1: banks of words, each with an arbiter, and the ports in front of them. Together they are the
crossbar."""

from functools import reduce
from operator import or_, xor

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ...emit import Shared
from .arbiter import RoundRobin, chosen

__all__ = ["Bank", "L1Port", "bank_of"]


def bank_of(config, word):
    """Number of the bank of a word's address (in words): an integer, or a signal's value."""
    bits = config.bank_bits
    if isinstance(word, int):
        ones = config.banks - 1
        groups = [word >> i * bits & ones for i in range(3)]
    else:
        groups = [word[i * bits:(i + 1) * bits] for i in range(3)]
    return (reduce(xor, groups) if config.xor_banks else groups[0])


class Bank(Shared):
    """One bank: a single-port memory whose users take turns, some of them in front of the others.

    Latency: ``rdata`` stands in the cycle after the grant of a load. Grants are combinational.

    Parameters
    ----------
    masters, words : users; words of the memory.
    first : bits of the users that go in front, unless one of them did so in the cycle before. In
        the cycles between all take turns: who keeps asking waits for at most 2 ``masters`` - 1
        accesses.

    Members
    -------
    request, grant : by master; at most one is granted.
    row, we, be, wdata : the access of each master.
    rdata : the word of the last access.
    """

    def __init__(self, masters, words, first=0):
        self._masters, self._words, self._first = masters, words, first
        super().__init__({
            "request": In(masters), "grant": Out(masters),
            "row": In(words.bit_length() - 1).array(masters), "we": In(masters),
            "be": In(4).array(masters), "wdata": In(32).array(masters), "rdata": Out(32),
        }, m=masters, w=words, f=first)

    def elaborate(self, platform):
        m = Module()
        m.submodules.arbiter = arbiter = RoundRobin(self._masters)
        m.submodules.memory = memory = Memory(shape=32, depth=self._words, init=[])
        write, read = memory.write_port(granularity=8), memory.read_port()
        grant, used, stores = arbiter.grant, Signal(), Signal()
        ahead, went = Signal(self._masters), Signal()
        m.d.comb += [
            ahead.eq(self.request & self._first & ~went.replicate(self._masters)),
            arbiter.requests.eq(Mux(ahead.any(), ahead, self.request)),
            arbiter.take.eq(~ahead.any()), self.grant.eq(grant),
            used.eq(self.request.any()), stores.eq((self.we & grant).any()),
            write.addr.eq(chosen(grant, self.row)), read.addr.eq(write.addr),
            write.data.eq(chosen(grant, self.wdata)),
            write.en.eq(chosen(grant, self.be) & stores.replicate(4)),
            read.en.eq(used & ~stores), self.rdata.eq(read.data),
        ]
        m.d.sync += went.eq(ahead.any())
        return m


class L1Port(Shared):
    """One master of the crossbar: finds the bank and takes the word from there.

    Latency: the word of an access that is granted in cycle t is in ``rdata`` in t + 1.

    Members
    -------
    req, word : an access to that word of L1. granted : ``bank_grant`` has a one.
    bank_request, row : what the banks get. bank_grant : what they answer, by bank.
    bank_rdata : of all banks. rdata : of the access granted in the cycle before.
    """

    def __init__(self, config):
        self._config = config
        super().__init__({
            "req": In(1), "word": In(config.bank_bits + config.row_bits), "granted": Out(1),
            "bank_request": Out(config.banks), "row": Out(config.row_bits),
            "bank_grant": In(config.banks), "bank_rdata": In(32).array(config.banks),
            "rdata": Out(32),
        }, b=config.banks, w=config.bank_words, x=config.xor_banks)

    def elaborate(self, platform):
        m = Module()
        config, bank = self._config, Signal(self._config.bank_bits)
        last = Signal(config.banks)
        m.d.comb += [
            bank.eq(bank_of(config, Cat(self.word, 0, 0, 0, 0, 0, 0))),
            self.row.eq(self.word[config.bank_bits:]),
            self.bank_request.eq(Mux(self.req, 1 << bank, 0)),
            self.granted.eq(self.bank_grant.any()),
            self.rdata.eq(reduce(or_, (word & last[i].replicate(32)
                                       for i, word in enumerate(self.bank_rdata)))),
        ]
        m.d.sync += last.eq(self.bank_grant)
        return m

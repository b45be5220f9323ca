"""Feature-map memory of one tile: single-port banks, all tiles addressed alike.

Because every tile works on the same local pixel in the same cycle, address, enable and write
enable of each bank are common to the whole array and made once, by the arbiter; a tile adds
only its data.
"""

from amaranth.hdl import Module, unsigned
from amaranth.lib import data
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from ...emit import Shared

__all__ = ["FeatureBank", "bank_port_layout"]


def bank_port_layout(config):
    """What the arbiter sends to one bank of every tile: address, read, write."""
    return data.StructLayout({
        "address": unsigned(max(1, (config.bank_words - 1).bit_length())),
        "read": unsigned(1),
        "write": unsigned(1),
    })


class FeatureBank(Shared):
    """One single-port bank of 16-bit words: one read or one write a cycle.

    Latency: a word read in one cycle stands on ``read_data`` in the next, until the next read.
    The arbiter never asks for a read and a write at once.

    Parameters
    ----------
    words : depth.

    Members
    -------
    address, read, write : the access of this cycle.
    write_data : binary16 word to store.
    read_data : word of the last read; undefined before the first.
    """

    def __init__(self, words):
        self.words = words
        super().__init__({
            "address": In(max(1, (words - 1).bit_length())), "read": In(1), "write": In(1),
            "write_data": In(16), "read_data": Out(16),
        }, w=words)

    def elaborate(self, platform):
        m = Module()
        m.submodules.memory = memory = Memory(shape=16, depth=self.words, init=[])
        write = memory.write_port()
        read = memory.read_port()
        m.d.comb += [
            write.addr.eq(self.address), write.data.eq(self.write_data),
            write.en.eq(self.write),
            # Synthesis cannot know that both never come at once; unless it sees it here, it adds
            # 16 LUTs and 17 flops that keep the old word for a read of what is being written.
            read.addr.eq(self.address), read.en.eq(self.read & ~self.write),
            self.read_data.eq(read.data),
        ]
        return m

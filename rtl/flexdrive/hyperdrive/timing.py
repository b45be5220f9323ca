"""Pipeline stages of a chip, in cycles after the decision of the accumulation sequencer.

A word is *requested* two cycles after the decision; the arbiter grants in that cycle. From there
the constants follow the registers of ``tile/tile.py``. What control delays to a stage, and the
cycle model waits for, is said by these numbers and by the latencies that components have as
attributes; no other place has a number of its own.
"""

from amaranth.hdl import Signal

__all__ = ["BANK", "DATA", "FIFO", "OPERAND", "REQUEST", "ROW_WORD", "STORED", "WORD",
           "accumulated", "delayed"]

REQUEST = 2         # address at the arbiter
BANK = 3            # address at the banks
DATA = 4            # word at a bank's output
WORD = 5            # register Tile.word
ROW_WORD = 6        # register Tile.row_word
OPERAND = 7         # operand register: weights and first (registers of the units), adder inputs
STORED = 7          # word of a STORE at the output of the array (two registers after WORD)

FIFO = 2            # from a word at the input of Amaranth's SyncFIFOBuffered to it at the output


def accumulated(depth):
    """Stage of the sum with the operand, in units of pipeline depth ``depth``."""
    return OPERAND + depth


def delayed(m, name, value, cycles):
    """``value``, ``cycles`` registers later."""
    for cycle in range(cycles):
        stage = Signal.like(value, name=f"{name}_{cycle + 1}")
        m.d.sync += stage.eq(value)
        value = stage
    return value

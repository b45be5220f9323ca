"""LOAD and STORE on the cycle model: what :class:`.feature_map_dma.Transfer` does."""

from itertools import groupby

from flexdrive.hyperdrive.memory.feature_map_dma import Transfer
from flexdrive.hyperdrive.memory.global_average import Average
from flexdrive.hyperdrive.timing import FIFO, REQUEST, STORED

__all__ = ["load_lines", "store_times"]

# From the fetch of a word to it on the stream.
_WAY = STORED - REQUEST + FIFO


def load_lines(d, config):
    """What a LOAD sends to neighbours: ({side: words} of each of them, number of words of the map)
    in turn."""
    rows, columns = config.rows * d.tile_rows, config.columns * d.tile_columns

    def sent(y, x):
        rim = {"north": y < d.halo, "south": y >= rows - d.halo, "west": x < d.halo,
               "east": x >= columns - d.halo}
        return {side: 1 for side, there in rim.items() if there and getattr(d, side)}

    if not d.halo:
        return [({}, d.height * d.width * d.in_channels)]
    pixels = (sent(y, x) for y in range(d.height) for x in range(d.width))
    return [(lines, len(list(same)) * d.in_channels) for lines, same in groupby(pixels)]


def store_times(d, first, sink, depth):
    """Cycles in which the words of a STORE leave into ``sink``; ``first`` : in which the first may
    be fetched; ``depth``: L of the chip."""
    if d.average:
        return _average_times(d, first, sink, depth)
    sent, read = [], first
    for word in range(d.height * d.width * d.in_channels):
        if word >= Transfer.FIFO_WORDS:
            read = max(read, sent[word - Transfer.FIFO_WORDS] + 1)
        sent.append(sink.transfer(read + _WAY))
        read += 1
    return sent


def _average_times(d, first, sink, depth):
    """The same of averages: L channels of a pixel in each turn of L cycles, while there is room for
    all of them."""
    sent, left, turn = [], 0, first
    way = _WAY + Average.latency_of(depth)
    for channel in range(0, d.in_channels, depth):
        for pixel in range(1, d.height * d.width + 1):
            while True:
                while left < len(sent) and sent[left] < turn:
                    left += 1
                if len(sent) - left <= Transfer.FIFO_WORDS - depth:
                    break
                turn += depth
            if pixel == d.height * d.width:
                sent += [sink.transfer(turn + slot + way)
                         for slot in range(min(depth, d.in_channels - channel))]
            turn += depth
    return sent

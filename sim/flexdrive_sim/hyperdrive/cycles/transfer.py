"""LOAD and STORE on the cycle model: what :class:`.feature_map_dma.Transfer` does."""

from itertools import groupby

from flexdrive.hyperdrive.memory.feature_map_dma import Transfer
from flexdrive.hyperdrive.memory.global_average import Average
from flexdrive.hyperdrive.timing import FIFO, REQUEST, STORED

__all__ = ["WAY", "beats", "load_lines", "store_times"]

# From the fetch of a word to it on the stream.
WAY = STORED - REQUEST + FIFO


def beats(channels, config):
    """Words of each beat of a pixel."""
    return [min(config.stream_words, channels - at)
            for at in range(0, channels, config.stream_words)]


def load_lines(d, config):
    """What a LOAD sends to neighbours: ({side: words} of each of its words, number of pixels) in
    turn."""
    rows, columns = config.rows * d.tile_rows, config.columns * d.tile_columns

    def sent(y, x):
        rim = {"north": y < d.halo, "south": y >= rows - d.halo, "west": x < d.halo,
               "east": x >= columns - d.halo}
        return {side: 1 for side, there in rim.items() if there and getattr(d, side)}

    if not d.halo:
        return [({}, d.height * d.width)]
    pixels = (sent(y, x) for y in range(d.height) for x in range(d.width))
    return [(lines, len(list(same))) for lines, same in groupby(pixels)]


def store_times(d, first, sink, config):
    """Cycles in which the beats of a STORE leave into ``sink``; ``first`` : in which the first may
    be fetched."""
    in_pixel = len(beats(d.in_channels, config))
    if d.average:
        return _average_times(d, first, sink, config.adder_depth, in_pixel)
    sent, read = [], first
    for word in range(d.height * d.width * in_pixel):
        if word >= Transfer.FIFO_WORDS:
            read = max(read, sent[word - Transfer.FIFO_WORDS] + 1)
        sent.append(sink.transfer(read + WAY))
        read += 1
    return sent


def _average_times(d, first, sink, depth, in_pixel):
    """The same of averages: L beats of a pixel in each turn of L cycles, while there is room for
    all of them."""
    sent, left, turn = [], 0, first
    way = WAY + Average.latency_of(depth)
    for beat in range(0, in_pixel, depth):
        for pixel in range(1, d.height * d.width + 1):
            while True:
                while left < len(sent) and sent[left] < turn:
                    left += 1
                if len(sent) - left <= Transfer.FIFO_WORDS - depth:
                    break
                turn += depth
            if pixel == d.height * d.width:
                sent += [sink.transfer(turn + slot + way)
                         for slot in range(min(depth, in_pixel - beat))]
            turn += depth
    return sent

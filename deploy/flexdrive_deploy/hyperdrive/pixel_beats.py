"""Words of maps in beats of the pixel streams: ``stream_words`` channels of one pixel each."""

import numpy as np

from flexdrive.errors import StreamError

__all__ = ["PixelBeats", "beat_chunks", "chunk_beats"]


def beat_chunks(beats):
    """uint16 (n, lanes) of beats -> uint32 (n, chunks), the first lane lowest."""
    if beats.shape[1] == 1:
        return beats.astype(np.uint32)
    return np.ascontiguousarray(beats).astype("<u2").view("<u4").astype(np.uint32)


def chunk_beats(chunks, config):
    """The inverse of :func:`beat_chunks`."""
    lanes = np.ascontiguousarray(chunks).astype("<u4").view("<u2").astype(np.uint16)
    return lanes[:, :config.stream_words]


class PixelBeats:
    """Where the words of maps lie in the beats of a stream; a pixel begins a beat of its own.

    Parameters
    ----------
    config : ChipConfig.
    shapes : (height, width, channels) of the maps, in the order of the stream.

    Attributes
    ----------
    count : beats.
    """

    def __init__(self, config, shapes):
        self._lanes = lanes = config.stream_words
        places, self.count = [np.zeros(0, np.int64)], 0
        for height, width, channels in shapes:
            beats = -(-channels // lanes)
            pixels = self.count + beats * np.arange(height * width)
            places.append((lanes * pixels[:, None] + np.arange(channels)).ravel())
            self.count += beats * height * width
        self._places = np.concatenate(places)

    @classmethod
    def of_commands(cls, config, descriptors, operation):
        """Those of all LOADs, or of all STOREs, of legal descriptors."""
        return cls(config, [d.stored(config.rows, config.columns) for d in descriptors
                            if d.operation == operation])

    def join(self, words):
        """uint16 (n,) -> uint16 (beats, lanes); 0 where a beat has no word.

        Raises
        ------
        StreamError
            when the maps have more or fewer words.
        """
        if self._lanes == 1:
            return words[:, None]
        if len(words) != len(self._places):
            raise StreamError(f"The maps have {len(self._places)} words, not {len(words)}")
        beats = np.zeros(self.count * self._lanes, np.uint16)
        beats[self._places] = words
        return beats.reshape(-1, self._lanes)

    def split(self, beats):
        """The inverse of :meth:`join`; of a stream that broke off, the words that came."""
        if self._lanes == 1:
            return beats[:, 0]
        return beats.ravel()[self._places[self._places < beats.size]]

    def spread(self, values):
        """A value of each beat -> the same of each word."""
        return values if self._lanes == 1 else values[
            (self._places // self._lanes)[self._places < len(values) * self._lanes]]

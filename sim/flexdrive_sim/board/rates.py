"""What a network costs on a board: words over the line, cycles of the chip, images a second."""

from dataclasses import dataclass

from flexdrive.boards.frame import MOST_WORDS
from flexdrive.boards.streams import items_per_word
from flexdrive_deploy.board.driver import REPORT_WORDS

from ..hyperdrive.drive.chip import count_descriptors

__all__ = ["Cost", "cost", "frame_bytes"]

_GROUP = 254            # bytes of a group of COBS
_BITS = 10              # of a byte on the line
_REQUEST, _REPLY = 2, 4     # words of a READ after its place, of the reply to a WRITE with its head


def frame_bytes(words):
    """Bytes of a frame of so many words and its CRC on the line, at most (COBS without zeros)."""
    content = 4 * (words + 1)
    return content + 1 + content // _GROUP + 1


def _frames(words, fixed):
    """Bytes of ``words`` in frames of as many as possible, each with ``fixed`` words before."""
    full, rest = divmod(words, MOST_WORDS)
    return full * frame_bytes(fixed + MOST_WORDS) + (frame_bytes(fixed + rest) if rest else 0)


@dataclass(frozen=True)
class Cost:
    """Of one image.

    Attributes
    ----------
    cycles : of the chip. clock : Hz.
    pixels, results, reports : words of the line.
    streamed : name of a stream that the store does not hold -> words; those are sent again.
    stored : name of a stream in the store -> words; those are sent once.
    """

    cycles: int
    clock: int
    pixels: int
    results: int
    reports: int
    streamed: dict
    stored: dict

    @property
    def to_board(self):
        """Bytes on the line to the board."""
        reads = sum(-(-words // MOST_WORDS) for words in (self.results, self.reports))
        return (sum(_frames(words, 2) for words in (self.pixels, *self.streamed.values()))
                + reads * frame_bytes(2 + _REQUEST))

    @property
    def to_host(self):
        """Bytes on the line to the host."""
        writes = sum(-(-words // MOST_WORDS) for words in (self.pixels, *self.streamed.values()))
        return (sum(_frames(words, 2) for words in (self.results, self.reports))
                + writes * frame_bytes(_REPLY))

    @property
    def chip_seconds(self):
        """Time that the chip computes."""
        return self.cycles / self.clock

    def line_seconds(self, baud):
        """Time of the slower direction of the line."""
        return max(self.to_board, self.to_host) * _BITS / baud

    def load_seconds(self, baud):
        """Time in which the stores are loaded, once."""
        return sum(_frames(words, 2) for words in self.stored.values()) * _BITS / baud

    def images_per_second(self, baud):
        """When the line brings the next image and the results of the last one meanwhile."""
        return 1 / max(self.chip_seconds, self.line_seconds(baud))


def cost(program, config, cycles):
    """:class:`Cost` of an image of a compiled program.

    Parameters
    ----------
    program : flexdrive_deploy.hyperdrive.program.Program of a single chip.
    config : SystemConfig of the board.
    cycles : of the chip, such as :func:`~..hyperdrive.drive.runner.predict_program` says.
    """
    per_word = items_per_word(config.chip.weight_bits)
    sizes = {"descriptors": (len(program.words), config.program_words),
             "weights": (-(-len(program.weights) // per_word) * program.weights.shape[1],
                         config.weight_words)}
    reports = REPORT_WORDS * count_descriptors(program.words) + 1
    return Cost(cycles, config.clock, -(-program.input_words // 2),
                -(-program.output_words // 2) + 1, reports,
                {name: words for name, (words, depth) in sizes.items() if words > depth},
                {name: words for name, (words, depth) in sizes.items() if words <= depth})

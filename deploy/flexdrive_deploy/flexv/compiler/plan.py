"""The plan of L1: what lies where, and how steps whose maps lie outside are cut into pieces."""

from dataclasses import dataclass

__all__ = ["UNIT", "Buffer", "Plan", "units_of"]

# Bytes of which addresses are multiples; kernels read up to so many bytes behind a buffer.
UNIT = 16


def units_of(words):
    """Units of a buffer of so many words."""
    return -(-4 * words // UNIT) + 1


@dataclass(frozen=True)
class Buffer:
    """Bytes begin..begin + size of L1 from step ``first`` to ``last``; ``what``: "map",
    "weights" or "stripe"."""

    name: str
    what: str
    begin: int
    size: int
    first: int
    last: int


@dataclass(eq=False)
class Plan:
    """Attributes
    ----------
    storages : name of a tensor -> Storage. addresses : name of a tensor in L1 -> first byte there.
    outside : names of tensors that lie outside of L1.
    deep : steps of which a chunk is fetched while the last but one before it is used.
    late : steps of which no chunk is fetched before they begin.
    chunks : step -> (words, Chunks); weights : step -> bytes in L1 of its one or two buffers.
    cuts : step that works on stripes -> :class:`.pieces.Cut`; cut_cycles : -> what that takes, as
        estimated. stripes : (step, name of a tensor) ->
        bytes in L1 of its one or two buffers.
    buffers : all, for people. l1_bytes : what there is.
    """

    storages: dict
    addresses: dict
    outside: set
    chunks: dict
    weights: dict
    cuts: dict
    cut_cycles: dict
    stripes: dict
    buffers: list
    l1_bytes: int
    deep: set
    late: set

    @property
    def peak(self):
        """Bytes used."""
        return max((buffer.begin + buffer.size for buffer in self.buffers), default=0)

    @property
    def rows(self):
        """Step that works on stripes -> output rows of one."""
        return {step: cut.rows for step, cut in self.cuts.items()}

"""L1 of the cluster as networks use it."""

__all__ = ["DEFAULT_L1"]

# Bytes for maps and weights: 128 kB without the cores' stacks, words and tables, and the numbers of
# the layers.
DEFAULT_L1 = 103 << 10

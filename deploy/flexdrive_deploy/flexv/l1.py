"""L1 of the cluster as networks use it."""

__all__ = ["DEFAULT_L1"]

# Bytes for maps and weights: 128 kB without the cores' stacks and the numbers of the layers.
DEFAULT_L1 = 112 << 10

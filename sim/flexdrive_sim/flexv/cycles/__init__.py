"""Cycle model of the cluster: contention for banks, caches, DMA and events around cores that the
instruction-set simulator executes and a model of the pipeline times."""

from .cluster import ClusterCycles

__all__ = ["ClusterCycles"]

"""Cycle model of the cluster: contention for banks, caches, DMA and events around cores that the
instruction-set simulator executes and a model of the pipeline times."""

from .cluster import ClusterCycles, predict_cluster

__all__ = ["ClusterCycles", "predict_cluster"]

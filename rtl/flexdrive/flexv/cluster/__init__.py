"""Cores around one L1: crossbar, instruction caches, DMA, events."""

from .cluster import Cluster
from .config import ClusterConfig

__all__ = ["Cluster", "ClusterConfig"]

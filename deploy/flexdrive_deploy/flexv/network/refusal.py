"""Why a node does not run on the cluster, and what would."""

__all__ = ["RefusedNode"]


class RefusedNode(Exception):
    """Raised by what reads a node.

    Attributes
    ----------
    reason : why the cluster does not compute it.
    rewrite : what would pass.
    """

    def __init__(self, reason, rewrite):
        super().__init__(reason)
        self.reason, self.rewrite = reason, rewrite

"""The forms in which people export a network, brought into those that the chip's patterns know.

A pass is a function of an :class:`~.editor.Editor` and a node: it rewrites what begins or ends at
the node and says whether it did. What it makes computes the same in real numbers; where it only
moves values about, the same bit for bit (``tests/deploy/test_rewrites.py`` holds each to it). Rules
that are true for some constants or attributes only look at these.
"""

"""Tests that need the same engine run in one process (conftest.py)."""

import os


def test_workers_know_the_group_of_a_test(request):
    """pytest-xdist puts it behind the name; versions that do not fit to each other leave it out."""
    expected = "@test_groups" if "PYTEST_XDIST_WORKER" in os.environ else ""
    assert request.node.nodeid == f"tests/test_groups.py::{request.node.name}{expected}"

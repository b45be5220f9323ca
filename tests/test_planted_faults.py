"""The planted faults can be planted in the project as it is; that they are caught,
``scripts/planted-faults`` shows."""

from collections import Counter

import pytest

from .planted_faults import ROOT, read_faults, unfit

FIELDS = {"name", "file", "old", "new", "tests"}


def test_every_fault_applies():
    faults = read_faults()
    assert [fault for fault in faults if set(fault) != FIELDS] == []
    assert [reason for fault in faults if (reason := unfit(ROOT, fault))] == []


def test_names_are_unique():
    # Results are kept by name.
    assert [name for name, count in Counter(fault["name"] for fault in read_faults()).items()
            if count > 1] == []


@pytest.mark.parametrize(("change", "reason"), [
    ({"old": "twice"}, "'twice' occurs 2 times in block.py, not once"),
    ({"old": "of yesterday"}, "'of yesterday' occurs 0 times in block.py, not once"),
    ({"file": "gone.py"}, "there is no gone.py"),
    ({"new": "once"}, "new is the same as old"),
    ({"tests": "test_gone.py some"}, "there is no test_gone.py"),
    ({}, None),
])
def test_what_cannot_be_planted_is_told(tmp_path, change, reason):
    (tmp_path / "block.py").write_text("once twice twice\n")
    (tmp_path / "test_block.py").touch()
    fault = {"name": "it", "file": "block.py", "old": "once", "new": "never",
             "tests": "test_block.py some", **change}
    assert unfit(tmp_path, fault) == (reason and f"it: {reason}")

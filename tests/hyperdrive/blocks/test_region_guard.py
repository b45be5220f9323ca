"""Which operations may run beside each other, against sets of words."""

from dataclasses import replace

import numpy as np
import pytest

from flexdrive.hyperdrive import ChipConfig
from flexdrive.hyperdrive.control.region_guard import RegionGuard
from flexdrive.hyperdrive.descriptor.fields import Code, Operation

from .bench import HOLD, Bench

CHIP = ChipConfig(rows=1, columns=1, channels=1, fm_words=64, weight_words=16, channelwise=True,
                  overlap=True)
KINDS = (Operation.CONV, Operation.LOAD, Operation.STORE)


def _draw(random, mesh):
    """An operation: fields of its layer, its ends, words that it reads and that it writes, whether
    it is a transfer and runs alone. Where nothing is named words may be anything."""
    kind, legal = KINDS[random.integers(3)], bool(random.random() < 0.9)
    base = {name: int(random.integers(40)) for name in ("in", "out", "bypass")}
    end = {name: at + int(random.integers(1, 14)) for name, at in base.items()}
    average = bool(random.random() < 0.2)
    halo = int(random.integers(2)) if mesh and kind != Operation.STORE else 0
    layer = {"operation": kind, "code": Code.OK if legal else Code.OVERLAP,
             "average": average, "halo": halo, "bypass": bool(random.integers(2)),
             **{f"{name}_base": at for name, at in base.items()}}
    words = {name: set(range(base[name], end[name])) for name in base}
    reads, writes = set(), set()
    if legal and kind == Operation.CONV:
        reads = words["in"] | (words["bypass"] if layer["bypass"] else set())
        writes = words["out"]
    elif legal:
        (writes if kind == Operation.LOAD else reads).update(words["in"])
    transfer = legal and kind != Operation.CONV
    alone = transfer and bool((average and kind == Operation.STORE)
                              or (halo and kind == Operation.LOAD))
    ends = {"input": end["in"], "output": end["out"], "bypass": end["bypass"]}
    return {"layer": layer, "ends": ends, "reads": reads, "writes": writes, "transfer": transfer,
            "alone": alone}


@pytest.mark.parametrize("mesh", [False, True])
def test_nothing_is_written_that_another_reads_or_writes(mesh):
    random = np.random.default_rng(7)
    found = set()

    def stimulus():
        yield {}
        for _ in range(400):
            first = _draw(random, mesh)
            then = _draw(random, mesh)
            if first["transfer"] == then["transfer"]:
                continue        # of one kind they never run together
            yield {"layer": first["layer"], "ends": first["ends"],
                   "conv": not first["transfer"], "transfer": first["transfer"], HOLD: 0}
            yield {"layer": then["layer"], "ends": then["ends"], "conv": 0, "transfer": 0}
            seen = yield {}
            apart = not (first["alone"] or then["alone"]
                         or first["writes"] & (then["reads"] | then["writes"])
                         or then["writes"] & first["reads"])
            assert seen["apart"] == apart, (first, then)
            found.add((apart, first["transfer"], then["alone"] or first["alone"]))

    Bench(RegionGuard(replace(CHIP, mesh=mesh))).run(stimulus())
    assert len(found) == 6

"""The parallel programs of examples/flexv on the small cluster."""

from pathlib import Path

import pytest

_EXAMPLES = Path(__file__).parents[3] / "examples/flexv"
_PRINTED = {
    "histogram": "2048 bytes, most often 32: 76 times\n",
    "invert": "24 strips of 128 bytes, 0 wrong\n",
    "matmul": "16 rows by 4 cores, 0 words wrong\n",
}


def test_every_example_is_run():
    assert sorted(path.stem for path in _EXAMPLES.glob("*.c")) == sorted(_PRINTED)


@pytest.mark.slow
@pytest.mark.parametrize("name", _PRINTED)
def test_an_example_prints_what_it_should(run, name):
    outcome, bench = run((_EXAMPLES / f"{name}.c").read_text())
    assert (outcome.verdict, outcome.console.decode()) == ("passed", _PRINTED[name])
    # All cores take part; one that only sleeps wakes for some hundred cycles.
    assert (outcome.cycles - bench.counts()[:, 2] > 3000).all()

"""Prefixes by size."""

import pytest

from flexdrive_sim.report.units import quantity, scale


@pytest.mark.parametrize(("value", "text"), [
    (1.466e-6, "1.466 µJ"), (0.00051, "510 µJ"), (1.45e-3, "1.45 mJ"), (21e-12, "21 pJ"),
    (0, "0 J"), (1, "1 J"), (999.94, "999.9 J"), (999.96, "1 kJ"), (24.47e6, "24.47 MJ"),
    (1e-9, "1 nJ"), (1e-18, "0.001 fJ"), (5e15, "5000 TJ"), (9.9999e-4, "1 mJ"),
    (-2e-3, "-2 mJ")])
def test_quantities(value, text):
    assert quantity(value, "J") == text


def test_every_size_is_between_one_and_a_thousand():
    for power in range(-14, 14):
        for mantissa in (1, 1.2345, 5, 9.9994, 9.9999):
            text = quantity(mantissa * 10.0 ** power, "Op")
            number = float(text.split()[0])
            assert 1 <= number < 1000
            prefix, factor = scale(mantissa * 10.0 ** power)
            assert 0.9999 < mantissa * 10.0 ** power * factor < 1000
            assert len(prefix) <= 1

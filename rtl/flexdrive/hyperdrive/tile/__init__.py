"""One spatial tile: feature-map banks, accumulate units, tail."""

"""Golden models of quantised networks: exact integers in numpy."""

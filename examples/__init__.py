"""Example networks; a wheel holds the digits network of the demonstration."""

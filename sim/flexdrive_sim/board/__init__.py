"""Boards without boards: the same System on the compiled engine, with both ends of its line."""

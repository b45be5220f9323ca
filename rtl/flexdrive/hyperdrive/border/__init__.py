"""A mesh chip's view of its neighbours' pixels: memories, walks, senders, receivers."""

"""Between the host's streams and the tiles: buffers, transfers, the banks' arbiter."""

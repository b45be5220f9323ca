"""The host's end of the cable: frames, a link that recovers, a chip behind it."""

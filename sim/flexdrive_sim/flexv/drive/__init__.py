"""Programs on the instruction-set simulator and on the core's RTL."""

"""The sequencer of a chip: loops over a layer, operand addresses, tail control, faults."""

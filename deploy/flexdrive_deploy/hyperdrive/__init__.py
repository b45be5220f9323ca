"""From a graph to programs of chips: patterns, fusion, partition, schedule, memory, code."""

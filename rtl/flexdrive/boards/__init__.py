"""Whole designs for FPGA boards: a chip, a link to a host, registers, a program store."""

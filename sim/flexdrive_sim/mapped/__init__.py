"""What synthesis for an FPGA made of a design: simulated, and looked over for what is known to
work in simulation only."""

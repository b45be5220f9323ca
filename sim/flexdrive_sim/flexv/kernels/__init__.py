"""Inner loops and epilogues of kernels as assembly programs."""

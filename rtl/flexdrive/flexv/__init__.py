"""Flex-V: a RISC-V core with mixed-precision dot products fused with loads (Mac&Load).

Source: A. Nadalini et al., "A 3 TOPS/W RISC-V Parallel Cluster for Inference of Fine-Grain
Mixed-Precision Quantized Neural Networks", ISVLSI 2023, arXiv 2307.01056.
"""

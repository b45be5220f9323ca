"""Quantised networks: ONNX to one graph of integer operations with exact scales."""

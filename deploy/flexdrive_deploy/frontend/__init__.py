"""ONNX to a graph of known shapes, quantizers, host parts; nothing here knows a machine."""

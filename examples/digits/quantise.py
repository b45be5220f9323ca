"""digits.onnx in 8-bit integers, for the Flex-V cluster: onnxruntime's static quantiser.

    python examples/digits/quantise.py

Calibrated on the first 60 held-out images, so that their accuracy says nothing new.
"""

from pathlib import Path

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

HERE = Path(__file__).resolve().parent
CALIBRATION = 60


class Calibration(CalibrationDataReader):
    """Images one after the other."""

    def __init__(self, images):
        self._rest = iter(images)

    def get_next(self):
        """Feeds of the next image, or None."""
        image = next(self._rest, None)
        return None if image is None else {"images": image[None]}


def main():
    """Write digits_int8.onnx."""
    images = np.load(HERE / "heldout.npz")["images"][:CALIBRATION, None].astype(np.float32)
    quantize_static(HERE / "digits.onnx", HERE / "digits_int8.onnx", Calibration(images),
                    quant_format=QuantFormat.QDQ, per_channel=True,
                    weight_type=QuantType.QInt8, activation_type=QuantType.QInt8)


if __name__ == "__main__":
    main()

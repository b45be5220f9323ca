"""What onnxruntime's quantiser makes of a trained network, in each of its forms."""

from pathlib import Path

import numpy as np
import pytest
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from flexdrive_deploy.errors import ModelError
from flexdrive_sim.flexv.session import NetworkSession

EXAMPLE = Path(__file__).parents[3] / "examples/digits"
DATA = np.load(EXAMPLE / "heldout.npz")
IMAGES = DATA["images"][:, None].astype(np.float32)
BYTES = {"signed": QuantType.QInt8, "unsigned": QuantType.QUInt8}


class _Calibration(CalibrationDataReader):
    def __init__(self):
        self._rest = iter(IMAGES[:30])

    def get_next(self):
        image = next(self._rest, None)
        return None if image is None else {"images": image[None]}


def _quantised(place, form, channels, weights, maps):
    made = place / "int8.onnx"
    quantize_static(EXAMPLE / "digits.onnx", made, _Calibration(), quant_format=form,
                    per_channel=channels, weight_type=BYTES[weights], activation_type=BYTES[maps])
    return made


@pytest.mark.slow
@pytest.mark.parametrize("form", [QuantFormat.QDQ, QuantFormat.QOperator],
                         ids=lambda each: each.name)
@pytest.mark.parametrize("channels", [False, True])
@pytest.mark.parametrize("maps", BYTES)
def test_forms_of_the_quantiser(form, channels, maps, tmp_path):
    session = NetworkSession(_quantised(tmp_path, form, channels, "signed", maps))
    outputs, found = session.compare(IMAGES[:60])
    (logits,) = outputs.values()
    assert (logits.argmax(1) == DATA["labels"][:60]).all()
    assert found[-1].classes == 0
    assert max(each.share for each in found) < 0.01


def test_unsigned_weights_that_need_nine_bits_are_refused(tmp_path):
    model = _quantised(tmp_path, QuantFormat.QDQ, False, "unsigned", "unsigned")
    with pytest.raises(ModelError, match=r"less their zero point go from .* symmetric weights"):
        NetworkSession(model)

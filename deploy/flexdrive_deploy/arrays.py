"""Arrays in .npy files: images, expected results, results."""

import io
import os
from pathlib import Path

import numpy as np

from .door import guarded, one_line, read_bytes
from .errors import FileError, ModelError

__all__ = ["compare", "load_array", "save_array"]


# How a zip archive begins.
_ZIP = b"PK"


def load_array(path):
    """Read a .npy file, or the one array of a .npz file; FileError when it is missing, truncated,
    of another kind or not of numbers."""
    what = "a whole .npy file of numbers"
    with guarded(path, what):
        content = read_bytes(path, what)
        if content.startswith(_ZIP):
            with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
                if len(arrays.files) != 1:
                    raise FileError(f"{path} holds {len(arrays.files)} arrays "
                                    f"({one_line(', '.join(arrays.files))}), expected one")
                array = arrays[arrays.files[0]]
        else:
            array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    if not isinstance(array, np.ndarray):
        raise FileError(f"{path} is not {what}: it holds another kind of file")
    if array.dtype.kind not in "fiub":
        raise FileError(f"{path} holds {array.dtype}, expected numbers")
    return array


def save_array(path, array):
    """Write a .npy file, whole or not at all."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            np.save(file, array, allow_pickle=False)
        temporary.replace(path)
    except OSError as error:
        raise FileError(f"{path}: cannot be written ({error.strerror or error})") from None
    finally:
        temporary.unlink(missing_ok=True)


def _canonical(array):
    bits = np.ascontiguousarray(array).view(np.uint16)
    return np.where(np.isnan(array), np.uint16(0x7E00), bits)


def compare(made, wanted, where):
    """Compare results with expected ones.

    Parameters
    ----------
    made : array (N, ...).
    wanted : array of the same shape. float16: every bit must agree (``made`` is rounded to
        binary16 when it is wider; all NaNs count as one). Other types: the largest difference
        is reported.
    where : name of ``wanted`` for messages.

    Returns
    -------
    str, the verdict.

    Raises
    ------
    ModelError
        when the shapes differ, or float16 values do.
    """
    if wanted.shape != made.shape:
        raise ModelError(f"{where} has shape {wanted.shape}, the results have {made.shape}")
    if wanted.dtype != np.float16:
        with np.errstate(invalid="ignore"):
            difference = np.abs(made.astype(np.float64) - wanted.astype(np.float64))
        same = (made == wanted) | (np.isnan(made) & np.isnan(wanted.astype(np.float64)))
        largest = float(np.max(np.where(same, 0, difference)))
        return f"{where}: largest difference {largest:.6g} ({wanted.dtype}, {wanted.size} values)"
    with np.errstate(over="ignore"):
        got, expected = _canonical(made.astype(np.float16)), _canonical(wanted)
    wrong = np.argwhere(got != expected)
    if not len(wrong):
        return f"{where}: all {wanted.size} float16 values are equal, bit for bit"
    place = tuple(int(index) for index in wrong[0])
    names = ("image", "channel", "row", "column")
    words = ", ".join(f"{name} {index}" for name, index in zip(names, place, strict=False))
    raise ModelError(f"{where}: {len(wrong)} of {wanted.size} float16 values differ; first at "
                     f"{words}: expected {expected[place]:04x} ({wanted[place]:g}), got "
                     f"{got[place]:04x} ({made[place]:g})")

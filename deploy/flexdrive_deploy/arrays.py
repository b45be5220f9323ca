"""Arrays in .npy and .npz files: images, expected results, results."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np

from .door import guarded, one_line, read_bytes
from .errors import FileError, ModelError

__all__ = ["compare", "is_bundle", "load_array", "load_feeds", "load_results",
           "one_file_for", "save_results"]


def is_bundle(path):
    """Whether a file of this name holds several arrays, by name."""
    return Path(path).suffix == ".npz"


def one_file_for(names, path, option):
    """ModelError when ``path`` of ``option`` cannot hold a result for each of ``names``."""
    if len(names) > 1 and not is_bundle(path):
        raise ModelError(f"{option} {path}: a .npy file holds one result, the network has "
                         f"{len(names)} ({', '.join(names)}); name a .npz file, which holds one "
                         "array of each name")


_NUMBERS = "a whole .npy file of numbers"
# How a zip archive begins.
_ZIP = b"PK"


def _array(where, content):
    """The array in the bytes of a .npy file."""
    with guarded(where, _NUMBERS):
        array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    if array.dtype.kind not in "fiub":
        raise FileError(f"{where} holds {array.dtype}, expected numbers")
    return array


def _members(path, content):
    """(name, bytes of its .npy file) of every array of a .npz file."""
    with guarded(path, "a whole .npz file"), zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(name.removesuffix(".npy"), archive.read(name)) for name in archive.namelist()]


def load_array(path):
    """Read a .npy file, or the one array of a .npz file; FileError when it is missing, truncated,
    of another kind or not of numbers."""
    content = read_bytes(path, _NUMBERS)
    if not content.startswith(_ZIP):
        return _array(path, content)
    members = _members(path, content)
    if len(members) != 1:
        names = one_line(", ".join(name for name, _ in members))
        raise FileError(f"{path} holds {len(members)} arrays ({names}), expected one")
    return _array(path, members[0][1])


def load_feeds(path, names):
    """Images for a network: name -> array, of a .npz file with an array for each of ``names``; or
    the array of a file with one."""
    if len(names) < 2 or not is_bundle(path):
        return load_array(path)
    return {one_line(name): _array(f"{path}: {one_line(name)}", content)
            for name, content in _members(path, read_bytes(path, "a whole .npz file"))}


def load_results(path, names):
    """Expected results: name -> array.

    Parameters
    ----------
    path : a .npz file with arrays for some of ``names``, or a .npy file with that of the only one.

    Raises
    ------
    FileError
        when it is missing, truncated, of another kind, or names something else.
    """
    if not is_bundle(path):
        return {names[0]: load_array(path)}
    found = {}
    for name, content in _members(path, read_bytes(path, "a whole .npz file")):
        if name not in names:
            raise FileError(f"{path}: {one_line(name)} is no result of the network; it has "
                            f"{', '.join(names)}")
        found[name] = _array(f"{path}: {name}", content)
    if not found:
        raise FileError(f"{path} holds no array; the network has {', '.join(names)}")
    return found


def _content(array):
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def save_results(path, arrays):
    """Write ``arrays``, name -> array, as a .npz file, or the only one as a .npy file; whole or not
    at all."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        if is_bundle(path):
            with zipfile.ZipFile(temporary, "w") as archive:
                for name, array in arrays.items():
                    archive.writestr(f"{name}.npy", _content(array))
        else:
            (array,) = arrays.values()
            temporary.write_bytes(_content(array))
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

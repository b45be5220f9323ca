"""Vector files as Berkeley TestFloat's generator (``testfloat_gen f16_add``) prints them."""

import re

import numpy as np

from flexdrive.errors import FlexdriveError

__all__ = ["VectorFileError", "read_vectors"]

_LINE = re.compile(r"([0-9a-fA-F]{4})\s+([0-9a-fA-F]{4})\s+([0-9a-fA-F]{4})(\s+[0-9a-fA-F]{1,2})?")


class VectorFileError(FlexdriveError):
    """A vector file cannot be read: which, where, why."""


def read_vectors(path, *, block=1 << 20):
    """Yield ``(a, b, result)`` arrays of ``uint16``, up to ``block`` vectors at a time.

    A line is ``aaaa bbbb rrrr [flags]`` in hexadecimal: operands, result and, ignored because the
    hardware has none, exception flags. Empty lines are skipped.

    Raises
    ------
    VectorFileError
        if the file cannot be read, a line has another form (with its number), or there are no
        vectors.
    """
    rows, count = [], 0
    try:
        with open(path, encoding="ascii") as file:
            for number, line in enumerate(file, 1):
                text = line.strip()
                if not text:
                    continue
                match = _LINE.fullmatch(text)
                if match is None:
                    raise VectorFileError(
                        f"{path}, line {number}: {text[:60]!r} is not a vector; a line is 'aaaa "
                        f"bbbb rrrr [flags]', three encodings of four hexadecimal digits and "
                        f"optional flags of up to two")
                rows.append((int(match[1], 16), int(match[2], 16), int(match[3], 16)))
                count += 1
                if len(rows) == block:
                    yield np.array(rows, np.uint16).T
                    rows = []
    except OSError as error:
        raise VectorFileError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise VectorFileError(f"{path}: is not a text file of vectors 'aaaa bbbb rrrr [flags]'"
                              ) from None
    if count == 0:
        raise VectorFileError(f"{path}: holds no vectors; each line is 'aaaa bbbb rrrr [flags]'")
    if rows:
        yield np.array(rows, np.uint16).T

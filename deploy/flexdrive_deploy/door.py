"""The door through which every file from outside comes: what parsers raise becomes one line.

Parsers of protobuf, JSON, TOML, zip archives and .npy headers raise a dozen unrelated types on
damaged files. They are named here once; the errors of this project pass as they are.
"""

import contextlib
import struct
import tokenize
import warnings
import zipfile
import zlib

import onnx
from google.protobuf.json_format import ParseError as JsonError
from google.protobuf.message import Error as ProtobufError
from google.protobuf.text_format import ParseError as TextError

from flexdrive.errors import FlexdriveError

from .errors import FileError

__all__ = ["PARSER_ERRORS", "guarded", "one_line", "read_bytes"]

PARSER_ERRORS = (
    ValueError, TypeError, LookupError, ArithmeticError, AttributeError, EOFError, SyntaxError,
    MemoryError, RuntimeError, struct.error, tokenize.TokenError, zipfile.BadZipFile, zlib.error,
    ProtobufError, JsonError, TextError, onnx.checker.ValidationError, onnx.parser.ParseError,
    onnx.shape_inference.InferenceError)
_LONGEST = 300


def one_line(reason):
    """Text of an error as one line of printable characters."""
    text = " ".join(str(reason).split())
    text = "".join(letter if letter.isprintable() else "?" for letter in text)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + " ..."


@contextlib.contextmanager
def guarded(where, what, kind: type[FlexdriveError] = FileError):
    """What is done inside reads ``where``; what parsers raise there becomes one error.

    Parameters
    ----------
    where : the file, for people.
    what : what it was expected to be, with article.
    kind : class of the error that is raised instead.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # for programmers, of the parser
            yield
    except FlexdriveError:
        raise
    except FileNotFoundError as error:
        raise kind(f"{error.filename or where}: no such file") from None
    except OSError as error:
        raise kind(f"{where}: cannot be read ({one_line(error.strerror or error)})") from None
    except PARSER_ERRORS as error:
        reason = one_line(error) or type(error).__name__
        raise kind(f"{where} is not {what}: {reason}") from None


def read_bytes(path, what, kind: type[FlexdriveError] = FileError):
    """Content of a file."""
    with guarded(path, what, kind), open(path, "rb") as file:
        return file.read()

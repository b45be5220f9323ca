"""Directories that outlive a command: written whole or not at all, checked when read.

A directory holds ``manifest.json`` and data files. The manifest names the format and its version
and carries the SHA-256 of every file.
"""

import hashlib
import io
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np

from .door import guarded, one_line, read_bytes
from .errors import FileError

__all__ = ["array_bytes", "array_from", "load_directory", "pack_directory",
           "save_directory", "unpack_directory"]

MANIFEST = "manifest.json"


def array_bytes(array):
    """An array as the content of a .npy file."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def array_from(name, content, dtype, axes):
    """The inverse; FileError when it is no array of that type and number of axes."""
    with guarded(name, "a .npy file"):
        array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    if array.dtype != dtype or array.ndim != axes:
        raise FileError(f"{name} holds {array.dtype} with {array.ndim} axes, expected "
                        f"{np.dtype(dtype).name} with {axes}")
    return array


def _read_manifest(path, kind, version):
    file = path / MANIFEST
    try:
        manifest = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FileError(f"{path} is not a {kind} directory: cannot read {MANIFEST} "
                        f"({one_line(error)})") from None
    if not isinstance(manifest, dict) or manifest.get("format") != kind:
        raise FileError(f"{path} is not a {kind} directory: {MANIFEST} does not say so")
    if manifest.get("format_version") != version:
        raise FileError(f"{path} has format version {manifest.get('format_version')}, this "
                        f"flexdrive reads version {version}; make it again")
    return manifest


def load_directory(path, kind, version):
    """Read a directory written by :func:`save_directory`.

    Returns
    -------
    manifest (dict) and the files (name -> bytes).

    Raises
    ------
    FileError
        when the directory is missing, of another format or version, incomplete or changed.
    """
    path = Path(path)
    manifest = _read_manifest(path, kind, version)
    files, listed = {}, manifest.get("files", {})
    if not isinstance(listed, dict):
        raise FileError(f"{path}: the manifest is damaged (files is no table)")
    for name, digest in listed.items():
        if Path(name).name != name:
            raise FileError(f"{path}: the manifest is damaged ({one_line(name)} is no name of a "
                            "file in it)")
        files[name] = read_bytes(path / name, "a file")
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise FileError(f"{path}: {name} is truncated or changed (its SHA-256 differs from "
                            f"the one in {MANIFEST})")
    return manifest, files


def _replaceable(path, kind):
    """Whether ``path`` may be overwritten: empty, or something of ours."""
    if not path.is_dir():
        return False
    if not any(path.iterdir()):
        return True
    try:
        return json.loads((path / MANIFEST).read_text("utf-8")).get("format") == kind
    except (OSError, ValueError, AttributeError):
        return False


def save_directory(path, kind, version, manifest, files):
    """Write a directory: into a temporary one beside it, renamed when complete.

    Parameters
    ----------
    path : where; an older directory of the same kind is replaced.
    kind, version : format name and version.
    manifest : dict for JSON; ``format``, ``format_version`` and ``files`` are added.
    files : name -> bytes or str.

    Raises
    ------
    FileError
        when ``path`` holds something else, or cannot be written.
    """
    path = Path(path)
    if path.exists() and not _replaceable(path, kind):
        raise FileError(f"{path} exists and is not a {kind} directory; it is left as it is. "
                        "Name a new directory")
    contents = {name: content.encode() if isinstance(content, str) else content
                for name, content in files.items()}
    document = {"format": kind, "format_version": version, **manifest,
                "files": {name: hashlib.sha256(content).hexdigest()
                          for name, content in contents.items()}}
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        for name, content in contents.items():
            (temporary / name).write_bytes(content)
        (temporary / MANIFEST).write_text(json.dumps(document, indent=1) + "\n", "utf-8")
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    except OSError as error:
        raise FileError(f"Cannot write {path}: {error}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def pack_directory(path):
    """A directory of files as bytes; equal for equal files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(Path(path).iterdir()):
            # Without the time of the file, which says nothing.
            entry = zipfile.ZipInfo(file.name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return buffer.getvalue()


def unpack_directory(content, path):
    """The inverse, into the directory ``path``."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(path)

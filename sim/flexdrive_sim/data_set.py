"""What every network did over a data set."""

from dataclasses import dataclass

import numpy as np

from flexdrive_deploy.errors import ModelError

__all__ = ["DataSetRun", "checked_labels", "count_right", "joined_differences"]


@dataclass(frozen=True, eq=False, kw_only=True)
class DataSetRun:
    """Attributes
    ----------
    engine : name of what computed. images : number of images.
    answers : (N,) index of the largest of the first result's values, of each image.
    right : images whose answer is the label; None without labels.
    compared : words or integers compared with the golden model.
    differences : {image: text of its first difference from the golden model}.
    """

    engine: str
    images: int
    answers: np.ndarray
    right: int | None
    compared: int
    differences: dict

    @property
    def accuracy(self):
        """Share of right answers, None without labels."""
        return None if self.right is None else self.right / self.images


def checked_labels(labels, count):
    """Labels (N,) of ``count`` images as an array; None for None.

    Raises
    ------
    ModelError
        when they are not as many integers.
    """
    if labels is None:
        return None
    labels = np.asarray(labels)
    if labels.shape != (count,) or labels.dtype.kind not in "iu":
        raise ModelError(f"The labels have shape {labels.shape} and type {labels.dtype}; "
                         f"{count} images take ({count},) integers")
    return labels


def count_right(answers, labels):
    """Answers that are the label; None without labels."""
    return None if labels is None else int((answers == labels).sum())


def joined_differences(parts):
    """``differences`` of the results of chunks, whose images are texts in JSON."""
    return {int(image): text for part in parts for image, text in part["differences"].items()}

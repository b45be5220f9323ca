"""Images as training sees them: parts or shifted, mirrored or not."""

import torch
from torch.nn import functional

__all__ = ["SIZE", "accuracy", "augmented"]

SIZE, MARGIN = 32, 4


def augmented(images, size, generator, fill):
    """A part of ``size`` x ``size`` pixels of every image, or all of it moved by up to MARGIN
    pixels (``fill`` comes in), and mirrored or not; uint8 -> float32."""
    if size == SIZE:
        images = functional.pad(images, (MARGIN,) * 4, value=fill)
    windows = images.unfold(2, size, 1).unfold(3, size, 1)    # (n, 3, rows, columns, size, size)
    row, column = torch.randint(0, windows.shape[2], (2, len(images)), generator=generator)
    moved = windows[torch.arange(len(images)), :, row, column]
    mirrored = torch.randint(0, 2, (len(images),), generator=generator).bool()
    moved[mirrored] = moved[mirrored].flip(3)
    return moved.float().contiguous(memory_format=torch.channels_last)


def accuracy(model, images, labels, scaled=lambda x: x):
    """Share of right answers, in float32."""
    model.eval()
    with torch.no_grad():
        answers = [model(scaled(part.float())).argmax(1) for part in images.split(250)]
    return (torch.cat(answers) == labels).float().mean().item()

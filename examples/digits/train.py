"""Train the digits network and write digits.onnx and heldout.npz beside this file.

    pip install -e '.[train]'
    python examples/digits/train.py

Data: UCI "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak, 1998; CC BY 4.0),
its test set of 1,797 images of 8 x 8 pixels, as scikit-learn carries it. 360 images (20 %,
stratified, seed 0) are held out; training sees the other 1,437, shifted by up to a pixel. The
schedule is fixed and the last epoch is kept: the held-out images choose nothing.
"""

import argparse
import pathlib

import numpy as np
import torch
from export import export
from network import Network
from rich.progress import track
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.nn import functional

HERE = pathlib.Path(__file__).parent
BATCH = 64


def shifted(images, generator):
    """Every image moved by -1, 0 or 1 pixel in each direction, zeros coming in."""
    padded = functional.pad(images, (1, 1, 1, 1))
    windows = padded.unfold(2, 8, 1).unfold(3, 8, 1)          # (n, 1, 3, 3, 8, 8)
    row, column = torch.randint(0, 3, (2, len(images)), generator=generator)
    return windows[torch.arange(len(images)), :, row, column]


def train(model, images, labels, epochs, seed):
    """Adam, cosine rate, cross entropy."""
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    model.train()
    for _ in track(range(epochs), "training"):
        for part in torch.randperm(len(images), generator=generator).split(BATCH):
            logits = model(shifted(images[part], generator))
            loss = functional.cross_entropy(logits, labels[part], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()


def accuracy(model, images, labels):
    """Share of right answers."""
    model.eval()
    with torch.no_grad():
        return (model(images).argmax(1) == labels).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=pathlib.Path, default=HERE, help="directory")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)                                  # the same result on any machine
    torch.use_deterministic_algorithms(True)

    digits = load_digits()
    parts = train_test_split(digits.images.astype(np.uint8), digits.target.astype(np.uint8),
                             test_size=360, random_state=0, stratify=digits.target)
    images, heldout = (torch.tensor(part[:, None], dtype=torch.float32) for part in parts[:2])
    labels, answers = (torch.tensor(part, dtype=torch.int64) for part in parts[2:])
    model = Network()
    train(model, images, labels, arguments.epochs, arguments.seed)
    print(f"trained on {len(images)} images: {accuracy(model, images, labels):.2%}; "
          f"held out {len(heldout)}: {accuracy(model, heldout, answers):.2%}")
    export(model, arguments.output / "digits.onnx")
    np.savez_compressed(arguments.output / "heldout.npz", images=parts[1], labels=parts[3])


if __name__ == "__main__":
    main()

"""Train the CIFAR-10 network and write cifar10.onnx beside this file.

    pip install -e '.[train]'
    python examples/cifar10/train.py --data DIRECTORY

The directory holds ``train.tar`` (../common/images.py). AdamW, one cosine cycle with a warm-up,
bfloat16 on one thread. The first epochs see parts of 24 x 24 pixels, which cost half, the others
images shifted by up to four pixels; both also mirrored. Schedule and epochs are fixed beforehand
and the last epoch is kept; no test image is read here. ``--validate`` keeps the last 500 files of
each class out of training and prints the accuracy on them, to choose a schedule with.
"""

import argparse
import pathlib
import sys
import time

import torch
from export import export
from network import CENTRE, Network
from torch.nn import functional

sys.path.append(str(pathlib.Path(__file__).parents[1] / "common"))

from augment import SIZE, accuracy, augmented
from images import read_images

HERE = pathlib.Path(__file__).parent
BATCH, RATE, DECAY, SMOOTHING = 128, 3e-3, 0.02, 0.1
PART, PART_EPOCHS = 24, 0.75                                  # pixels; share of all epochs
VALIDATION = 500                                              # files of each class


def parameter_groups(model):
    """Weight decay for the real-valued weights only: decay would flip binary ones at random."""
    real = [model.stem.weight, model.head.weight]
    others = [p for p in model.parameters() if all(p is not weight for weight in real)]
    return [{"params": real, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]


def train(model, images, labels, arguments):
    """All epochs; continues from the checkpoint when there is one."""
    generator = torch.Generator().manual_seed(arguments.seed)
    optimizer = torch.optim.AdamW(parameter_groups(model), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, RATE, epochs=arguments.epochs, steps_per_epoch=len(images) // BATCH,
        pct_start=0.15)
    parts, first = {"model": model, "optimizer": optimizer, "schedule": schedule}, 0
    if arguments.checkpoint and arguments.checkpoint.exists():
        saved = torch.load(arguments.checkpoint)
        first = saved["epoch"]
        generator.set_state(saved["generator"])
        for name, part in parts.items():
            part.load_state_dict(saved[name])
    for epoch in range(first, arguments.epochs):
        start = time.monotonic()
        size = PART if epoch < PART_EPOCHS * arguments.epochs else SIZE
        loss, right = run_epoch(model, images, labels, size, optimizer, schedule, generator)
        print(f"epoch {epoch + 1}: loss {loss:.4f}, right {right:.2%} of the images as trained on, "
              f"{time.monotonic() - start:.0f} s", flush=True)
        if arguments.checkpoint:
            torch.save({name: part.state_dict() for name, part in parts.items()}
                       | {"epoch": epoch + 1, "generator": generator.get_state()},
                       arguments.checkpoint)


def run_epoch(model, images, labels, size, optimizer, schedule, generator):
    """Every image once (but for an incomplete batch): mean loss and share of right answers."""
    model.train()
    batches = torch.randperm(len(images), generator=generator).split(BATCH)
    batches = batches[:len(images) // BATCH]
    loss_sum, right = 0.0, 0
    for part in batches:
        with torch.autocast("cpu", torch.bfloat16):
            logits = model(augmented(images[part], size, generator, CENTRE))
        loss = functional.cross_entropy(logits.float(), labels[part], label_smoothing=SMOOTHING)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        loss_sum += loss.item()
        right += (logits.argmax(1) == labels[part]).sum().item()
    return loss_sum / len(batches), right / (len(batches) * BATCH)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="directory of train.tar")
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--validate", action="store_true", help="keep 5,000 images out")
    parser.add_argument("--checkpoint", type=pathlib.Path, help="written after every epoch")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "cifar10.onnx")
    arguments = parser.parse_args()
    torch.manual_seed(arguments.seed)
    torch.set_num_threads(1)                                  # the same result on any machine
    torch.use_deterministic_algorithms(True)

    images, labels = map(torch.tensor, read_images(arguments.data / "train.tar"))
    kept = torch.ones(len(images), dtype=torch.bool)
    if arguments.validate:
        kept = torch.arange(len(images)) % 5000 < 5000 - VALIDATION
    model = Network().to(memory_format=torch.channels_last)
    train(model, images[kept], labels[kept], arguments)
    for name, part in ("training", kept), ("validation", ~kept):
        if part.any():
            print(f"{name}: {accuracy(model, images[part], labels[part]):.2%} of {part.sum()}")
    export(model, arguments.output)


if __name__ == "__main__":
    main()

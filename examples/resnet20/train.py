"""Train ResNet-20 for CIFAR-10, real-valued and then with maps of 4 and weights of 2 bits.

    pip install -e '.[train]' 'brevitas>=0.13,<0.14' onnxscript
    python examples/resnet20/train.py --data DIRECTORY --work build/resnet20

The directory holds ``train.tar`` (../common/images.py). SGD with Nesterov's momentum, one cosine
cycle with a warm-up each, bfloat16 on one thread; three quarters of the epochs see parts of 24 x 24
pixels, which cost half. The quantised network begins with the weights of the real-valued one and
learns from its answers (Hinton et al., 2015) besides the labels. Epochs are fixed beforehand, the
last is kept, no test image is read. After every epoch a checkpoint is written to the directory
``--work``, from which the next call goes on; at the end ``resnet20_4b2b.onnx`` (QDQ form) and
``resnet20_real.onnx`` lie there.
"""

import argparse
import pathlib
import sys
import time

import torch
from brevitas.export import export_onnx_qcdq
from network import CENTRE, UNIT, network
from torch.nn import functional

sys.path.append(str(pathlib.Path(__file__).parents[1] / "common"))

from augment import SIZE, accuracy, augmented
from images import read_images

BATCH, DECAY, SMOOTHING, TEMPERATURE = 128, 5e-4, 0.05, 2.0
PART, PART_EPOCHS = 24, 0.75                                  # pixels; share of all epochs
# Largest step of the optimizer and epochs.
REAL, QUANTISED = (0.15, 20), (0.02, 10)


def scaled(images):
    return (images - CENTRE) / UNIT


def groups(model):
    """Weight decay for weights of layers only, not for scales and batch norms."""
    weights = [p for name, p in model.named_parameters() if name.endswith("weight") and p.dim() > 1]
    others = [p for p in model.parameters() if all(p is not weight for weight in weights)]
    return [{"params": weights, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}]


def loss_of(logits, labels, taught):
    """Cross entropy with the labels, or half of it and half with the teacher's softened answers."""
    loss = functional.cross_entropy(logits, labels, label_smoothing=SMOOTHING)
    if taught is None:
        return loss
    soft = functional.kl_div(functional.log_softmax(logits / TEMPERATURE, 1),
                             functional.softmax(taught / TEMPERATURE, 1), reduction="batchmean")
    return 0.5 * loss + 0.5 * TEMPERATURE ** 2 * soft


def train(name, model, images, labels, rate, epochs, checkpoint, teacher=None):
    """All epochs; goes on from the checkpoint where there is one."""
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.SGD(groups(model), rate, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, epochs=epochs, steps_per_epoch=len(images) // BATCH, pct_start=0.15)
    parts, first = {"model": model, "optimizer": optimizer, "schedule": schedule}, 0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        first = saved["epoch"]
        generator.set_state(saved["generator"])
        for part, state in parts.items():
            state.load_state_dict(saved[part])
    for epoch in range(first, epochs):
        start, total, right = time.monotonic(), 0.0, 0
        size = PART if epoch < PART_EPOCHS * epochs else SIZE
        model.train()
        batches = torch.randperm(len(images), generator=generator).split(BATCH)
        batches = batches[:len(images) // BATCH]
        for batch in batches:
            x = scaled(augmented(images[batch], size, generator, CENTRE))
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(x).float()
                with torch.no_grad():
                    taught = teacher(x).float() if teacher else None
            loss = loss_of(logits, labels[batch], taught)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
            right += (logits.argmax(1) == labels[batch]).sum().item()
        print(f"{name}, epoch {epoch + 1} of {epochs}: loss {total / len(batches):.4f}, right "
              f"{right / len(batches) / BATCH:.2%} of the images as trained on, "
              f"{time.monotonic() - start:.0f} s", flush=True)
        torch.save({part: state.state_dict() for part, state in parts.items()}
                   | {"epoch": epoch + 1, "generator": generator.get_state()}, checkpoint)


def export(real, quantised, directory):
    """Write both, images of (pixel - CENTRE) / UNIT (N, 3, 32, 32) -> scores (N, 10)."""
    example = torch.zeros(1, 3, SIZE, SIZE)
    options = {"input_names": ["image"], "output_names": ["scores"], "dynamo": False,
               "dynamic_axes": {"image": {0: "N"}, "scores": {0: "N"}}}
    torch.onnx.export(real.eval(), example, directory / "resnet20_real.onnx", **options)
    export_onnx_qcdq(quantised.eval(), example, directory / "resnet20_4b2b.onnx", **options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=pathlib.Path, required=True, help="directory of train.tar")
    parser.add_argument("--work", type=pathlib.Path, required=True, help="checkpoints and results")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    torch.set_num_threads(1)                                  # the same result on any machine
    images, labels = map(torch.tensor, read_images(arguments.data / "train.tar"))
    real = network(quantised=False).to(memory_format=torch.channels_last)
    train("real", real, images, labels, *REAL, arguments.work / "real.pt")
    quantised = network(quantised=True)
    quantised.load_state_dict(real.state_dict(), strict=False)
    quantised.to(memory_format=torch.channels_last)
    real.eval()
    train("quantised", quantised, images, labels, *QUANTISED, arguments.work / "quantised.pt", real)
    for name, model in ("real", real), ("quantised", quantised):
        print(f"{name}: {accuracy(model, images, labels, scaled):.2%} of the training images")
    export(real, quantised, arguments.work)


if __name__ == "__main__":
    main()

"""The shortest way from PyTorch to the chip: a layer, a network, training, export.

    python plain.py [--dynamo]      # 20 s; writes plain.onnx

Needs the extra `train`, and `onnxscript` for PyTorch's newer exporter (--dynamo).
"""

import argparse
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional


class BinaryConv2d(nn.Conv2d):
    """``nn.Conv2d`` whose weights are one scale and a sign each.

    Forward: sign(w) times the mean of |w| of its output channel (Rastegari et al., XNOR-Net, 2016,
    section 3.1), sign(0) = +1. Backward: the gradient passes to the latent weights where they are
    in [-1, 1] (Courbariaux et al., BinaryConnect, 2015).
    """

    def forward(self, x):
        scale = self.weight.abs().mean(dim=(1, 2, 3), keepdim=True)
        weight = torch.where(self.weight >= 0, scale, -scale)
        if self.training:
            latent = self.weight.clamp(-1, 1)
            weight = latent + (weight - latent).detach()
        return functional.conv2d(x, weight, self.bias, self.stride, self.padding, self.dilation,
                                 self.groups)


def binary_layer(c_in, c_out, stride=1):
    """3 x 3 convolution, batch norm, ReLU: one layer of the chip."""
    return nn.Sequential(BinaryConv2d(c_in, c_out, 3, stride, 1, bias=False),
                         nn.BatchNorm2d(c_out), nn.ReLU())


def network():
    """Digit (N, 1, 8, 8) of values 0 to 1 -> 10 logits; the head is real-valued."""
    return nn.Sequential(binary_layer(1, 8), binary_layer(8, 16, 2), binary_layer(16, 16),
                         nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, 10))


def digits():
    """Seen images, their labels; the held-out ones of examples/digits, theirs."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split
    data = load_digits()
    parts = train_test_split(data.images / 16, data.target, test_size=360, random_state=0,
                             stratify=data.target)
    seen, held = (torch.tensor(part[:, None], dtype=torch.float32) for part in parts[:2])
    return seen, torch.tensor(parts[2]), held, torch.tensor(parts[3])


def train(model, epochs=40):
    """Adam, a rate that falls to zero; the last epoch is kept."""
    seen, labels, held, answers = digits()
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs)
    for _ in range(epochs):
        model.train()
        for batch in torch.randperm(len(seen)).split(32):
            optimizer.zero_grad()
            functional.cross_entropy(model(seen[batch]), labels[batch]).backward()
            optimizer.step()
        schedule.step()
    model.eval()
    with torch.no_grad():
        right = int((model(held).argmax(1) == answers).sum())
    print(f"{right} of {len(held)} held-out digits right")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dynamo", action="store_true", help="PyTorch's newer exporter")
    chosen = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = network()
    train(model)
    path = Path("plain_dynamo.onnx" if chosen.dynamo else "plain.onnx")
    torch.onnx.export(model, (torch.zeros(1, 1, 8, 8),), path, dynamo=chosen.dynamo,
                      input_names=["image"], output_names=["logits"], external_data=False)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes losses.json: the losses of 20 training steps of three models and of one batch in inference after them, by PyTorch.

Run it with Debian's package python3-torch:  /usr/bin/python3 test/pytorch/losses.py

Initial weights and batches are not stored: both sides compute them from a hash of integers (see `bits`; the other
side is numbers.ts). Two conventions of Keras, which cnnc follows, differ from PyTorch's and are set here:

* Adam adds epsilon to sqrt(v) before the correction of the bias, PyTorch after it. With
  epsilon / sqrt(1 - beta_2**t) in step t PyTorch computes Keras's formula.
* BatchNormalization(momentum 0.99, epsilon 0.001) is BatchNorm2d(momentum=0.01, eps=0.001). PyTorch also takes the
  unbiased variance for its running mean, which no training loss depends on; in inference it shows in the fifth digit.

Losses are means over the batch, before the step's update, as `fit` reports them.
"""
import json
import math
import os

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

STEPS = 20
BATCH = 8


def bits(name, count):
    """count u32 numbers: fmix32 of MurmurHash3 over fnv1a32(name) + index * 0x9e3779b9, modulo 2**32."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    mask = np.uint64(0xFFFFFFFF)
    h = (np.uint64(seed) + np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B9)) & mask
    h ^= h >> np.uint64(16)
    h = (h * np.uint64(0x85EBCA6B)) & mask
    h ^= h >> np.uint64(13)
    h = (h * np.uint64(0xC2B2AE35)) & mask
    h ^= h >> np.uint64(16)
    return h


def uniform(name, shape):
    """Glorot's uniform numbers in ±sqrt(6 / (fan in + fan out)), by the name of the parameter; kernels are [..., in, out]."""
    field = int(np.prod(shape[:-2]))
    limit = math.sqrt(6 / (field * (shape[-2] + shape[-1])))
    unit = (bits(name, int(np.prod(shape))) >> np.uint64(8)).astype(np.float64) / 2**24
    return ((2 * unit - 1) * limit).astype(np.float32).reshape(shape)


def batch(step, shape, classes):
    """Noise with a pattern per class under it: pixel = (noise & 127) + (pattern & 128), both hashes."""
    pixels = int(np.prod(shape))
    labels = (bits(f"labels {step}", BATCH) % np.uint64(classes)).astype(np.int64)
    noise = bits(f"noise {step}", BATCH * pixels).reshape(BATCH, pixels) & np.uint64(127)
    pattern = bits("pattern", classes * pixels).reshape(classes, pixels) & np.uint64(128)
    image = (noise + pattern[labels]).astype(np.float32).reshape(BATCH, *shape)
    return torch.from_numpy(image), torch.from_numpy(labels)


class Layer(nn.Module):
    """A layer that knows its path in the .cnn model, from which its weights come."""

    def kernel(self, path, shape, permutation):
        weight = torch.from_numpy(uniform(f"{path}.kernel", shape)).permute(permutation).contiguous()
        return nn.Parameter(weight)


class Conv(Layer):
    def __init__(self, path, size, inputs, filters, padding=0, stride=1, bias=True):
        super().__init__()
        self.weight = self.kernel(path, (size, size, inputs, filters), (3, 2, 0, 1))
        self.bias = nn.Parameter(torch.zeros(filters)) if bias else None
        self.size, self.padding, self.stride = size, padding, stride

    def forward(self, x):
        if self.padding == "same":  # as Keras: what is odd stands below and to the right
            total = [max((math.ceil(n / self.stride) - 1) * self.stride + self.size - n, 0) for n in x.shape[2:]]
            x = F.pad(x, (total[1] // 2, total[1] - total[1] // 2, total[0] // 2, total[0] - total[0] // 2))
            return F.conv2d(x, self.weight, self.bias, self.stride)
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)


class Dense(Layer):
    def __init__(self, path, inputs, units):
        super().__init__()
        self.weight = self.kernel(path, (inputs, units), (1, 0))
        self.bias = nn.Parameter(torch.zeros(units))

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)


class Flatten(nn.Module):
    """In the order of NHWC."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def norm(channels):
    return nn.BatchNorm2d(channels, eps=0.001, momentum=0.01)


class Residual(nn.Module):
    def __init__(self, path, inputs, filters, stride=1):
        super().__init__()
        self.main = nn.Sequential(
            Conv(f"{path}.main.conv2d", 3, inputs, filters, "same", stride, bias=False), norm(filters), nn.ReLU(),
            Conv(f"{path}.main.conv2d_1", 3, filters, filters, "same", bias=False), norm(filters),
        )
        self.skip = nn.Identity() if stride == 1 and inputs == filters else nn.Sequential(
            Conv(f"{path}.skip.conv2d", 1, inputs, filters, 0, stride, bias=False), norm(filters))

    def forward(self, x):
        return F.relu(self.main(x) + self.skip(x))


def keras_classifier():
    return nn.Sequential(
        Conv("conv2d", 3, 1, 32), nn.ReLU(), nn.MaxPool2d(2), Conv("conv2d_1", 3, 32, 64), nn.ReLU(), nn.MaxPool2d(2),
        Flatten(), Dense("dense", 1600, 128), nn.ReLU(), Dense("dense_1", 128, 1))


def lenet5():
    return nn.Sequential(
        Conv("conv2d", 5, 1, 6, padding=2), nn.ReLU(), nn.MaxPool2d(2), Conv("conv2d_1", 5, 6, 16), nn.ReLU(),
        nn.MaxPool2d(2), Flatten(), Dense("dense", 400, 120), nn.ReLU(), Dense("dense_1", 120, 84), nn.ReLU(),
        Dense("head", 84, 10))


def small_residual():
    return nn.Sequential(
        Conv("stem", 3, 3, 8, "same", bias=False), norm(8), nn.ReLU(), Residual("residual", 8, 8),
        Residual("residual_1", 8, 16, 2), Residual("residual_2", 16, 32, 2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), Dense("head", 32, 10))


def binary(logits, labels):
    return F.binary_cross_entropy_with_logits(logits[:, 0], labels.float())


def losses(model, shape, classes, loss_of):
    beta_2, epsilon = 0.999, 1e-7
    adam = torch.optim.Adam(model.parameters(), lr=0.001, betas=(0.9, beta_2))
    model.train()
    result = []
    for step in range(STEPS):
        image, labels = batch(step, shape, classes)
        loss = loss_of(model((image * np.float32(1 / 255)).permute(0, 3, 1, 2)), labels)
        result.append(loss.item())
        adam.zero_grad()
        loss.backward()
        adam.param_groups[0]["eps"] = epsilon / math.sqrt(1 - beta_2 ** (step + 1))
        adam.step()
    model.eval()
    image, labels = batch(STEPS, shape, classes)
    with torch.no_grad():
        after = loss_of(model((image * np.float32(1 / 255)).permute(0, 3, 1, 2)), labels).item()
    return {"training": result, "after": after}


def main():
    torch.set_num_threads(1)
    table = {
        "keras_classifier": losses(keras_classifier(), (28, 28, 1), 2, binary),
        "lenet5": losses(lenet5(), (28, 28, 1), 10, F.cross_entropy),
        "small_residual": losses(small_residual(), (32, 32, 3), 10, F.cross_entropy),
    }
    text = json.dumps({"madeBy": f"PyTorch {torch.__version__}", "batch": BATCH, "losses": table}, indent=2)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "losses.json"), "w") as file:
        file.write(text + "\n")
    print(text)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Makes losses.json: the losses of some training steps of models and of one batch in inference after them, by PyTorch.

Run it with Debian's package python3-torch:  /usr/bin/python3 test/pytorch/losses.py

Initial weights and batches are not stored: both sides compute them from a hash of integers (see `bits`; the other
side is numbers.ts). Two conventions of Keras, which cnnc follows, differ from PyTorch's and are set here:

* Adam adds epsilon to sqrt(v) before the correction of the bias, PyTorch after it. With
  epsilon / sqrt(1 - beta_2**t) in step t PyTorch computes Keras's formula.
* Adam's first steps go by the signs of gradients alone, and ReLU lets a gradient through or not by the sign of a number that may
  be a rounding error. In the deep model such signs make a difference: it takes SGD with small steps.
* BatchNormalization(momentum 0.99, epsilon 0.001) is BatchNorm2d(momentum=0.01, eps=0.001); resnet20.cnn has PyTorch's
  own figures. PyTorch also takes the
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

# Steps and batch; the large model gets few.
USUAL = (20, 8)
FEW = (3, 4)


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


def batch(step, size, shape, classes):
    """Noise with a pattern per class under it: pixel = (noise & 127) + (pattern & 128), both hashes."""
    pixels = int(np.prod(shape))
    labels = (bits(f"labels {step}", size) % np.uint64(classes)).astype(np.int64)
    noise = bits(f"noise {step}", size * pixels).reshape(size, pixels) & np.uint64(127)
    pattern = bits("pattern", classes * pixels).reshape(classes, pixels) & np.uint64(128)
    image = (noise + pattern[labels]).astype(np.float32).reshape(size, *shape)
    return torch.from_numpy(image), torch.from_numpy(labels)


class Layer(nn.Module):
    """A layer that knows its path in the .cnn model, from which its weights come."""

    def kernel(self, path, shape, permutation):
        name = path if path.endswith("kernel") else f"{path}.kernel"
        weight = torch.from_numpy(uniform(name, shape)).permute(permutation).contiguous()
        return nn.Parameter(weight)


class Conv(Layer):
    def __init__(self, path, size, inputs, filters, padding=0, stride=1, bias=True, groups=1):
        super().__init__()
        self.weight = self.kernel(path, (size, size, inputs // groups, filters), (3, 2, 0, 1))
        self.bias = nn.Parameter(torch.zeros(filters)) if bias else None
        self.size, self.padding, self.stride, self.groups = size, padding, stride, groups

    def forward(self, x):
        if self.padding == "same":  # as Keras: what is odd stands below and to the right
            total = [max((math.ceil(n / self.stride) - 1) * self.stride + self.size - n, 0) for n in x.shape[2:]]
            x = F.pad(x, (total[1] // 2, total[1] - total[1] // 2, total[0] // 2, total[0] - total[0] // 2))
            return F.conv2d(x, self.weight, self.bias, self.stride)
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, 1, self.groups)


class Depthwise(Layer):
    def __init__(self, path, channels, padding=0, stride=1):
        super().__init__()
        self.weight = self.kernel(path, (3, 3, channels, 1), (2, 3, 0, 1))
        self.padding, self.stride = padding, stride

    def forward(self, x):
        return F.conv2d(x, self.weight, None, self.stride, self.padding, 1, x.shape[1])


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
    def __init__(self, path, inputs, filters, stride=1, padding="same", norm=norm):
        super().__init__()
        self.main = nn.Sequential(
            Conv(f"{path}.main.conv2d", 3, inputs, filters, padding, stride, bias=False), norm(filters), nn.ReLU(),
            Conv(f"{path}.main.conv2d_1", 3, filters, filters, padding, bias=False), norm(filters),
        )
        self.skip = nn.Identity() if stride == 1 and inputs == filters else nn.Sequential(
            Conv(f"{path}.skip.conv2d", 1, inputs, filters, 0, stride, bias=False), norm(filters))

    def forward(self, x):
        return F.relu(self.main(x) + self.skip(x))


class InvertedResidual(nn.Module):
    def __init__(self, path, inputs, filters, stride, expansion):
        super().__init__()
        many, norm = expansion * inputs, nn.BatchNorm2d
        self.many = nn.Identity() if expansion == 1 else nn.Sequential(
            Conv(f"{path}.many.conv2d", 1, inputs, many, bias=False), norm(many), nn.ReLU6())
        self.few = nn.Sequential(
            Depthwise(f"{path}.few.depthwise_conv2d", many, 1, stride), norm(many), nn.ReLU6(),
            Conv(f"{path}.few.conv2d", 1, many, filters, bias=False), norm(filters))
        self.added = stride == 1 and inputs == filters

    def forward(self, x):
        y = self.few(self.many(x))
        return x + y if self.added else y


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


def mobile_digits():
    return nn.Sequential(
        Conv("stem", 3, 1, 8, 1, 2), nn.ReLU6(), InvertedResidual("inverted_residual", 8, 8, 1, 1),
        InvertedResidual("inverted_residual_1", 8, 16, 2, 4), InvertedResidual("inverted_residual_2", 16, 16, 1, 4),
        Depthwise("separable_conv2d.depthwise_kernel", 16), Conv("separable_conv2d.pointwise_kernel", 1, 16, 32),
        nn.ReLU6(), Conv("conv2d", 3, 32, 32, groups=4), nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), Dense("head", 32, 10))


def resnet20():
    blocks, inputs = [], 16
    for i in range(9):
        filters = 16 << i // 3
        path = f"basic_block_{i}" if i > 0 else "basic_block"
        blocks.append(Residual(path, inputs, filters, 1 if filters == inputs else 2, 1, nn.BatchNorm2d))
        inputs = filters
    return nn.Sequential(
        Conv("stem", 3, 3, 16, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), *blocks,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), Dense("head", 64, 10))


def binary(logits, labels):
    return F.binary_cross_entropy_with_logits(logits[:, 0], labels.float())


def losses(model, shape, classes, loss_of, steps_and_size=USUAL, sgd=None):
    steps, size = steps_and_size
    beta_2, epsilon = 0.999, 1e-7
    optimizer = sgd or torch.optim.Adam(model.parameters(), lr=0.001, betas=(0.9, beta_2))
    model.train()
    result = []
    for step in range(steps):
        image, labels = batch(step, size, shape, classes)
        loss = loss_of(model((image * np.float32(1 / 255)).permute(0, 3, 1, 2)), labels)
        result.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        if sgd is None:
            optimizer.param_groups[0]["eps"] = epsilon / math.sqrt(1 - beta_2 ** (step + 1))
        optimizer.step()
    model.eval()
    image, labels = batch(steps, size, shape, classes)
    with torch.no_grad():
        after = loss_of(model((image * np.float32(1 / 255)).permute(0, 3, 1, 2)), labels).item()
    return {"batch": size, "training": result, "after": after}


def main():
    torch.set_num_threads(1)
    deep = resnet20()
    sgd = torch.optim.SGD(deep.parameters(), lr=0.001, momentum=0.9)
    table = {
        "keras_classifier": losses(keras_classifier(), (28, 28, 1), 2, binary),
        "lenet5": losses(lenet5(), (28, 28, 1), 10, F.cross_entropy),
        "small_residual": losses(small_residual(), (32, 32, 3), 10, F.cross_entropy),
        "mobile_digits": losses(mobile_digits(), (28, 28, 1), 10, F.cross_entropy),
        "resnet20": losses(deep, (32, 32, 3), 10, F.cross_entropy, FEW, sgd),
    }
    text = json.dumps({"madeBy": f"PyTorch {torch.__version__}", "losses": table}, indent=2)
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "losses.json"), "w") as file:
        file.write(text + "\n")
    print(text)


if __name__ == "__main__":
    main()

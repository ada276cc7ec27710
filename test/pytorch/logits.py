#!/usr/bin/env python3
"""Makes logits.json: what PyTorch and torchvision compute with the larger models of dsl-examples for one picture.

Run it with Debian's packages python3-torch and python3-torchvision:  /usr/bin/python3 test/pytorch/logits.py

Weights and pictures are not stored: both sides compute them from a hash of integers (`weight`; the other side is
numbers.ts). Of the logits some are stored, and the root of the mean of the squares of all.
"""
import json
import math
import os
import sys

import numpy as np
import torch
from torch import nn

from losses import bits

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "bench"))

import models  # noqa: E402

SIZES = {"resnet20": 32, "resnet18": 224, "squeezenet": 224, "mobilenet_v2": 224}
STORED = 16


def unit(name, shape):
    """In [0, 1)."""
    return ((bits(name, math.prod(shape)) >> np.uint64(8)).astype(np.float64) / 2**24).reshape(shape)


def weight(name, shape):
    """By the kind of parameter. Kernels keep the size of what goes through them, gains and variances are not all alike."""
    u, kind = unit(name, shape), name.rsplit(".", 1)[1]
    if kind == "kernel":
        depthwise = "depthwise" in name
        limit = math.sqrt(6 / math.prod(shape[:2] if depthwise else shape[:-1]))
        return (2 * u - 1) * limit
    if kind == "gamma":
        return 0.5 + 0.5 * u
    if kind == "moving_variance":
        return 0.5 + u
    return 0.4 * u - 0.2


def tensor(name, shape):
    return torch.from_numpy(weight(name, shape).astype(np.float32))


def fill(name, model):
    for path, module in models.modules(name, model).items():
        if isinstance(module, nn.BatchNorm2d):
            shape = module.weight.shape
            module.weight.data = tensor(f"{path}.gamma", shape)
            module.running_mean.data = tensor(f"{path}.moving_mean", shape)
            module.running_var.data = tensor(f"{path}.moving_variance", shape)
            module.bias.data = tensor(f"{path}.beta", shape)
            continue
        if isinstance(module, nn.Linear):
            module.weight.data = tensor(f"{path}.kernel", (module.in_features, module.out_features)).T
        else:
            outputs, inputs, rows, columns = module.weight.shape
            if module.groups == 1:
                kernel = tensor(f"{path}.kernel", (rows, columns, inputs, outputs)).permute(3, 2, 0, 1)
            else:
                kernel = tensor(f"{path}.kernel", (rows, columns, outputs, inputs)).permute(2, 3, 0, 1)
            module.weight.data = kernel.contiguous()
        if module.bias is not None:
            module.bias.data = tensor(f"{path}.bias", module.bias.shape)
    return model


def logits_of(name):
    size = SIZES[name]
    model = fill(name, models.MODELS[name][0]()).eval()
    image = (bits(f"image {name}", size * size * 3) & np.uint64(255)).astype(np.uint8).reshape(1, size, size, 3)
    with torch.inference_mode():
        logits = nn.Sequential(*list(model.children())[:-1])(models.scaled(image))[0].double().numpy()
    step = len(logits) // min(STORED, len(logits))
    return {"size": size, "step": step, "some": [round(float(x), 7) for x in logits[::step]],
            "rms": round(float(np.sqrt(np.mean(logits**2))), 7)}


def main():
    torch.set_num_threads(1)
    table = {"madeBy": f"PyTorch {torch.__version__}", "logits": {name: logits_of(name) for name in SIZES}}
    with open(os.path.join(HERE, "logits.json"), "w") as file:
        file.write(json.dumps(table, indent=2) + "\n")
    print(json.dumps(table))


if __name__ == "__main__":
    main()

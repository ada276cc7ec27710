#!/usr/bin/env python3
"""The models of dsl-examples in PyTorch and torchvision, with weights drawn from a seed, for what compares both.

    /usr/bin/python3 bench/models.py MODEL FOLDER [--batch 1] [--size 224] [--time]

writes into FOLDER

    MODEL.safetensors   the weights under the names and in the layouts of dsl-examples/MODEL.cnn
    MODEL.onnx          the same model in inference, batch --batch, for ONNX Runtime
    MODEL.input.u8      pictures of noise, bytes in NHWC: what the .cnn file takes
    MODEL.input.f32     the same pictures, bytes / 255 in NCHW: what PyTorch and ONNX take
    MODEL.output.f32    what PyTorch makes of them: probabilities

and prints the time of one inference of one thread, and of one training step (batch 32, Adam), if --time is given.

Needs Debian's packages python3-torch and python3-torchvision. Of use as a module, too: `build(name)` gives the model,
`tensors(name, model)` its weights by their names in the .cnn file.
"""
import argparse
import json
import math
import os
import statistics
import struct
import time
import warnings

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

# Noise of Debian's build: it has no image codecs, which nothing here reads.
warnings.filterwarnings("ignore", message="Failed to load image Python extension")
import torchvision  # noqa: E402

SEED = 1
BETA_2, EPSILON = 0.999, 1e-7


class ImageNetPixels(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1))
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1))

    def forward(self, x):
        return (x - self.mean) / self.deviation


class BasicBlock(nn.Module):
    """torchvision's, with 1x1 convolutions wherever the shape changes, as there."""

    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, filters, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(filters)
        self.downsample = None
        if stride != 1 or inputs != filters:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + (x if self.downsample is None else self.downsample(x)))


# Each is a Sequential whose last module turns logits into probabilities.


def keras_classifier():
    return nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 1), nn.Sigmoid())


def lenet5():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        nn.Softmax(1))


def resnet20():
    blocks = [BasicBlock(16 if width == 16 and i == 0 else width // 2 if i == 0 else width, width,
                         2 if width > 16 and i == 0 else 1)
              for width in (16, 32, 64) for i in range(3)]
    return nn.Sequential(
        nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU(), *blocks,
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 10), nn.Softmax(1))


def resnet18():
    return nn.Sequential(ImageNetPixels(), torchvision.models.resnet18(weights=None), nn.Softmax(1))


def squeezenet():
    return nn.Sequential(ImageNetPixels(), torchvision.models.squeezenet1_1(weights=None), nn.Softmax(1))


def mobilenet_v2():
    return nn.Sequential(ImageNetPixels(), torchvision.models.mobilenet_v2(weights=None), nn.Softmax(1))


# Where each module of PyTorch stands in the .cnn file: (path, module).


def numbered(name, i):
    return name if i == 0 else f"{name}_{i}"


def plain(model):
    convolutions = [m for m in model if isinstance(m, nn.Conv2d)]
    dense = [m for m in model if isinstance(m, nn.Linear)]
    yield from ((numbered("conv2d", i), m) for i, m in enumerate(convolutions))
    yield from ((numbered("dense", i), m) for i, m in enumerate(dense))


def with_head(model):
    *rest, (_, head) = plain(model)
    yield from rest
    yield "head", head


def residual(stem, norm, blocks, head):
    yield "stem", stem
    yield "norm.batch_normalization", norm
    for i, block in enumerate(blocks):
        path = numbered("basic_block", i)
        yield f"{path}.main.conv2d", block.conv1
        yield f"{path}.main.norm.batch_normalization", block.bn1
        yield f"{path}.main.conv2d_1", block.conv2
        yield f"{path}.main.norm_1.batch_normalization", block.bn2
        if block.downsample is not None:
            yield f"{path}.skip.conv2d", block.downsample[0]
            yield f"{path}.skip.norm.batch_normalization", block.downsample[1]
    yield "head", head


def resnet20_paths(model):
    return residual(model[0], model[1], model[3:12], model[14])


def resnet18_paths(model):
    net = model[1]
    blocks = [block for layer in (net.layer1, net.layer2, net.layer3, net.layer4) for block in layer]
    return residual(net.conv1, net.bn1, blocks, net.fc)


def squeezenet_paths(model):
    net = model[1]
    yield "stem", net.features[0]
    fires = [m for m in net.features if type(m).__name__ == "Fire"]
    for i, fire in enumerate(fires):
        path = numbered("fire", i)
        yield f"{path}.few.conv2d", fire.squeeze
        yield f"{path}.narrow.conv2d", fire.expand1x1
        yield f"{path}.wide.conv2d", fire.expand3x3
    yield "head", net.classifier[1]


def mobilenet_v2_paths(model):
    net = model[1]
    stem, *blocks, top = net.features
    yield "stem", stem[0]
    yield "norm.batch_normalization", stem[1]
    for i, block in enumerate(blocks):
        path = numbered("inverted_residual", i)
        *expansion, depthwise, project, norm = block.conv
        for layer in expansion:
            yield f"{path}.many.conv2d", layer[0]
            yield f"{path}.many.norm.batch_normalization", layer[1]
        yield f"{path}.few.depthwise_conv2d", depthwise[0]
        yield f"{path}.few.norm.batch_normalization", depthwise[1]
        yield f"{path}.few.conv2d", project
        yield f"{path}.few.norm_1.batch_normalization", norm
    yield "top", top[0]
    yield "norm_1.batch_normalization", top[1]
    yield "head", net.classifier[1]


# Name: how to build it, where its modules stand, the picture (height, width, channels), and channels where it is flattened.
MODELS = {
    "keras_classifier": (keras_classifier, plain, (28, 28, 1), 64),
    "lenet5": (lenet5, with_head, (28, 28, 1), 16),
    "resnet20": (resnet20, resnet20_paths, (32, 32, 3), None),
    "resnet18": (resnet18, resnet18_paths, (224, 224, 3), None),
    "squeezenet": (squeezenet, squeezenet_paths, (224, 224, 3), None),
    "mobilenet_v2": (mobilenet_v2, mobilenet_v2_paths, (224, 224, 3), None),
}


def modules(name, model):
    """The modules with weights, by their paths in the .cnn file."""
    return dict(MODELS[name][1](model))


def tensors(name, model):
    """The weights as numpy arrays under the names and in the layouts of the .cnn file: HWIO, and rows flattened from NHWC."""
    flattened = MODELS[name][3]
    result = {}
    for path, module in modules(name, model).items():
        if isinstance(module, nn.BatchNorm2d):
            result[f"{path}.gamma"], result[f"{path}.beta"] = module.weight, module.bias
            result[f"{path}.moving_mean"], result[f"{path}.moving_variance"] = module.running_mean, module.running_var
            continue
        if isinstance(module, nn.Linear):
            kernel = module.weight
            if flattened is not None:  # the first dense layer
                size = math.isqrt(module.in_features // flattened)
                kernel = kernel.view(-1, flattened, size, size).permute(0, 2, 3, 1).reshape(kernel.shape)
                flattened = None
            kernel = kernel.T
        elif module.groups == 1:
            kernel = module.weight.permute(2, 3, 1, 0)
        else:  # [channels, 1, rows, columns] to [rows, columns, channels, 1]
            kernel = module.weight.permute(2, 3, 0, 1)
        result[f"{path}.kernel"] = kernel
        if module.bias is not None:
            result[f"{path}.bias"] = module.bias
    return {path: tensor.detach().numpy().astype(np.float32, order="C") for path, tensor in result.items()}


def build(name):
    """The model with its weights, in inference. The same for every call."""
    torch.manual_seed(SEED)
    make, _, (height, width, channels), _ = MODELS[name]
    model = make()
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    with torch.no_grad():
        for norm in norms:
            norm.weight.uniform_(0.8, 1.2)
            norm.bias.uniform_(-0.1, 0.1)
        if norms:
            # Statistics as training would leave them, or deep nets would give nothing but 0 and infinity.
            momenta = [norm.momentum for norm in norms]
            for norm in norms:
                norm.momentum = None
            model.train()(torch.rand(4, channels, min(height, 64), min(width, 64)))
            for norm, momentum in zip(norms, momenta):
                norm.momentum = momentum
                norm.num_batches_tracked.zero_()
    return model.eval()


def write_safetensors(path, arrays):
    header, end = {}, 0
    for name, array in arrays.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [end, end + array.nbytes]}
        end += array.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(array.tobytes())


def pictures(name, batch, size=None):
    """Bytes in NHWC."""
    height, width, channels = MODELS[name][2]
    shape = (batch, size or height, size or width, channels)
    return np.random.default_rng(SEED).integers(0, 256, shape, dtype=np.uint8)


def scaled(images):
    return torch.from_numpy((images * np.float32(1 / 255)).transpose(0, 3, 1, 2).copy())


def export(name, folder, batch, size):
    model, images = build(name), pictures(name, batch, size)
    x = scaled(images)
    with torch.inference_mode():
        y = model(x)
    at = os.path.join(folder, name)
    write_safetensors(f"{at}.safetensors", tensors(name, model))
    images.tofile(f"{at}.input.u8")
    x.numpy().tofile(f"{at}.input.f32")
    y.numpy().tofile(f"{at}.output.f32")
    torch.onnx.export(model, x, f"{at}.onnx", opset_version=13, input_names=["image"], output_names=["output"])


def median_ms(run, seconds=1.0, least=5):
    run()
    times, began = [], time.perf_counter()
    while len(times) < least or time.perf_counter() - began < seconds:
        start = time.perf_counter()
        run()
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def time_inference(name):
    model, x = build(name), scaled(pictures(name, 1))

    def run():
        with torch.inference_mode():
            model(x)

    return median_ms(run)


def time_step(name):
    """Forward, backward and Adam as Keras has it, see test/pytorch/losses.py."""
    logits_of = nn.Sequential(*list(build(name).children())[:-1]).train()
    x, labels, steps = scaled(pictures(name, 32)), torch.arange(32) % 2, 0
    adam = torch.optim.Adam(logits_of.parameters(), lr=0.001, betas=(0.9, BETA_2))

    def run():
        nonlocal steps
        steps += 1
        logits = logits_of(x)
        binary = logits.shape[1] == 1
        loss = (F.binary_cross_entropy_with_logits(logits[:, 0], labels.float()) if binary
                else F.cross_entropy(logits, labels))
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.param_groups[0]["eps"] = EPSILON / math.sqrt(1 - BETA_2**steps)
        adam.step()

    return median_ms(run)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("model", choices=[*MODELS, "all"])
    parser.add_argument("folder")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--size", type=int, help="height and width of the pictures")
    parser.add_argument("--time", action="store_true", help="time inference and, of small models, training steps")
    options = parser.parse_args()
    torch.set_num_threads(1)
    os.makedirs(options.folder, exist_ok=True)
    for name in MODELS if options.model == "all" else [options.model]:
        export(name, options.folder, options.batch, options.size)
        if options.time:
            times = {"model": name, "inference_ms": round(time_inference(name), 3)}
            if MODELS[name][2][0] < 224:
                times["step_ms"] = round(time_step(name), 2)
            print(json.dumps(times))


if __name__ == "__main__":
    main()

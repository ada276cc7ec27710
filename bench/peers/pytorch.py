"""PyTorch on one thread, as one peer of the benchmark; speaks what child.mjs speaks."""
import json
import math
import os
import sys
import time

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import numpy as np
import torch
import torch.nn.functional as F

import models

torch.set_num_threads(1)
torch.set_num_interop_threads(1)
BETA_2, EPSILON = 0.999, 1e-7


class Inference:
    def __init__(self, task):
        height, width, channels = task["shape"]
        image = np.fromfile(os.path.join(task["folder"], "infer.nchw"), dtype=np.float32)
        self.image = torch.from_numpy(image).reshape(task["batch"], channels, height, width)
        plain = models.build(task["model"]).eval()
        # Frozen and fused, with the layouts of its convolutions chosen ahead: on some machines ten times faster.
        frozen = torch.jit.optimize_for_inference(torch.jit.trace(plain, self.image))
        self.model = min((plain, frozen), key=self.time_of)

    def time_of(self, model):
        """The shortest of some calls, after those in which the compiler of PyTorch is still at work."""
        times = []
        for _ in range(12):
            began = time.perf_counter()
            with torch.inference_mode():
                model(self.image)
            times.append(time.perf_counter() - began)
        return min(times[4:])

    def check(self):
        return self.run().flatten().tolist()

    def run(self):
        with torch.inference_mode():
            return self.model(self.image)


class Step:
    """Forward, backward and Adam as Keras computes it, see test/pytorch/losses.py."""

    def __init__(self, task):
        height, width, channels = task["shape"]
        image = np.fromfile(os.path.join(task["folder"], "step.nchw"), dtype=np.float32)
        labels = np.fromfile(os.path.join(task["folder"], "step.labels"), dtype=np.int32)
        self.image = torch.from_numpy(image).reshape(task["batch"], channels, height, width)
        # The last module turns logits into probabilities, which PyTorch's losses take in one with the logarithm.
        self.model = torch.nn.Sequential(*list(models.build(task["model"]).children())[:-1]).train()
        self.binary = task["classes"] == 2
        self.labels = torch.from_numpy(labels.astype(np.float32 if self.binary else np.int64))
        self.adam = torch.optim.Adam(self.model.parameters(), lr=0.001, betas=(0.9, BETA_2))
        self.steps = 0

    def check(self):
        return [self.run() for _ in range(4)]

    def run(self):
        logits = self.model(self.image)
        if self.binary:
            loss = F.binary_cross_entropy_with_logits(logits[:, 0], self.labels)
        else:
            loss = F.cross_entropy(logits, self.labels)
        self.adam.zero_grad(set_to_none=True)
        loss.backward()
        self.steps += 1
        self.adam.param_groups[0]["eps"] = EPSILON / math.sqrt(1 - BETA_2**self.steps)
        self.adam.step()
        return loss.item()


def batch(peer, milliseconds):
    began = time.perf_counter()
    calls, elapsed = 0, 0.0
    while calls == 0 or elapsed < milliseconds:
        peer.run()
        calls += 1
        elapsed = (time.perf_counter() - began) * 1000
    return {"calls": calls, "ms": elapsed}


def main():
    answers = os.fdopen(3, "w")
    peer = None
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if message["do"] == "open":
                task = message["task"]
                peer = (Inference if task["kind"] == "infer" else Step)(task)
                answer = {"about": f"PyTorch {torch.__version__}"}
            elif message["do"] == "check":
                answer = {"values": peer.check()}
            else:
                answer = batch(peer, message["ms"])
        except Exception as error:  # the parent prints it as the reason
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


main()

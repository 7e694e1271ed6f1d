"""PyTorch's side of the benchmark: reads a measurement's name a line, answers with what one repetition of it took.

An answer is in seconds, or in images or views a second where the name says so. `ready` is answered with 0.
"""

import os
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[4] / "tools"))
from torch_methods import ConvNet4  # noqa: E402  as the comparisons of whole trainings have it

THREADS = int(os.environ["RAYON_NUM_THREADS"])


def timed(run, prepare=lambda: ()):
    """The mean time of `run(*prepare())`, repeated for a tenth of a second once the threads are awake."""
    run(*prepare())
    total, count = 0.0, 0
    while total < 0.1:
        arguments = prepare()
        start = time.perf_counter()
        run(*arguments)
        total, count = total + time.perf_counter() - start, count + 1
    return total / count


class ResNet18(nn.Module):
    features = 512

    def __init__(self):
        super().__init__()
        from torchvision.models import resnet18

        self.network = resnet18()
        self.network.conv1 = nn.Conv2d(3, 64, 3, 1, 1, bias=False)
        self.network.maxpool = nn.Identity()
        self.network.fc = nn.Identity()

    def forward(self, x):
        return self.network(x)


class SimClr:
    """A network, its projection head and the steps that train them, with lightly's loss."""

    def __init__(self, backbone):
        from lightly.loss import NTXentLoss

        self.backbone = backbone
        width = backbone.features
        self.head = nn.Sequential(nn.Linear(width, 256), nn.ReLU(inplace=True), nn.Linear(256, 128))
        self.loss = NTXentLoss(temperature=0.5)
        parameters = [*self.backbone.parameters(), *self.head.parameters()]
        self.optimizer = torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=5e-4)

    def step(self, view_a, view_b):
        z_a, z_b = self.head(self.backbone(torch.cat([view_a, view_b]))).chunk(2)
        loss = self.loss(z_a, z_b)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


@cache
def simclr(backbone):
    return SimClr({"convnet4": ConvNet4, "resnet18": ResNet18}[backbone]())


@cache
def views(batch):
    return torch.rand(batch, 3, 32, 32), torch.rand(batch, 3, 32, 32)


def simclr_step(backbone, batch):
    model, pair = simclr(backbone), views(batch)
    return timed(lambda: model.step(*pair))


@cache
def operation(name):
    """The operation's function and its input; what the function closes over wants gradients too."""
    kind, *shape = name.split("_")
    if kind in ("conv", "product"):
        kernel, (inputs, outputs), size, stride = int(shape[0]), map(int, shape[1].split("to")), int(shape[2]), int(shape[3])
        weight = torch.rand(outputs, inputs, kernel, kernel, requires_grad=True)
        if kind == "product":
            patches = torch.rand(inputs * kernel * kernel, 128 * (size // stride) ** 2)
            return lambda x: weight.flatten(1) @ x, patches
        x = torch.rand(128, inputs, size, size, requires_grad=inputs > 3)
        if shape[-1] == "norm":
            norm = nn.BatchNorm2d(outputs)
            return lambda x: F.relu(norm(F.conv2d(x, weight, None, stride, kernel // 2)), inplace=True), x
        return lambda x: F.conv2d(x, weight, None, stride, kernel // 2), x
    if kind == "pixel":
        targets = torch.rand(128, 225, 8, 8)
        return lambda x: F.cross_entropy(x, targets), torch.randn(128, 225, 8, 8, requires_grad=True)
    x = torch.randn(128, 64, 16, 16, requires_grad=True)
    other, norm = torch.randn(128, 64, 16, 16, requires_grad=True), nn.BatchNorm2d(64)
    functions = {
        "norm": lambda x: F.relu(norm(x), inplace=True),
        "relu": F.relu,
        "add": lambda x: F.relu(x + other),
        "max": lambda x: F.max_pool2d(x, 2),
        "avg": lambda x: F.avg_pool2d(x, 2),
        "global": lambda x: x.mean((2, 3)),
        "upsample": lambda x: F.interpolate(x, scale_factor=2, mode="bilinear"),
    }
    return functions[kind], x


def forward(name):
    function, x = operation(name)
    return timed(lambda: function(x))


def backward(name):
    function, x = operation(name)
    return timed(torch.Tensor.backward, lambda: (function(x).sum(),))


@cache
def images():
    """The training images of a directory in CIFAR-10's binary format, `[N, 32, 32, 3]`."""
    count = int(os.environ["BENCH_IMAGES"])
    records = np.fromfile(os.path.join(os.environ["BENCH_CIFAR10"], "data_batch_1.bin"), np.uint8)
    return records.reshape(-1, 3073)[:count, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


class Pairs(torch.utils.data.Dataset):
    """Pairs of views by lightly's transform."""

    def __init__(self):
        from lightly.transforms import SimCLRTransform
        from PIL import Image

        self.images = [Image.fromarray(image) for image in np.ascontiguousarray(images())]
        self.transform = SimCLRTransform(input_size=32)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(self.images[index])


pairs = cache(Pairs)


def augmentation():
    torch.set_num_threads(1)
    data = pairs()
    seconds = timed(lambda: [data[i] for i in range(200)])
    torch.set_num_threads(THREADS)
    return 400 / seconds


def simclr_epoch():
    loader = torch.utils.data.DataLoader(pairs(), batch_size=256, shuffle=True, num_workers=2, drop_last=True)
    model = simclr("convnet4")

    start = time.perf_counter()
    for view_a, view_b in loader:
        model.step(view_a, view_b)
    return len(loader) * 256 / (time.perf_counter() - start)


def answer(name):
    if name == "ready":
        return 0.0
    if name == "augmentation_per_core":
        return augmentation()
    if name == "simclr_epoch":
        return simclr_epoch()
    if name.startswith("simclr_step_"):
        _, _, backbone, batch = name.split("_")
        return simclr_step(backbone, int(batch))
    operation_name, direction = name.rsplit("_", 1)
    return {"forward": forward, "backward": backward}[direction](operation_name)


def main():
    torch.set_num_threads(THREADS)
    import lightly, torchvision  # noqa: F401  a missing one is to be told at once

    for line in sys.stdin:
        print(answer(line.strip()), flush=True)


if __name__ == "__main__":
    main()

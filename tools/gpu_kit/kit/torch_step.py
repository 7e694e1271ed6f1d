"""PyTorch's side of `gpu_kit step`: images a second of SimCLR's step with ResNet-18 on views that lie on the device.

Channels last, as PyTorch is fastest in every precision, or first; head 512-256-128, T 0.5, SGD. Needs nothing but PyTorch.
"""

import argparse
import time

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.norm2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False), nn.BatchNorm2d(outputs)
        shortcut = [nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)]
        self.shortcut = nn.Sequential(*shortcut if stride > 1 else [])

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class SimCLR(nn.Module):
    """ResNet-18 for images of 32×32 pixels and SimCLR's head."""

    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU()]
        for inputs, outputs, stride in [(64, 64, 1), (64, 128, 2), (128, 256, 2), (256, 512, 2)]:
            layers += [Block(inputs, outputs, stride), Block(outputs, outputs, 1)]
        self.backbone = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Sequential(nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 128))

    def forward(self, views):
        return self.head(self.backbone(views))


def nt_xent(z):
    z = F.normalize(z.float(), dim=1)
    similarities = (z @ z.T / 0.5).fill_diagonal_(float("-inf"))
    partners = torch.arange(len(z), device=z.device).roll(len(z) // 2)
    return F.cross_entropy(similarities, partners)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", choices=["f32", "tf32", "bf16"], default="f32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--channels-first", action="store_true")
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=20)
    args = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = args.precision == "tf32"
    torch.backends.cudnn.benchmark = True
    torch.manual_seed(0)
    order = torch.contiguous_format if args.channels_first else torch.channels_last
    model = SimCLR().to(args.device, memory_format=order)
    forward = torch.compile(model) if args.compile else model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
    views = torch.rand(2 * args.batch_size, 3, 32, 32).to(args.device, memory_format=order)
    kind = torch.device(args.device).type

    def step():
        with torch.autocast(kind, torch.bfloat16, enabled=args.precision == "bf16"):
            z = forward(views)
        loss = nt_xent(z)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    for _ in range(3):
        first = step()
    start = time.perf_counter()
    for _ in range(args.steps):
        last = step()
    seconds = time.perf_counter() - start
    images = args.steps * args.batch_size / seconds
    print(f"{images:.0f} images/s, {1e3 * seconds / args.steps:.1f} ms a step, loss {first:.3f} → {last:.3f}")


if __name__ == "__main__":
    main()

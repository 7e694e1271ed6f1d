"""The same SimCLR run in PyTorch and lightly: network, augmentation, loss, optimizer, schedule and probes of `cargo run -p simclr`.

    pip install torch torchvision lightly scikit-learn
    python labs/05_simclr/against_torch.py DIR --epochs 10 --batch-size 256

DIR holds CIFAR-10's binary files. Prints the loss by epoch, the training time, and linear and kNN accuracy on the test images.
"""

import argparse
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from lightly.loss import NTXentLoss
from lightly.transforms import SimCLRTransform
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import nn


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--temperature", type=float, default=0.1)
    parser.add_argument("--crop", type=float, default=0.7)
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--grayscale", type=float, default=0.5)
    parser.add_argument("--learning-rate", type=float, default=0.008)
    parser.add_argument("--weight-decay", type=float, default=1e-4)
    parser.add_argument("--warmup", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    return parser.parse_args()


def read(files):
    """Images `[N, 32, 32, 3]` and labels of files in CIFAR-10's binary format."""
    records = np.concatenate([np.fromfile(file, np.uint8).reshape(-1, 3073) for file in files])
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).copy(), records[:, 0].astype(int)


class ConvNet4(nn.Module):
    def __init__(self):
        super().__init__()
        blocks, channels = [], [3, 32, 64, 128, 256]
        for i, stride in enumerate([1, 2, 2, 2]):
            conv = nn.Conv2d(channels[i], channels[i + 1], 3, stride, 1, bias=False)
            blocks += [conv, nn.BatchNorm2d(channels[i + 1]), nn.ReLU(inplace=True)]
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x):
        return self.blocks(x).mean((2, 3))


class Pairs(torch.utils.data.Dataset):
    def __init__(self, images, args):
        self.images = [Image.fromarray(image) for image in images]
        self.transform = SimCLRTransform(
            input_size=32,
            cj_strength=args.strength,
            min_scale=args.crop,
            random_gray_scale=args.grayscale,
            gaussian_blur=0.0,
            normalize=None,
        )

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return self.transform(self.images[index])


def train(images, args):
    torch.manual_seed(args.seed)
    backbone = ConvNet4()
    head = nn.Sequential(nn.Linear(256, 256), nn.ReLU(inplace=True), nn.Linear(256, 128))
    parameters = [*backbone.parameters(), *head.parameters()]
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": args.weight_decay},
        {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups)
    criterion = NTXentLoss(temperature=args.temperature)
    loader = torch.utils.data.DataLoader(
        Pairs(images, args), batch_size=args.batch_size, shuffle=True, num_workers=args.workers, drop_last=True
    )
    total = args.epochs * len(loader)
    warmup = int(args.warmup * total)
    peak = args.learning_rate * args.batch_size / 256
    step = 0
    for epoch in range(args.epochs):
        losses = []
        for view_a, view_b in loader:
            rising, progress = (step + 1) / max(warmup, 1), (step - warmup) / (total - warmup)
            rate = peak * (rising if step < warmup else 0.5 * (1 + math.cos(math.pi * progress)))
            for group in optimizer.param_groups:
                group["lr"] = rate
            loss = criterion(*head(backbone(torch.cat([view_a, view_b]))).chunk(2))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            step += 1
        print(f"epoch {epoch + 1}/{args.epochs}: loss {np.mean(losses):.4f}", flush=True)
    return backbone.eval()


@torch.no_grad()
def features(backbone, images):
    batches = torch.from_numpy(images).permute(0, 3, 1, 2).float().div(255).split(500)
    return torch.cat([backbone(batch) for batch in batches]).numpy()


def linear(train, train_labels, test, test_labels):
    """Softmax regression with L2 1e-3 on standardized features."""
    scaler = StandardScaler().fit(train)
    probe = LogisticRegression(C=1 / (1e-3 * len(train)), max_iter=1000)
    probe.fit(scaler.transform(train), train_labels)
    return probe.score(scaler.transform(test), test_labels)


def knn(train, train_labels, test, test_labels, k=200, temperature=0.1):
    known = F.normalize(torch.from_numpy(train), dim=1)
    votes_of = F.one_hot(torch.from_numpy(train_labels)).float()
    right = 0
    for block, labels in zip(torch.from_numpy(test).split(500), torch.from_numpy(test_labels).split(500)):
        similarity, index = (F.normalize(block, dim=1) @ known.T).topk(k)
        votes = (votes_of[index] * (similarity / temperature).exp()[..., None]).sum(1)
        right += (votes.argmax(1) == labels).sum().item()
    return right / len(test)


def main():
    args = arguments()
    train_images, train_labels = read([args.directory / f"data_batch_{i}.bin" for i in range(1, 6)])
    test_images, test_labels = read([args.directory / "test_batch.bin"])
    start = time.perf_counter()
    backbone = train(train_images, args)
    seconds = time.perf_counter() - start
    print(f"{seconds:.0f} s, {args.epochs * len(train_images) / seconds:.0f} pairs/s")
    known, new = features(backbone, train_images), features(backbone, test_images)
    print(f"linear {100 * linear(known, train_labels, new, test_labels):.1f} %")
    print(f"kNN {100 * knn(known, train_labels, new, test_labels):.1f} %")


if __name__ == "__main__":
    main()

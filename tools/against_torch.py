"""A lab's method in PyTorch and lightly: the same network, augmentation, loss, optimizer, schedule and probes as in Rust.

    pip install torch torchvision lightly scikit-learn safetensors
    python tools/against_torch.py DIR --method simclr --epochs 10 --batch-size 256

does what `cargo run -p simclr-solution -- --data cifar10:DIR …` does; `rotation`, `jigsaw`, `colorization` and `info-nce` are of labs 01
to 04, `swav` is of lab 06, `byol` and `simsiam` are of lab 07, `moco` (with `--queue 4096 --momentum 0.99` in Rust) is of lab 09, `barlow`
and `vicreg` are of lab 10, `directpred` is of lab 11. DIR holds CIFAR-10's binary files. Prints the loss by epoch, the training time, and
linear and kNN accuracy on the test images.

Runs as short as these depend on the weights that are drawn first: `--start FILE` begins with those of a run of the lab with
`--keep-start`, whose file is called TRAINING.start.safetensors.
"""

import argparse
import math
import re
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from lightly.transforms import SimCLRTransform
from PIL import Image
from safetensors.torch import load_file
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch_methods import OF_VIEWS
from torch_pretext import OF_IMAGES

METHODS = OF_IMAGES | OF_VIEWS


def flags():
    """Those of the experiment, which other scripts add to."""
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("--method", choices=METHODS, default="simclr")
    parser.add_argument("--train-images", type=int, default=50_000)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--crop", type=float, default=0.7)
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--grayscale", type=float, default=0.5)
    parser.add_argument("--learning-rate", type=float, help="default: the lab's")
    parser.add_argument("--weight-decay", type=float, help="default: the lab's")
    parser.add_argument("--warmup", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    return parser


def read(files):
    """Images `[N, 32, 32, 3]` and labels of files in CIFAR-10's binary format."""
    records = np.concatenate([np.fromfile(file, np.uint8).reshape(-1, 3073) for file in files])
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).copy(), records[:, 0].astype(int)


# Where a layer of the lab's is in PyTorch: the pattern of its name, and what stands there instead.
PLACES = [
    (r"^params/(online\.|query\.)?", ""),
    (r"backbone\.conv(\d)", lambda layer: f"backbone.blocks.{3 * int(layer[1]) - 3}"),
    (r"backbone\.bn(\d)", lambda layer: f"backbone.blocks.{3 * int(layer[1]) - 2}"),
    (r"projector\.(bn)?(\d)", lambda layer: f"projector.{3 * int(layer[2]) + (layer[1] is not None)}"),
    (r"head\.(hidden|output)", lambda layer: f"head.{2 * (layer[1] == 'output')}"),
    (r"predictor\.(hidden|norm|output)", lambda layer: f"predictor.{PREDICTOR[layer[1]]}"),
    (r"^(target|key)\.backbone", r"\1.0"),
    (r"^(target|key)\.projector", r"\1.1"),
]
PREDICTOR = {"hidden": 0, "norm": 1, "output": 3}


def start_from(file, model):
    """Puts the weights of the lab's file into the model, all of them. MoCo's queue stays as it is: random in both."""
    weights = {}
    for name, value in load_file(file).items():
        if name.startswith("params/") and "queue" not in name:
            for pattern, place in PLACES:
                name = re.sub(pattern, place, name)
            weights[name] = value
    kept = model.load_state_dict(weights, strict=False)
    missing = [name for name in kept.missing_keys if not name.endswith("num_batches_tracked") and "memory_bank" not in name]
    assert not missing and not kept.unexpected_keys, f"{file}: missing {missing}, unexpected {kept.unexpected_keys}"


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


class Whole:
    """Batches of images as they are, in random order. They need no workers."""

    def __init__(self, images, batch_size):
        self.images, self.batch_size = images, batch_size

    def __iter__(self):
        for chosen in shuffled(len(self.images), self.batch_size):
            yield [floats(self.images[chosen.numpy()])]


def shuffled(count, batch_size):
    """Numbers of images in random order, batch by batch; those that are left over wait for the next epoch."""
    return torch.randperm(count)[: count // batch_size * batch_size].split(batch_size)


def groups_of(model, weight_decay):
    """What an optimizer is given: matrices decay, and of those not SwAV's prototypes, whose lengths mean nothing."""
    decayed = [p for name, p in model.named_parameters() if p.requires_grad and p.dim() > 1 and "prototypes" not in name]
    others = [p for p in model.parameters() if p.requires_grad and all(p is not other for other in decayed)]
    return [{"params": decayed, "weight_decay": weight_decay}, {"params": others, "weight_decay": 0.0}]


def share_at(step, warmup, total):
    """The learning rate's share of its greatest value: it rises, then falls along half a cosine."""
    return (step + 1) / warmup if step < warmup else 0.5 * (1 + math.cos(math.pi * (step - warmup) / (total - warmup)))


def train(images, args, watch=lambda model: None):
    """A trained method and the mean loss of each epoch, after each of which it may be watched."""
    torch.manual_seed(args.seed)
    total = args.epochs * (len(images) // args.batch_size)
    warmup = int(args.warmup * total)
    model = METHODS[args.method](total)
    if model.augmented:
        loader = torch.utils.data.DataLoader(
            Pairs(images, args), batch_size=args.batch_size, shuffle=True, num_workers=args.workers, drop_last=True
        )
    else:
        loader = Whole(images, args.batch_size)
    model.begin(floats(images[:1000]))
    if args.start:
        start_from(args.start, model)
    learning_rate = args.learning_rate or model.learning_rate
    decay = model.weight_decay if args.weight_decay is None else args.weight_decay
    optimizer = model.optimizer(groups_of(model, decay))
    step, curve = 0, []
    for epoch in range(args.epochs):
        losses = []
        for views in loader:
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * share_at(step, warmup, total)
            loss = model.loss(views[:2], step)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            model.after(step)
            losses.append(loss.item())
            step += 1
        curve.append(np.mean(losses))
        print(f"epoch {epoch + 1}/{args.epochs}: loss {curve[-1]:.4f}", flush=True)
        watch(model.eval())
        model.train()
    return model.eval(), curve


def floats(images):
    """`[N, 32, 32, 3]` → `[N, 3, 32, 32]`, from 0 to 1."""
    return torch.from_numpy(images).permute(0, 3, 1, 2).float().div(255)


@torch.no_grad()
def features(model, images):
    return torch.cat([model.backbone(model.shown(floats(batch))) for batch in batches(images)]).numpy()


def batches(images):
    return (images[start : start + 500] for start in range(0, len(images), 500))


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


def load(args):
    """Images and labels to train on, and to test on."""
    images, labels = read([args.directory / f"data_batch_{i}.bin" for i in range(1, 6)])
    chosen = np.random.default_rng(args.seed).permutation(len(images))[: args.train_images]
    return (images[chosen], labels[chosen]), read([args.directory / "test_batch.bin"])


def main():
    args = flags().parse_args()
    (images, labels), (test_images, test_labels) = load(args)
    start = time.perf_counter()
    model, _ = train(images, args)
    seconds = time.perf_counter() - start
    print(f"{seconds:.0f} s, {args.epochs * len(images) / seconds:.0f} pairs/s")
    known, new = features(model, images), features(model, test_images)
    print(f"linear {100 * linear(known, labels, new, test_labels):.1f} %")
    print(f"kNN {100 * knn(known, labels, new, test_labels):.1f} %")


if __name__ == "__main__":
    main()

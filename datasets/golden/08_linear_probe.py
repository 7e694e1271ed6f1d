"""Golden values of lab 08: features, losses and steps from PyTorch, votes and overlaps from NumPy, mean IoU from scikit-learn."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.metrics import jaccard_score, top_k_accuracy_score

from golden import Golden

torch.manual_seed(8)
rng = np.random.default_rng(8)
golden = Golden(__file__)


# Exercise 1. Three convolutions with batch norm, the first two with ReLU, with weights and statistics that differ from the batch's.
BLOCKS = {"first": F.relu, "second": F.relu, "third": lambda x: x}


def network(case):
    def blocks(x, train):
        maps = []
        for name, activation in BLOCKS.items():
            conv, stats = case[f"{name}.conv.weight"], [case[f"{name}.norm.{part}"].detach().clone() for part in ("running_mean", "running_var")]
            x = F.conv2d(x, conv, padding=1)
            x = F.batch_norm(x, *stats, case[f"{name}.norm.weight"], case[f"{name}.norm.bias"], training=train)
            x = activation(x)
            maps.append(x)
        return maps

    return blocks


def features(train=False, block=lambda depth: depth - 1, pool=lambda maps: maps.mean((2, 3)), cut=torch.detach, images_of=lambda images, batch: images.split(batch)):
    def of(images, depth, batch, **case):
        parts = [pool(network(case)(part, train)[block(int(depth))]) for part in images_of(images, int(batch))]
        calls = [len(part) for part in images_of(images, int(batch))]
        counts = {"images in each call of the backbone": np.array(calls, dtype=np.float64)}
        return {"features": cut(torch.cat(parts))} | counts | statistics(case, images, train, int(batch))

    return of


def statistics(case, images, train, batch):
    """Running statistics after the forward passes."""
    stats = {name: case[name].detach().clone() for name in case if "running" in name}
    if train:
        for x in images.split(batch):
            for name, activation in BLOCKS.items():
                x = F.conv2d(x, case[f"{name}.conv.weight"].detach(), padding=1)
                x = activation(F.batch_norm(x, stats[f"{name}.norm.running_mean"], stats[f"{name}.norm.running_var"], case[f"{name}.norm.weight"].detach(), case[f"{name}.norm.bias"].detach(), training=True))
    return stats


def network_case(count, channels, size, widths, depth, batch):
    case = {"images": torch.rand(count, channels, *size), "depth": float(depth), "batch": float(batch)}
    for name, inputs, outputs in zip(BLOCKS, (channels, *widths), widths):
        case |= {
            f"{name}.conv.weight": torch.randn(outputs, inputs, 3, 3) / 3,
            f"{name}.norm.weight": torch.rand(outputs) + 0.5,
            f"{name}.norm.bias": torch.randn(outputs) / 2,
            f"{name}.norm.running_mean": torch.randn(outputs) / 4,
            f"{name}.norm.running_var": torch.rand(outputs) + 0.5,
        }
    return case


WEIGHTS = [f"{name}.{part}" for name in BLOCKS for part in ("conv.weight", "norm.weight", "norm.bias")]
golden.check(
    "features",
    [network_case(7, 2, (5, 3), (3, 4, 2), 2, 3), network_case(4, 1, (4, 7), (5, 2, 3), 1, 4), network_case(5, 3, (3, 2), (2, 3, 5), 3, 2), network_case(3, 2, (2, 5), (4, 3, 1), 2, 5)],
    features(),
    {
        "training_mode": features(train=True),
        "graph_left_on": features(cut=lambda x: x),
        "counted_from_0": features(block=lambda depth: depth),
        "counted_from_the_end": features(block=lambda depth: -depth),
        "last_block": features(block=lambda depth: -1),
        "maximum": features(pool=lambda maps: maps.amax((2, 3))),
        "summed_over_places": features(pool=lambda maps: maps.sum((2, 3))),
        "first_batch_only": features(images_of=lambda images, batch: images.split(batch)[:1]),
        "all_at_once": features(images_of=lambda images, batch: [images]),
        "one_by_one": features(images_of=lambda images, batch: images.split(1)),
        "last_images_lost": features(images_of=lambda images, batch: [part for part in images.split(batch) if len(part) == batch]),
    },
    leaks=WEIGHTS,
)


# Exercise 2. Features of any scale, one of them small, and one that is constant.
def standard(mean=None, ddof=0, guard=True, epsilon=0.0, whose="train", shift=True, divide=None):
    def of(train, test):
        both = np.concatenate([train, test]).astype(np.float64)
        known = {"train": train.astype(np.float64), "both": both}.get(whose)
        result = {}
        for name, x in (("train", train), ("test", test)):
            base = x.astype(np.float64) if known is None else known
            mu, sigma = base.mean(0), base.std(0, ddof=ddof)
            if divide:
                sigma = divide(base)
            if guard:
                sigma = np.where(sigma < 1e-6, 1, sigma)
            with np.errstate(divide="ignore", invalid="ignore"):
                result[name] = (((x - mu) if shift else x) / (sigma + epsilon)).astype(np.float32)
        return result

    return of


def standard_case(train, test, width, constant=0.25):
    scale = rng.uniform(0.2, 5, width)
    x = rng.normal(size=(train + test, width)) * scale + rng.normal(size=width) * 3
    x[:, 0] *= 1e-4
    if constant:
        # Constant while training and other later.
        x[:, 1] = constant
        x[train:, 1] += rng.normal(size=test)
    return {"train": x[:train].astype(np.float32), "test": x[train:].astype(np.float32)}


def far_from_0(case):
    """A feature whose mean is a hundred deviations: the difference of two squares has no digits left of its variance. And one test row far from all."""
    case = {name: np.concatenate([x[:, :2], 20 + 0.2 * rng.normal(size=(len(x), 1))], 1).astype(np.float32) for name, x in case.items()}
    case["test"][0, 1] += 40 * case["train"][:, 1].std()
    return case


golden.check(
    "standardized",
    [standard_case(11, 7, 3, None), standard_case(5, 2, 4), standard_case(300, 3, 5), far_from_0(standard_case(12, 4, 3, None))],
    standard(),
    {
        "of_each_split": standard(whose="own"),
        "of_both_splits": standard(whose="both"),
        "sample_deviation": standard(ddof=1),
        "variance": standard(divide=lambda x: x.var(0)),
        "not_shifted": standard(shift=False),
        "test_by_its_mean": lambda train, test: {"train": standard()(train, test)["train"], "test": (standard()(train, test)["test"] - standard()(train, test)["test"].astype(np.float64).mean(0)).astype(np.float32)},
        "rows": lambda train, test: {name: standard(whose="own", guard=True)(x.T, x.T)["train"].T for name, x in (("train", train), ("test", test))},
        "zero_for_constant": lambda train, test: {name: np.where(train.astype(np.float64).std(0) < 1e-6, 0, x).astype(np.float32) for name, x in standard()(train, test).items()},
        "one_deviation": standard(divide=lambda x: np.full(x.shape[1], x.std())),
        "not_a_number": standard(guard=False),
    },
    tolerance=5e-5,
)


# A constant that has rounding in its mean, features that vary a little more or less than is to be divided by, a single image.
rounded = standard_case(7, 3, 3, 0.1)
rounded["train"][:, 2], rounded["test"][:, 2] = 1e-7 * rng.normal(size=7), 1e-7 * rng.normal(size=3)
small = standard_case(13, 4, 3)
for column, sigma in ((0, 3e-6), (2, 5e-7)):
    small["train"][:, column], small["test"][:, column] = sigma * rng.normal(size=13), sigma * rng.normal(size=4)
golden.check("nearly_constant", [rounded, small, standard_case(1, 2, 3)], standard(), tolerance=5e-5)


# Exercise 3. Losses and weights after an epoch of uneven batches, in which a row may come twice; features that hang on a backbone.
MOMENTUM, WEIGHT_DECAY = 0.9, 0.05


def probe_epoch(per_batch=True, cut=torch.detach, reduce="mean", report="mean", shuffled_labels=False, in_sequence=False):
    def of(images, labels, learning_rate, **case):
        batches = [case[name].long() for name in sorted(name for name in case if name.startswith("batch"))]
        weights = {name: case[name].clone().requires_grad_() for name in ("backbone.weight", "probe.weight", "probe.bias")}
        velocity = {name: torch.zeros_like(w) for name, w in weights.items()}
        losses = []
        features = cut(images @ weights["backbone.weight"].T)
        first = 0
        for batch in batches if per_batch else [torch.cat(batches)]:
            if in_sequence:
                batch, first = torch.arange(first, first + len(batch)) % len(images), first + len(batch)
            x = features[batch]
            y = labels.long()[: len(batch)] if shuffled_labels else labels.long()[batch]
            loss = F.cross_entropy(x @ weights["probe.weight"].T + weights["probe.bias"], y, reduction=reduce)
            losses.append(loss.item())
            names = [name for name in weights if name != "backbone.weight" or x.requires_grad]
            gradients = torch.autograd.grad(loss, [weights[name] for name in names], retain_graph=True)
            with torch.no_grad():
                for name, g in zip(names, gradients):
                    if weights[name].dim() > 1:
                        g = g + WEIGHT_DECAY * weights[name]
                    velocity[name] = MOMENTUM * velocity[name] + g
                    weights[name] -= learning_rate * velocity[name]
        weighted = sum(loss * len(batch) for loss, batch in zip(losses, batches)) / sum(map(len, batches))
        total = {"mean": sum(losses) / len(losses), "sum": sum(losses), "last": losses[-1], "weighted": weighted}[report]
        return {"loss": total} | {name: w.detach() for name, w in weights.items()}

    return of


def epoch_case(count, inputs, width, classes, batches, learning_rate):
    return {
        "images": torch.randn(count, inputs),
        "labels": torch.from_numpy(rng.integers(0, classes, count).astype(np.int64)),
        "backbone.weight": torch.randn(width, inputs),
        "probe.weight": torch.randn(classes, width) / 2,
        "probe.bias": torch.randn(classes) / 2,
        "learning_rate": learning_rate,
    } | {f"batch{i}": torch.tensor(batch) for i, batch in enumerate(batches)}


def epoch_truth(make):
    def of(**case):
        case = {name: torch.as_tensor(np.asarray(value)) if not isinstance(value, (float, torch.Tensor)) else value for name, value in case.items()}
        return make(**case)

    return of


golden.check(
    "epoch",
    [
        epoch_case(7, 2, 3, 5, [[6, 2, 0], [4, 1, 5], [3]], 0.3),
        epoch_case(5, 3, 2, 4, [[4, 4, 1, 0]], 0.2),
        epoch_case(9, 2, 5, 3, [[8, 3], [5, 5, 7, 0, 2], [1, 6, 4], [2], [0, 8, 7]], 0.1),
    ],
    epoch_truth(probe_epoch()),
    {
        "backbone_trained": epoch_truth(probe_epoch(cut=lambda x: x)),
        "one_batch": epoch_truth(probe_epoch(per_batch=False)),
        "summed": epoch_truth(probe_epoch(reduce="sum")),
        "first_labels": epoch_truth(probe_epoch(shuffled_labels=True)),
        "losses_summed": epoch_truth(probe_epoch(report="sum")),
        "last_loss": epoch_truth(probe_epoch(report="last")),
        "weighted_by_size": epoch_truth(probe_epoch(report="weighted")),
        "rows_in_sequence": epoch_truth(probe_epoch(in_sequence=True)),
    },
    tolerance=2e-5,
)


# Exercise 4. Few classes and many, ties, a label that is out of reach.
def top_k(rank=lambda before, ties_before, ties: before + ties_before, k_of=lambda k: k, percent=1.0):
    def of(logits, labels, k):
        x, y = logits.astype(np.float64), np.asarray(labels).astype(int)
        own = x[np.arange(len(x)), y][:, None]
        ties = x == own
        before = (x > own).sum(1)
        ties_before = (ties & (np.arange(x.shape[1]) < y[:, None])).sum(1)
        return {"accuracy": float(percent * (rank(before, ties_before, ties.sum(1) - 1) < k_of(int(k))).mean())}

    return of


def logits_case(count, classes, k, ties=False):
    x = rng.normal(size=(count, classes))
    # No −0, which `total_cmp` has before 0.
    x = np.round(x) + 0.0 if ties else x
    return {"logits": x.astype(np.float32), "labels": rng.integers(0, classes, count).astype(np.int64), "k": float(k)}


def late(count, classes, place, k):
    """Labels that so many classes come before."""
    case = logits_case(count, classes, k)
    return case | {"labels": np.argsort(-case["logits"], axis=1)[:, place].astype(np.int64)}


cases = [logits_case(23, 7, 3), logits_case(11, 5, 1), logits_case(4, 3, 3), logits_case(1, 10, 4), logits_case(60, 6, 2, ties=True), logits_case(37, 50, 7, ties=True)]
# More rows and classes than a byte counts.
cases += [logits_case(290, 4, 4), late(7, 300, 270, 20), late(5, 300, 270, 271)]
for case in cases[:2]:
    score = top_k_accuracy_score(case["labels"], case["logits"], k=int(case["k"]), labels=np.arange(case["logits"].shape[1]))
    assert abs(score - top_k()(**case)["accuracy"]) < 1e-12
golden.check(
    "top_k",
    cases,
    top_k(),
    {
        "top_1": top_k(k_of=lambda k: 1),
        "one_more": top_k(k_of=lambda k: k + 1),
        "one_less": top_k(k_of=lambda k: k - 1),
        "least_logits": lambda logits, labels, k: top_k()(-logits, labels, k),
        "percent": top_k(percent=100.0),
        "itself_counted": top_k(rank=lambda before, ties_before, ties: before + ties + 1),
        "ties_count": top_k(rank=lambda before, ties_before, ties: before),
        "ties_lose": top_k(rank=lambda before, ties_before, ties: before + ties),
        "greater_number_first": top_k(rank=lambda before, ties_before, ties: before + ties - ties_before),
    },
    tolerance=1e-6,
)


# Exercise 5.
def knn(unit=True, vote=lambda c, t: np.exp(c / t), nearest=lambda c: -c, mean=False, distance=False, k_of=lambda k: k, whose=np.argmax):
    def of(train, labels, test, k, temperature):
        n, m, y = train.astype(np.float64), test.astype(np.float64), np.asarray(labels).astype(int)
        length = lambda x: np.sqrt((x**2).sum(1, keepdims=True) + 1e-12)
        if unit:
            n, m = n / length(n), m / length(m)
        c = -((m[:, None] - n[None]) ** 2).sum(-1) if distance else m @ n.T
        order = np.argsort(nearest(c), axis=1, kind="stable")[:, : k_of(int(k))]
        votes = np.zeros((len(m), y.max() + 1))
        for row, chosen in enumerate(order):
            np.add.at(votes[row], y[chosen], vote(c[row, chosen], temperature))
        if mean:
            counts = np.stack([np.bincount(y[chosen], minlength=votes.shape[1]) for chosen in order])
            votes = votes / np.maximum(counts, 1)
        return {"classes": whose(votes, axis=1).astype(np.uint32)}

    return of


def knn_case(count, tests, width, classes, k, temperature):
    scale = rng.uniform(0.1, 6, (count, 1))
    return {
        "train": (rng.normal(size=(count, width)) * scale).astype(np.float32),
        "labels": rng.integers(0, classes, count).astype(np.int64),
        "test": (rng.normal(size=(tests, width)) * rng.uniform(0.2, 5, (tests, 1))).astype(np.float32),
        "k": float(k),
        "temperature": temperature,
    }


# Labels beyond what a byte holds, some of which are one in a byte.
many = knn_case(43, 19, 3, 12, 7, 0.3)
many["labels"] = many["labels"] * 64
golden.check(
    "neighbors",
    [knn_case(41, 13, 3, 5, 9, 0.1), knn_case(300, 7, 2, 3, 20, 0.5), knn_case(11, 30, 4, 7, 11, 0.3), knn_case(6, 5, 2, 4, 1, 0.1), knn_case(37, 29, 3, 4, 17, 2.0), many],
    knn(),
    {
        "unweighted": knn(vote=lambda c, t: np.ones_like(c)),
        "by_cosine": knn(vote=lambda c, t: c),
        "not_normalized": knn(unit=False),
        "euclidean": knn(unit=False, distance=True, vote=lambda c, t: np.exp(c / t)),
        "farthest": knn(nearest=lambda c: c),
        "nearest_only": knn(k_of=lambda k: 1),
        "all_vote": knn(k_of=lambda k: 10**6),
        "mean_vote": knn(mean=True),
        "temperature_multiplied": knn(vote=lambda c, t: np.exp(c * t)),
        "fewest_votes": knn(whose=np.argmin),
    },
    tolerance=0,
)
# exp(cosine / T) is infinite in single precision, and at T = 0.001 in double precision, too.
cold = [knn_case(23, 11, 3, 4, 7, 0.01), knn_case(19, 9, 2, 3, 19, 0.001)]
# Rows that are far from all training rows.
far = knn_case(17, 12, 2, 5, 9, 0.001)
far["train"], far["test"] = np.abs(far["train"]), -np.abs(far["test"])
# One row is near to some training row, the other far from all: each has a greatest cosine of its own.
fan = np.array([[0.5, 0.2], [0.5, 0.1], [0.5, 0.05], [0.5, -0.1], [0.5, -0.2]], dtype=np.float32)
both = {"train": fan, "labels": np.array([0, 1, 0, 1, 2]), "test": np.array([[1.0, 0.1], [-1.0, -0.1]], dtype=np.float32), "k": 3.0, "temperature": 0.001}
# The nearest neighbor is alone, those just behind it are two: which class wins depends on T.
close = np.array([[0.9, 0.1**0.5 * 0.19**0.5, 0.9**0.5 * 0.19**0.5], [0.8995, 0.19090**0.5, 0.0], [0.8995, -(0.19090**0.5), 0.0], [0.1, 0.7, -0.7]], dtype=np.float32)
rivals = [{"train": close, "labels": np.array([2, 1, 1, 0]), "test": np.array([[0.6, 0.0, 0.0]], dtype=np.float32), "k": 3.0, "temperature": t} for t in (0.005, 0.002, 0.0004, 0.0002)]
with np.errstate(over="ignore"):
    golden.check(
        "cold_neighbors",
        [*cold, far, both, *rivals],
        knn(vote=lambda c, t: np.exp((c - c.max()) / t)),
        {
            "overflow": knn(vote=lambda c, t: np.exp((c / t).astype(np.float32)).astype(np.float64)),
            "overflow_in_double": knn(vote=lambda c, t: np.exp(c / t)),
            "underflow": knn(vote=lambda c, t: np.exp((c - 1) / t)),
        },
        tolerance=0,
    )
# Rows of zeros, equal votes (the lower number wins), labels that are not all there.
unit_square = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]], dtype=np.float32)
golden.check(
    "equal_votes",
    [
        {"train": unit_square[[0, 0, 0, 1]], "labels": np.array([5, 1, 7, 9]), "test": np.array([[1.0, 0.0], [3.0, 0.0]], dtype=np.float32), "k": 3.0, "temperature": 0.2},
        {"train": unit_square[:3] * 0, "labels": np.array([6, 5, 7]), "test": unit_square[:2], "k": 3.0, "temperature": 0.1},
        {"train": unit_square, "labels": np.array([7, 5, 9, 5]), "test": unit_square[:2] * 0, "k": 4.0, "temperature": 0.1},
    ],
    knn(),
    {
        "greater_number": knn(whose=lambda votes, axis: votes.shape[1] - 1 - votes[:, ::-1].argmax(1)),
        "nearest_decides": lambda **case: knn()(**case) if len(set(case["labels"])) < len(case["labels"]) else {"classes": np.full(len(case["test"]), case["labels"][0], dtype=np.uint32)},
    },
    tolerance=0,
)


# Exercise 6. What is counted in a subset: images of each class, and chance.
def subset(count=lambda n, f: np.maximum(1, np.floor(f * n + 0.5)), repeats=1.0, differs=1.0, ascending=1.0, twice=0.0):
    def of(labels, fraction):
        sizes = np.bincount(np.asarray(labels).astype(int))
        counts = np.where(sizes > 0, count(sizes, fraction), 0)
        return {
            "are ascending (1 is yes)": ascending,
            "images of each class": counts.astype(np.float64),
            "images that come twice": twice,
            "the same state of rng gives the same (1 is yes)": repeats,
            "two calls differ (1 is yes)": differs,
        }

    return of


def label_case(sizes, fraction):
    return {"labels": rng.permutation(np.repeat(np.arange(len(sizes)), sizes)).astype(np.int64), "fraction": fraction}


# Class numbers that two digits or a byte do not hold, one class of a single image.
numbered = [{"labels": rng.permutation(np.repeat([3, 12, 268, 300], [1, 9, 5, 2])).astype(np.int64), "fraction": fraction} for fraction in (0.3, 0.7)]
golden.check(
    "few_labels",
    [label_case([40, 7, 0, 23], 0.1), label_case([5, 61, 30], 0.01), label_case([9, 14, 11], 0.5), *numbered],
    subset(),
    {
        "none_of_small_classes": subset(count=lambda n, f: np.floor(f * n + 0.5)),
        "rounded_down": subset(count=lambda n, f: np.maximum(1, np.floor(f * n))),
        "rounded_up": subset(count=lambda n, f: np.ceil(f * n)),
        "same_number_of_each": subset(count=lambda n, f: np.minimum(n, max(1, np.floor(f * n.sum() / (n > 0).sum() + 0.5)))),
        "not_sorted": subset(ascending=0.0),
        "generator_untouched": subset(differs=0.0),
        "random_elsewhere": subset(repeats=0.0),
    },
    tolerance=0,
)
PAIRS, CLASSES = "every two images are drawn together as often (1 is yes)", "each class is drawn for itself (1 is yes)"


def shares(name, which=None, pairs=1.0, classes=1.0):
    """How often each image of a class is drawn; whether pairs of them and two classes are independent."""

    def of(size, fraction):
        size, count = int(size), int(round(fraction * size))
        single = np.full(size, count / size) if which is None else which(size, count).astype(np.float64)
        return {CLASSES: classes, PAIRS: pairs, name: single}

    return of


DRAWN, ASIDE = "share of subsets with each image", "share of splits that validate with each image"
DRAWS = [{"size": 5.0, "fraction": 0.4}, {"size": 7.0, "fraction": 0.3}, {"size": 40.0, "fraction": 0.25}]
golden.check(
    "drawn_alike",
    [*DRAWS, {"size": 4.0, "fraction": 1.0}],
    shares(DRAWN),
    {
        "first_images": lambda size, fraction: shares(DRAWN, lambda size, count: np.arange(size) < count, float(fraction == 1), float(fraction == 1))(size, fraction),
        "window": lambda size, fraction: shares(DRAWN, None, float(fraction == 1), float(fraction == 1))(size, fraction),
        "one_order_for_all": lambda size, fraction: shares(DRAWN, None, 1.0, float(fraction == 1))(size, fraction),
    },
    tolerance=0.03,
)


# Exercise 7.
def split(count=lambda n, f: np.where(n > 1, np.clip(np.floor(f * n + 0.5), 1, np.maximum(n - 1, 1)), 0), repeats=1.0, differs=1.0, ascending=1.0, in_both=0.0, swapped=False, rest=True):
    def of(labels, fraction):
        sizes = np.bincount(np.asarray(labels).astype(int))
        validation = np.where(sizes > 0, count(sizes, fraction), 0).astype(np.float64)
        training = (sizes - validation if rest else sizes).astype(np.float64)
        if swapped:
            validation, training = training, validation
        return {
            "are ascending (1 is yes)": ascending,
            "images in both parts": float(validation.sum()) if in_both else 0.0,
            "of each class for training": training,
            "of each class for validation": validation,
            "the same state of rng gives the same (1 is yes)": repeats,
            "two calls differ (1 is yes)": differs,
        }

    return of


golden.check(
    "parts",
    [label_case([40, 7, 0, 23], 0.1), label_case([2, 31, 1, 8], 0.2), label_case([9, 2, 13], 0.9), label_case([9, 14, 11, 5], 0.5), *numbered],
    split(),
    {
        "swapped": split(swapped=True),
        "overlapping": split(in_both=1.0, rest=False),
        "only_image_taken": split(count=lambda n, f: np.maximum(1, np.floor(f * n + 0.5))),
        "none_of_small_classes": split(count=lambda n, f: np.where(n > 1, np.minimum(np.floor(f * n + 0.5), n - 1), 0)),
        "rounded_down": split(count=lambda n, f: np.where(n > 1, np.clip(np.floor(f * n), 1, np.maximum(n - 1, 1)), 0)),
        "rounded_up": split(count=lambda n, f: np.where(n > 1, np.clip(np.ceil(f * n), 1, np.maximum(n - 1, 1)), 0)),
        "none_left_to_train": split(count=lambda n, f: np.where(n > 1, np.maximum(1, np.floor(f * n + 0.5)), 0)),
        "not_sorted": split(ascending=0.0),
        "generator_untouched": split(differs=0.0),
        "random_elsewhere": split(repeats=0.0),
    },
    tolerance=0,
)
golden.check(
    "put_aside_alike",
    DRAWS,
    shares(ASIDE),
    {
        "first_images": shares(ASIDE, lambda size, count: np.arange(size) < count, 0.0, 0.0),
        "last_images": shares(ASIDE, lambda size, count: np.arange(size) >= size - count, 0.0, 0.0),
        "window": shares(ASIDE, None, 0.0, 0.0),
        "one_order_for_all": shares(ASIDE, None, 1.0, 0.0),
    },
    tolerance=0.03,
)


# Exercise 8. Accuracies by candidate; how often each side is asked.
def chosen(by="validation", first=True, asked=lambda n: 1.0, validated=lambda n: float(n), reported="test", worst=False):
    def of(candidates, validation, test):
        scores = {"validation": validation, "test": test, "both": validation + test}[by]
        best = int(np.argmin(scores)) if worst else int(np.argmax(scores)) if first else len(scores) - 1 - int(np.argmax(scores[::-1]))
        return {
            "accuracy": float({"test": test, "validation": validation}[reported][best]),
            "candidate": float(candidates[best]),
            "times that test is asked": asked(len(candidates)),
            "times that validate is asked": validated(len(candidates)),
        }

    return of


def choice_case(validation, test):
    return {"candidates": np.array([1.0, 0.01, 10.0, 0.1, 100.0])[: len(test)], "validation": np.array(validation), "test": np.array(test)}


golden.check(
    "chosen",
    [
        choice_case([0.75, 0.5, 0.625, 0.75, 0.75], [0.5, 0.25, 0.875, 0.625, 0.375]),
        choice_case([0.5, 1.0, 0.75], [0.25, 0.5, 0.75]),
        choice_case([0.125, 0.25, 0.875], [0.75, 0.5, 0.25]),
        choice_case([0.0, 0.0, 0.0], [0.25, 0.5, 0.375]),
        choice_case([0.5], [0.25]),
        choice_case([0.125, 0.375, 0.25], [0.25, 0.5, 0.75]),
        choice_case([0.625, 0.6255, 0.5], [0.5, 0.25, 0.75]),
        choice_case([0.625, 0.62503, 0.5], [0.5, 0.25, 0.75]),
        choice_case([0.75, 0.5, 0.75, 0.75, 0.25], [0.5, 0.25, 0.875, 0.625, 0.375]),
    ],
    chosen(),
    {
        "chosen_on_test": chosen(by="test", asked=lambda n: float(n), validated=lambda n: 0.0),
        "chosen_on_test_too": chosen(by="test", asked=lambda n: float(n)),
        "chosen_on_both": chosen(by="both", asked=lambda n: float(n)),
        "test_not_reported": chosen(reported="validation"),
        "tested_each_time": chosen(asked=lambda n: float(n)),
        "last_of_equals": chosen(first=False),
        "validation_reported": chosen(reported="validation", asked=lambda n: 0.0),
        "worst": chosen(worst=True),
    },
    tolerance=1e-9,
)


# Exercise 9. A linear layer and batch norm as backbone, a linear head; weights and running statistics after a step.
def fine_tune(rates=lambda b, h: (b, h), train=True, cut=False, twice=False, reduce="mean", head=True):
    def of(images, labels, backbone_rate, head_rate, **case):
        x, y = images.flatten(1), torch.as_tensor(np.asarray(labels).astype(np.int64))
        weights = {name: w.clone().requires_grad_("running" not in name) for name, w in case.items()}
        mean, var = weights["norm.running_mean"], weights["norm.running_var"]
        trained = [name for name in weights if "running" not in name]

        def forward():
            h = F.batch_norm(x @ weights["linear.weight"].T + weights["linear.bias"], mean, var, weights["norm.weight"], weights["norm.bias"], training=train)
            loss = F.cross_entropy((h.detach() if cut else h) @ weights["head.weight"].T + weights["head.bias"], y, reduction=reduce)
            return loss, dict(zip(trained, torch.autograd.grad(loss, [weights[name] for name in trained], allow_unused=True)))

        loss, gradients = forward()
        for of_head, rate in zip((False, True), rates(backbone_rate, head_rate)):
            if twice and of_head:
                _, gradients = forward()
            for name in trained:
                if name.startswith("head") == of_head and gradients[name] is not None and (head or not of_head):
                    weights[name] = (weights[name] - rate * gradients[name]).detach().requires_grad_()
        return {"loss": loss.item()} | {name: w.detach() for name, w in weights.items()}

    return of


def tune_case(count, inputs, width, classes, backbone_rate, head_rate):
    return {
        "images": torch.randn(count, 1, *inputs),
        "labels": torch.from_numpy(rng.integers(0, classes, count).astype(np.int64)),
        "linear.weight": torch.randn(width, inputs[0] * inputs[1]) / 2,
        "linear.bias": torch.randn(width),
        "norm.weight": torch.rand(width) + 0.5,
        "norm.bias": torch.randn(width) / 2,
        "norm.running_mean": torch.randn(width),
        "norm.running_var": torch.rand(width) + 0.5,
        "head.weight": torch.randn(classes, width),
        "head.bias": torch.randn(classes),
        "backbone_rate": backbone_rate,
        "head_rate": head_rate,
    }


golden.check(
    "fine_tuned",
    [tune_case(7, (2, 3), 4, 5, 0.05, 0.7), tune_case(3, (1, 2), 5, 2, 0.4, 0.1)],
    fine_tune(),
    {
        "rates_swapped": fine_tune(rates=lambda b, h: (h, b)),
        "head_rate_for_both": fine_tune(rates=lambda b, h: (h, h)),
        "backbone_rate_for_both": fine_tune(rates=lambda b, h: (b, b)),
        "backbone_frozen": fine_tune(cut=True),
        "head_frozen": fine_tune(head=False),
        "evaluation_mode": fine_tune(train=False),
        "two_backward_passes": fine_tune(twice=True),
        "summed": fine_tune(reduce="sum"),
    },
    tolerance=2e-5,
)


# Exercise 10. Classes that are absent, that only one side has; images of different content.
def miou(per_image=False, absent=None, measure=lambda both, p, t: both / (p + t - both), background=True, weighted=False, counts_if=lambda p, t: True, total=np.mean, byte=False):
    def of_maps(predicted, truth, classes):
        scores, weights = [], []
        for c in range(0 if background else 1, classes):
            p, t = predicted == c, truth == c
            if not (p | t).any():
                if absent is not None:
                    scores.append(absent)
                    weights.append(0)
                continue
            if counts_if(p, t):
                both, of_p, of_t = (int(x.sum()) for x in (p & t, p, t))
                scores.append((both % 256) / ((p | t).sum() % 256) if byte else measure(both, of_p, of_t))
                weights.append(of_t)
        return float(np.average(scores, weights=weights) if weighted else total(scores)) if scores else 0.0

    def of(predicted, truth, classes):
        predicted, truth = np.asarray(predicted).astype(np.int64), np.asarray(truth).astype(np.int64)
        if per_image:
            return {"mean IoU": float(np.mean([of_maps(p, t, int(classes)) for p, t in zip(predicted, truth)]))}
        return {"mean IoU": of_maps(predicted, truth, int(classes))}

    return of


def maps_case(count, height, width, classes, present, noise=0.4):
    truth = rng.choice(present, (count, height, width))
    truth[0] = present[0]
    wrong = rng.random(truth.shape) < noise
    predicted = np.where(wrong, rng.choice(present, truth.shape), truth)
    return {"predicted": predicted.astype(np.int64), "truth": truth.astype(np.int64), "classes": float(classes)}


cases = [maps_case(3, 4, 5, 6, [0, 2, 3]), maps_case(2, 7, 3, 4, [0, 1, 2, 3]), maps_case(1, 2, 3, 9, [4, 5])]
cases.append({"predicted": np.array([[[0, 1], [1, 1]]]), "truth": np.array([[[0, 2], [2, 2]]]), "classes": 5.0})
cases.append({"predicted": np.array([[[0, 1, 1, 0, 1]]]), "truth": np.array([[[0, 1, 4, 0, 1]]]), "classes": 5.0})
cases.append({"predicted": np.array([[[0, 1], [3, 0]]]), "truth": np.array([[[0, 1], [1, 0]]]), "classes": 4.0})
# Counts and classes beyond what a byte holds.
cases.append(maps_case(2, 29, 31, 300, [0, 43, 255, 256, 299], 0.3))
for case in cases:
    score = jaccard_score(case["truth"].ravel(), case["predicted"].ravel(), average="macro", zero_division=0)
    assert abs(score - miou()(**case)["mean IoU"]) < 1e-12
golden.check(
    "overlap",
    cases,
    miou(),
    {
        "averaged_over_images": miou(per_image=True),
        "absent_as_0": miou(absent=0.0),
        "absent_as_1": miou(absent=1.0),
        "dice": miou(measure=lambda both, p, t: 2 * both / (p + t)),
        "recall": miou(measure=lambda both, p, t: both / t if t else 0.0),
        "precision": miou(measure=lambda both, p, t: both / p if p else 0.0),
        "accuracy": lambda predicted, truth, classes: {"mean IoU": float((np.asarray(predicted) == np.asarray(truth)).mean())},
        "without_background": miou(background=False),
        "counted_twice": miou(measure=lambda both, p, t: both / (p + t)),
        "weighted_by_pixels": miou(weighted=True),
        "true_classes_only": miou(counts_if=lambda p, t: t.any()),
        "predicted_classes_only": miou(counts_if=lambda p, t: p.any()),
        "classes_in_both_only": miou(counts_if=lambda p, t: p.any() and t.any()),
        "summed": miou(total=np.sum),
        "bytes": miou(byte=True),
    },
    tolerance=1e-6,
)


# Exercise 11. Boxes that meet, lie in each other, touch, are apart in one direction or in both, are empty or turned inside out.
def iou(side=lambda a, b: np.maximum(b - a, 0), pixel=0, divide=lambda common, a, b: a + b - common, cut=lambda area: area, nothing=0.0):
    def of(a, b):
        a, b = (np.asarray(x, dtype=np.float64) for x in (a, b))
        area = lambda t, l, bo, r: cut(side(t, bo + pixel) * side(l, r + pixel))
        common = area(np.maximum(a[:, 0], b[:, 0]), np.maximum(a[:, 1], b[:, 1]), np.minimum(a[:, 2], b[:, 2]), np.minimum(a[:, 3], b[:, 3]))
        total = divide(common, area(*a.T), area(*b.T))
        with np.errstate(divide="ignore", invalid="ignore"):
            return {"IoU": np.where(total == 0, nothing, common / np.where(total == 0, 1, total)).astype(np.float32)}

    return of


def boxes(*rows):
    return np.array(rows, dtype=np.float32)


drawn = np.sort(rng.uniform(0, 20, (2, 9, 2, 2)), axis=2).reshape(2, 9, 4)
golden.check(
    "boxes",
    [
        {"a": drawn[0].astype(np.float32), "b": drawn[1].astype(np.float32)},
        {
            "a": boxes([0, 0, 4, 6], [1, 1, 3, 2], [0, 0, 2, 2], [0, 0, 2, 2], [0, 0, 3, 3], [0, 0, 1, 5]),
            "b": boxes([2, 3, 8, 7], [0, 0, 5, 7], [2, 0, 4, 2], [5, 7, 9, 11], [1, 5, 2, 9], [4, 1, 7, 3]),
        },
        {"a": boxes([0, 0, 2, 3]), "b": boxes([0, 0, 2, 3])},
        # Shares of an image, tiny ones among them, and edges that lie outside of it.
        {"a": boxes([0.1, 0.2, 0.5, 0.7], [1e-4, 2e-4, 6e-4, 9e-4], [-0.4, -0.3, 0.2, 0.5]), "b": boxes([0.3, 0.1, 0.6, 0.6], [2e-4, 1e-4, 7e-4, 8e-4], [-0.2, -0.6, 0.4, 0.1])},
        {"a": boxes([0, 0, 2e-5, 1e-5], [3e-6, 2e-6, 5e-6, 4e-6]), "b": boxes([0, 0, 1e-5, 1e-5], [3e-6, 2e-6, 5e-6, 4e-6])},
    ],
    iou(),
    {
        "negative_sides": iou(side=lambda a, b: b - a),
        "pixels_counted": iou(pixel=1),
        "union_is_the_sum": iou(divide=lambda common, a, b: a + b),
        "over_the_smaller": iou(divide=lambda common, a, b: np.minimum(a, b)),
        "over_the_truth": iou(divide=lambda common, a, b: b),
        "over_the_prediction": iou(divide=lambda common, a, b: a),
        "over_the_greater": iou(divide=lambda common, a, b: np.maximum(a, b)),
        "product_cut_off": iou(side=lambda a, b: b - a, cut=lambda area: np.maximum(area, 0)),
        "absolute_sides": iou(side=lambda a, b: np.abs(b - a)),
        "dice": lambda a, b: {"IoU": (lambda x: 2 * x / (1 + x))(iou()(a, b)["IoU"])},
        "common_area": iou(divide=lambda common, a, b: np.where(common >= 0, 1, 1)),
        "corner_and_size": lambda a, b: iou()(*(np.concatenate([np.asarray(x)[:, :2], np.asarray(x)[:, :2] + np.asarray(x)[:, 2:]], 1) for x in (a, b))),
    },
)
golden.check(
    "empty_boxes",
    [{"a": boxes([1, 1, 1, 1], [3, 2, 1, 5], [4, 4, 1, 1], [0, 0, 2, 2]), "b": boxes([1, 1, 1, 1], [0, 0, 6, 6], [0, 0, 3, 3], [2, 0, 0, 2])}],
    iou(),
    {"inside_out": iou(side=lambda a, b: b - a), "not_a_number": iou(nothing=math.nan)},
)

golden.save()

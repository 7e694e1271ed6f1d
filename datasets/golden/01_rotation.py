"""Golden values of lab 01, from NumPy (`rot90`) and PyTorch (`cross_entropy`, `batch_norm`)."""

import numpy as np
import torch
import torch.nn.functional as F

from golden import Golden

torch.manual_seed(1)
golden = Golden(__file__)


def rot90(images, quarter_turns):
    """Counter-clockwise, on the last two axes."""
    return np.rot90(images, quarter_turns, axes=(-2, -1))


# Exercise 1. As many images as rows, so that turning the batch axis gives the right shape; and images that are not square.
wide = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5) / 120
square = torch.rand(4, 3, 4, 4).numpy()

for turns in (0, 1, 2, 3):
    mistakes = {}
    if turns in (1, 3):
        mistakes = {
            "clockwise": {"images": rot90(square, -turns)},
            "mirrored": {"images": np.swapaxes(square, -2, -1)},
            "half_turn": {"images": rot90(square, 2 * turns)},
            "wrong_axes": {"images": np.rot90(square, turns, axes=(0, -1))},
        }
    golden.case(
        f"turned_by_{90 * turns}",
        {"images": square, "quarter_turns": turns},
        {"images": rot90(square, turns)},
        mistakes,
        tolerance=0,
    )
golden.case(
    "not_square",
    {"images": wide, "quarter_turns": 3},
    {"images": rot90(wide, 3)},
    {},
    tolerance=0,
)

# Exercise 2. Three images, so that blocks of four and blocks of three differ.
images = torch.rand(3, 3, 6, 6).numpy()
blocks = np.concatenate([rot90(images, k) for k in range(4)])
in_turn = np.stack([rot90(images, k) for k in range(4)], axis=1).reshape(12, 3, 6, 6)
block_labels = np.repeat(np.arange(4), 3)
turn_labels = np.tile(np.arange(4), 3)
golden.case(
    "four_blocks",
    {"images": images},
    {"images": blocks, "labels": block_labels},
    {
        "labels_interleaved": {"images": blocks, "labels": turn_labels},
        "images_interleaved": {"images": in_turn, "labels": block_labels},
        "both_interleaved": {"images": in_turn, "labels": turn_labels},
    },
    tolerance=0,
)

# Exercise 3. Moderate logits for the value and its gradient, extreme ones for stability.
logits = (3 * torch.randn(5, 4)).requires_grad_()
labels = torch.tensor([2, 0, 3, 3, 1])


def with_gradient(loss):
    (gradient,) = torch.autograd.grad(loss, logits)
    return {"loss": loss, "gradient of logits": gradient}


golden.case(
    "mean_cross_entropy",
    {"logits": logits, "labels": labels},
    with_gradient(F.cross_entropy(logits, labels)),
    {
        "sum": with_gradient(F.cross_entropy(logits, labels, reduction="sum")),
        "softmax_twice": with_gradient(F.cross_entropy(logits.softmax(1), labels)),
        "over_batch": with_gradient(F.nll_loss(logits.log_softmax(0), labels)),
    },
    tolerance=1e-5,
)
extreme = torch.tensor([[200.0, -200.0, 0.0, 1.0], [-200.0, 200.0, 3.0, 0.0], [0.0, 1.0, 2.0, -200.0]])
extreme_labels = torch.tensor([1, 1, 3])
golden.case(
    "stable_at_200",
    {"logits": extreme, "labels": extreme_labels},
    {"loss": F.cross_entropy(extreme, extreme_labels)},
    {"underflow": {"loss": np.float32(np.inf).reshape(())}, "overflow": {"loss": np.float32(np.nan).reshape(())}},
    tolerance=1e-5,
)

# Exercise 4. As many samples as classes, so that an argmax over the wrong axis gives a number too.
votes = torch.tensor([[0.1, 2.0, 0.3, 0.0], [1.5, 0.2, 0.1, 0.4], [0.0, 0.1, 0.9, 3.0], [0.2, 4.0, 5.0, 0.3]])
truth = torch.tensor([1, 0, 3, 0])
right = (votes.argmax(1) == truth).double().mean().item()
golden.case(
    "a_fraction",
    {"logits": votes, "labels": truth},
    {"accuracy": right},
    {
        "percent": {"accuracy": 100 * right},
        "count": {"accuracy": 4 * right},
        "argmax_over_batch": {"accuracy": (votes.argmax(0) == truth).double().mean().item()},
        "error_rate": {"accuracy": 1 - right},
    },
    tolerance=1e-9,
)

# Exercise 5. A linear map and batch norm: in training mode its result depends on the batch.
samples = torch.rand(8, 3, 2, 2)
weight = torch.randn(5, 12, requires_grad=True)
mean, variance = torch.randn(5), torch.rand(5) + 0.5


def encode(x, train):
    h = x.flatten(1) @ weight.T
    return F.batch_norm(h, None, None, training=True) if train else F.batch_norm(h, mean, variance)


def in_batches(train, size=3, drop_last=False):
    parts = [part for part in samples.split(size) if not drop_last or len(part) == size]
    return torch.cat([encode(part, train) for part in parts])


(leak,) = torch.autograd.grad(in_batches(False).sum(), weight)
stopped = torch.zeros_like(weight)
golden.case(
    "frozen",
    {"images": samples, "weight": weight, "mean": mean, "variance": variance, "batch": 3},
    {"features": in_batches(False), "gradient into weight": stopped},
    {
        "training_mode": {"features": in_batches(True)},
        "graph_kept": {"features": in_batches(False), "gradient into weight": leak},
        "last_batch_dropped": {"features": in_batches(False, drop_last=True)},
    },
    tolerance=1e-5,
)

golden.save()

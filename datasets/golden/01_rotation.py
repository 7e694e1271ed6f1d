"""Golden values of lab 01, from NumPy (`rot90`) and PyTorch (`cross_entropy`, `batch_norm`)."""

import numpy as np
import torch
import torch.nn.functional as F

from golden import Golden, apart

torch.manual_seed(1)
golden = Golden(__file__)


def rot90(images, quarter_turns, axes=(-2, -1)):
    """Counter-clockwise, on the last two axes."""
    return torch.from_numpy(np.ascontiguousarray(np.rot90(images.numpy(), quarter_turns, axes=axes)))


# Exercise 1. Letters a to f; images that are not square; as many images as rows, so that turning the batch axis gives the right shape.
letters = torch.arange(1.0, 7.0).reshape(1, 1, 2, 3)
wide, square = torch.rand(2, 3, 4, 5), torch.rand(4, 3, 4, 4)
TURN_MISTAKES = {
    "clockwise": lambda images, quarter_turns: rot90(images, -quarter_turns),
    "mirrored": lambda images, quarter_turns: images.transpose(2, 3) if quarter_turns % 2 else rot90(images, quarter_turns),
    "half_turn": lambda images, quarter_turns: rot90(images, 2 * quarter_turns),
    "one_more": lambda images, quarter_turns: rot90(images, quarter_turns + 1),
    "reshaped": lambda images, quarter_turns: images.reshape(*images.shape[:2], images.shape[3], images.shape[2])
    if quarter_turns % 2
    else rot90(images, quarter_turns),
    "half_is_mirror": lambda images, quarter_turns: images.flip(3) if quarter_turns % 4 == 2 else rot90(images, quarter_turns),
    "three_as_one": lambda images, quarter_turns: rot90(images, 1 if quarter_turns % 4 == 3 else quarter_turns),
    "wrong_axes": lambda images, quarter_turns: rot90(images, quarter_turns, axes=(0, -1)),
}


def turns(name, cases, mistakes):
    golden.check(
        name,
        [{"images": images, "quarter_turns": k} for images, k in cases],
        lambda images, quarter_turns: {"images": rot90(images, quarter_turns)},
        {id: (lambda f: lambda **inputs: {"images": f(**inputs)})(TURN_MISTAKES[id]) for id in mistakes},
        tolerance=0,
    )


turns("turns", [(letters, 1), (wide, 1), (square, 1), (wide, 2), (wide, 0), (square, 3), (wide, 3)], TURN_MISTAKES)
exact = torch.arange(90.0).reshape(2, 5, 3, 3) / 90
exact[0, 0, 0, :2], exact[1, 4, 2, 1] = torch.tensor([-0.0, torch.inf]), -torch.inf
turns("more_turns", [(letters, 5), (square, 2), (exact, 1), (exact, 3), (torch.rand(3, 2, 5, 3), 4), (wide, 6), (wide, 7), (wide, 11), (torch.rand(2, 1, 5, 4), 3)], [])


# Exercise 2.
def in_turn(tensor):
    """From blocks to the four turns of one image after the other."""
    return tensor.reshape(4, -1, *tensor.shape[1:]).transpose(0, 1).flatten(0, 1)


def blocks(images, by_images=lambda x: x, by_labels=lambda x: x):
    turned = torch.cat([rot90(images, k) for k in range(4)])
    labels = torch.arange(4).repeat_interleave(len(images))
    return {"images": by_images(turned), "labels": by_labels(labels)}


golden.check(
    "four_blocks",
    [{"images": torch.rand(shape)} for shape in [(3, 2, 4, 4), (1, 3, 2, 2), (5, 3, 3, 3), (67, 1, 2, 2)]] + [{"images": apart(lambda: torch.rand(count, 1, 2, 2))} for count in (41, 49)],
    blocks,
    {
        "unturned": lambda images: {"images": torch.cat([images] * 4), "labels": blocks(images)["labels"]},
        "clockwise": lambda images: {"images": torch.cat([rot90(images, -k) for k in range(4)]), "labels": blocks(images)["labels"]},
        "labels_interleaved": lambda images: blocks(images, by_labels=in_turn),
        "images_interleaved": lambda images: blocks(images, by_images=in_turn),
        "both_interleaved": lambda images: blocks(images, in_turn, in_turn),
        "first_block_only": lambda images: {
            "images": blocks(images)["images"],
            "labels": torch.zeros(4 * len(images), dtype=torch.int64),
        },
    },
    tolerance=0,
)


# Exercise 3. One image; as many images as rotations; another number of classes.
def case_of(count, classes, scale=2.0):
    return {"logits": scale * torch.randn(count, classes), "labels": torch.randint(classes, (count,))}


def of_loss(function):
    return lambda logits, labels: {"loss": function(logits, labels)}


def picked(logits, labels):
    return logits.gather(1, labels[:, None])[:, 0]


golden.check(
    "mean_cross_entropy",
    [case_of(7, 4), case_of(1, 4), case_of(4, 4), case_of(5, 3), case_of(270, 4)],
    of_loss(F.cross_entropy),
    {
        "per_row": of_loss(lambda s, y: F.cross_entropy(s, y, reduction="none")),
        "log_of_mean": of_loss(lambda s, y: -picked(s.softmax(1), y).mean().log()),
        "no_log": of_loss(lambda s, y: -picked(s.softmax(1), y).mean()),
        "sum": of_loss(lambda s, y: F.cross_entropy(s, y, reduction="sum")),
        "softmax_twice": of_loss(lambda s, y: F.cross_entropy(s.softmax(1), y)),
        "over_batch": of_loss(lambda s, y: -picked(s.log_softmax(0), y).mean()),
        "no_minus": of_loss(lambda s, y: -F.cross_entropy(s, y)),
        "by_classes": of_loss(lambda s, y: F.cross_entropy(s, y, reduction="sum") / s.shape[1]),
        "twice_divided": of_loss(lambda s, y: F.cross_entropy(s, y) / len(y)),
        "all_classes": of_loss(lambda s, y: -s.log_softmax(1).mean()),
        "picked_detached": of_loss(lambda s, y: (s.logsumexp(1) - picked(s, y).detach()).mean()),
        "normalizer_detached": of_loss(lambda s, y: (s.logsumexp(1).detach() - picked(s, y)).mean()),
        "maximum_kept": of_loss(lambda s, y: ((s - s.max(1, keepdim=True)[0]).logsumexp(1) - picked(s, y)).mean()),
    },
    gradients=["logits"],
)
large = torch.tensor([[200.0, 199.0, 198.5, 200.5], [-200.0, -201.0, -199.0, -200.5], [1.0, 2.0, -1.0, 0.5]])
far = torch.tensor([[3.0, 1.0, 0.0, -200.0], [0.0, 60.0, 50.0, -3.0], [0.5, 0.25, -1.0, 2.0]])
first_great = torch.tensor([[1.0, -1, -1, -1]])
golden.check(
    "at_large_logits",
    [{"logits": 200 * end, "labels": torch.tensor([1])} for end in [first_great, first_great.flip(1)]]
    + [{"logits": large, "labels": torch.tensor([2, 0, 3])}, {"logits": far, "labels": torch.tensor([3, 0, 1])}],
    of_loss(F.cross_entropy),
    {
        "global_maximum": of_loss(lambda s, y: ((s - s.max()).exp().sum(1).log() - picked(s - s.max(), y)).mean()),
        "epsilon_in_log": of_loss(lambda s, y: -(picked(s.softmax(1), y) + 1e-8).log().mean()),
        "log_of_softmax": of_loss(lambda s, y: -picked(s.softmax(1).log(), y).mean()),
        "log_of_sum": of_loss(lambda s, y: (s.exp().sum(1).log() - picked(s, y)).mean()),
        "log_of_ratio": of_loss(lambda s, y: -picked((s.exp() / s.exp().sum(1, keepdim=True)).log(), y).mean()),
    },
    gradients=["logits"],
)


# Exercise 4. More than 255 right ones, as many images as classes, one image.
def right(logits, labels, axis=1):
    found = logits.argmax(axis)
    if found.shape != labels.shape:
        raise ValueError("Candle compares equal shapes only")
    return (found == labels).sum().item()


def of_accuracy(function):
    return lambda logits, labels: {"accuracy": float(function(logits, labels))}


mostly_right = case_of(300, 4)
mostly_right["logits"][torch.arange(290), mostly_right["labels"][:290]] += 20
# The greatest logit is below 0, its probability below one half; more than four classes.
hardly_sure = [apart(lambda: case_of(11, 4, 0.3)), apart(lambda: case_of(23, 7))]
hardly_sure[0]["logits"] -= 5
hardly_sure[0]["labels"][:6] = hardly_sure[0]["logits"][:6].argmax(1)
hardly_sure[1]["labels"][:15] = hardly_sure[1]["logits"][:15].argmax(1)
golden.check(
    "a_fraction",
    [case_of(7, 4), mostly_right, case_of(4, 4), {"logits": torch.tensor([[0.5, 2.0, 1.0]]), "labels": torch.tensor([1])}, *hardly_sure],
    of_accuracy(lambda s, y: right(s, y) / len(y)),
    {
        "integer_division": of_accuracy(lambda s, y: right(s, y) // len(y)),
        "percent": of_accuracy(lambda s, y: 100 * right(s, y) / len(y)),
        "count": of_accuracy(right),
        "argmax_over_batch": of_accuracy(lambda s, y: right(s, y, 0) / len(y)),
        "error_rate": of_accuracy(lambda s, y: 1 - right(s, y) / len(y)),
        "by_classes": of_accuracy(lambda s, y: right(s, y) / s.shape[1]),
        "counted_in_bytes": of_accuracy(lambda s, y: right(s, y) % 256 / len(y)),
    },
    tolerance=1e-6,
)


# Exercise 5. A linear layer and batch norm as backbone.
def network_case(count, batch):
    return {
        "weight": torch.randn(5, 12),
        "mean": torch.randn(5),
        "variance": torch.rand(5) + 0.5,
        "images": torch.rand(count, 3, 2, 2),
        "batch": batch,
    }


def frozen(weight, mean, variance, images, batch, train=False, detach=True, whole=False, parts=False, alone=False):
    """The mean over batch norm is the only way in which images could touch each other."""
    weight = weight.detach().requires_grad_()
    count = len(images)
    size = -(-len(images) // batch) if parts else len(images) if alone else batch
    images = images[: len(images) // batch * batch] if whole else images
    if not len(images):
        raise ValueError("nothing to join")
    encode = lambda x: F.batch_norm(x.flatten(1) @ weight.T, mean.clone(), variance.clone(), training=train)
    chunks = images.split(size)
    features = torch.cat([encode(chunk) for chunk in chunks])
    leak = torch.zeros_like(weight)
    if not detach:
        weights = 1 + (7 * torch.arange(features.numel()) % 11) / 11
        (leak,) = torch.autograd.grad((features * weights.reshape(features.shape)).sum(), weight)
    return {"features": features, "largest batch": float(max(len(chunks[0]), min(batch, count))), "images in training mode": float(len(images)) * train, "gradient into weight": leak}


golden.check(
    "frozen",
    [network_case(8, 3), network_case(10, 2), network_case(7, 7), network_case(5, 9), network_case(7, 3), network_case(3, 1)],
    frozen,
    {
        "training_mode": lambda **case: frozen(**case, train=True),
        "graph_kept": lambda **case: frozen(**case, detach=False),
        "last_batch_dropped": lambda **case: frozen(**case, whole=True),
        "as_many_parts": lambda **case: frozen(**case, parts=True),
        "all_at_once": lambda **case: frozen(**case, alone=True),
    },
)

golden.save()

"""Golden values of lab 00, from PyTorch."""

import torch

from golden import Golden

torch.manual_seed(0)
golden = Golden(__file__)


def named(name, function):
    return lambda **inputs: {name: function(**inputs)}


def check(id, name, cases, truth, mistakes, gradients=()):
    mistakes = {key: named(name, function) for key, function in mistakes.items()}
    golden.check(id, cases, named(name, truth), mistakes, 1e-5, gradients)


check(
    "affine",
    "y",
    [{"x": torch.randn(shape), "scale": 1.7, "offset": -0.6} for shape in [(3, 4), (5,), (2, 1, 3)]],
    lambda x, scale, offset: scale * x + offset,
    {
        "swapped": lambda x, scale, offset: offset * x + scale,
        "offset_scaled": lambda x, scale, offset: scale * (x + offset),
        "no_offset": lambda x, scale, offset: scale * x,
    },
    ["x"],
)
check(
    "centered",
    "y",
    [{"x": torch.randn(shape) + 1} for shape in [(3, 4), (4, 4), (1, 5), (6, 1), (7, 2)]],
    lambda x: x - x.mean(1, keepdim=True),
    {
        "columns": lambda x: x - x.mean(0, keepdim=True),
        "whole": lambda x: x - x.mean(),
        "added": lambda x: x + x.mean(1, keepdim=True),
        "mean_detached": lambda x: x - x.mean(1, keepdim=True).detach(),
    },
    ["x"],
)


def numbers(count, agree):
    a = torch.randint(10, (count,))
    b = a.clone()
    b[agree:] = (a[agree:] + 1) % 10
    return {"a": a, "b": b}


share = lambda a, b: (a == b).double().mean().item()
check(
    "share",
    "share",
    [numbers(7, 3), numbers(300, 270), numbers(1, 1), numbers(4, 0)]
    # Equal as bytes.
    + [{"a": torch.tensor([1, 257, 3, 300, 5]), "b": torch.tensor([257, 257, 3, 44, 5])}],
    share,
    {
        "integer_division": lambda a, b: float((a == b).sum().item() // len(a)),
        "count": lambda a, b: share(a, b) * len(a),
        "percent": lambda a, b: 100 * share(a, b),
        "counted_in_bytes": lambda a, b: (a == b).sum().item() % 256 / len(a),
        "share_different": lambda a, b: 1 - share(a, b),
    },
)


def picks(rows, columns):
    return {"x": torch.randn(rows, columns), "indices": torch.randint(columns, (rows,))}


check(
    "picked",
    "y",
    [picks(5, 3), picks(4, 4), picks(1, 6), picks(7, 1)],
    lambda x, indices: x[torch.arange(len(x)), indices],
    {
        "rows_picked": lambda x, indices: x[indices],
        "column_kept": lambda x, indices: x.gather(1, indices[:, None]),
        "greatest": lambda x, indices: x.max(1)[0],
        "next_one": lambda x, indices: x[torch.arange(len(x)), (indices + 1) % x.shape[1]],
    },
    ["x"],
)
letters = torch.arange(1.0, 7.0).reshape(2, 3)
check(
    "reflected",
    "picture",
    [{"picture": letters}, {"picture": letters.T.contiguous()}, {"picture": torch.rand(4, 4)}, {"picture": torch.rand(1, 5)}],
    lambda picture: picture.T.flip(0, 1),
    {
        "reshaped": lambda picture: picture.flip(0, 1).reshape(picture.shape[::-1]),
        "transposed": lambda picture: picture.T,
        "turned": lambda picture: picture.T.flip(0),
        "turned_back": lambda picture: picture.T.flip(1),
        "half_turn": lambda picture: picture.flip(0, 1),
    },
)


def line(count, rate=None):
    case = {"slope": torch.randn(()), "offset": torch.randn(()), "x": torch.randn(count), "y": torch.randn(count)}
    return case if rate is None else case | {"learning_rate": rate}


def of_line(slope, offset, x, y, reduce=torch.mean, error=torch.square):
    slope, offset = slope.clone().requires_grad_(), offset.clone().requires_grad_()
    loss = reduce(error(slope * x + offset - y))
    return loss.detach(), *torch.autograd.grad(loss, [slope, offset])


def gradients(change=lambda loss, a, b: (loss, a, b), **options):
    def values(**case):
        loss, a, b = change(*of_line(**case, **options))
        nothing = {"gradient into slope": torch.zeros(()), "gradient into offset": torch.zeros(())}
        return {"loss": loss, "slope's gradient": a, "offset's gradient": b} | nothing

    return values


golden.check(
    "gradients",
    [line(5), line(1), line(8)],
    gradients(),
    {
        "sum": gradients(reduce=torch.sum),
        "swapped": gradients(lambda loss, a, b: (loss, b, a)),
        "downhill": gradients(lambda loss, a, b: (loss, -a, -b)),
        "absolute": gradients(error=torch.abs),
    },
)


def step(slope, offset, x, y, learning_rate, sign=1, keep=False, apart=False, after=False, still=False):
    loss, a, b = of_line(slope, offset, x, y)
    moved = slope - sign * learning_rate * a
    if apart:
        _, _, b = of_line(moved, offset, x, y)
    shifted = offset if keep else offset - sign * learning_rate * b
    if after:
        loss, _, _ = of_line(moved, shifted, x, y)
    moved, shifted = (slope, offset) if still else (moved, shifted)
    return {"slope": moved, "offset": shifted, "loss": loss.double()}


golden.check(
    "one_step",
    [line(5, 0.1), line(1, 0.03), line(8, 0.25)],
    step,
    {
        "uphill": lambda **case: step(**case, sign=-1),
        "rate_forgotten": lambda **case: step(**(case | {"learning_rate": 1.0})),
        "offset_kept": lambda **case: step(**case, keep=True),
        "one_after_the_other": lambda **case: step(**case, apart=True),
        "loss_after": lambda **case: step(**case, after=True),
        "not_in_place": lambda **case: step(**case, still=True),
    },
)
golden.save()

"""Golden values of lab 05, from torchvision (`RandomResizedCrop`), PyTorch (modules, SGD) and lightly (`NTXentLoss`)."""

import numpy as np
import torch
import torch.nn.functional as F
from lightly.loss import NTXentLoss
from torch import nn
from torchvision.transforms import RandomResizedCrop

from golden import Golden, apart, weighted_sum

torch.manual_seed(6)
rng = np.random.default_rng(6)
golden = Golden(__file__)
QUANTILES = np.arange(1, 10) / 10


# Exercise 1. A large image with ratios that are not symmetric about 1; a square one in which most boxes do not fit at the first
# try; a small one, where rounding and the ends of ranges show.
def torchvision_boxes(height, width, scale, ratio, count=400_000):
    picture = torch.zeros(3, height, width)
    return np.array([RandomResizedCrop.get_params(picture, scale, ratio) for _ in range(count)]).T


def boxes(
    height, width, scale, ratio, count=1_000_000, uniform=False, of_side=False, inverted=False, place="inside", once=False, whole=np.round
):
    """The same rule in NumPy, with its mistakes."""
    box = np.zeros((4, count), dtype=int)
    open_ = np.arange(count)
    draw_ratio = lambda n: rng.uniform(*ratio, n) if uniform else np.exp(rng.uniform(*np.log(ratio), n))
    fixed = draw_ratio(count)
    for _ in range(10):
        share = rng.uniform(*scale, len(open_))
        area = height * width * (share**2 if of_side else share)
        r = fixed[open_] if once else draw_ratio(len(open_))
        r = 1 / r if inverted else r
        wide, high = whole(np.sqrt(area * r)).astype(int), whole(np.sqrt(area / r)).astype(int)
        fits = (wide > 0) & (wide <= width) & (high > 0) & (high <= height)
        w, h = wide[fits], high[fits]
        if place == "anywhere":
            top, left = rng.integers(0, height, len(w)), rng.integers(0, width, len(w))
        elif place == "exclusive":
            top, left = rng.integers(0, np.maximum(height - h, 1)), rng.integers(0, np.maximum(width - w, 1))
        else:
            top, left = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        if place == "corner":
            top, left = 0 * top, 0 * left
        box[:, open_[fits]] = top, left, h, w
        open_ = open_[~fits]
    if len(open_):
        shape = np.clip(width / height, *ratio)
        w, h = min(width, round(height * shape)), min(height, round(width / shape))
        box[:, open_] = np.array([(height - h) // 2, (width - w) // 2, h, w])[:, None]
    return box


def describe(box, height, width, limits):
    """How boxes are spread: each quantity alone, pairs of them, and at the ends of their ranges."""
    top, left, high, wide = box
    values = {"area": high * wide / (height * width), "ratio": wide / high, "top": top, "left": left}
    below = {name: values[name][:, None] <= limits[name] for name in values}
    middle = {name: below[name][:, 4] for name in values}
    pairs = [("area", "ratio"), ("top", "left"), ("area", "top"), ("ratio", "left")]
    outside = (high < 1) | (wide < 1) | (top + high > height) | (left + wide > width)
    return {f"{name} up to its deciles": below[name].mean(0) for name in values} | {
        "pairs up to their medians": np.array([(middle[a] & middle[b]).mean() for a, b in pairs]),
        "at the last row and column": np.array([(top + high == height).mean(), (left + wide == width).mean()]),
        "any box outside or empty": float(outside.any()),
    }


MISTAKES = {
    "aspect_uniform": {"uniform": True},
    "scale_of_side": {"of_side": True},
    "ratio_inverted": {"inverted": True},
    "outside": {"place": "anywhere"},
    "corner": {"place": "corner"},
    "last_place_left_out": {"place": "exclusive"},
    "ratio_once": {"once": True},
    "truncated": {"whole": np.floor},
}
worlds = [(640, 800, (0.05, 0.15), (0.5, 5.0)), (60, 60, (0.5, 1.0), (0.3, 2.0)), (6, 9, (0.1, 0.6), (0.5, 2.0))]
# Boxes without pixels; boxes of which ten tries rarely find one that fits.
worlds += [(4, 4, (0.01, 0.5), (0.5, 2.0)), (40, 40, (0.9, 1.0), (0.25, 4.0))]
cases, truths, wrong = [], [], {id: [] for id in MISTAKES}
for height, width, scale, ratio in worlds:
    drawn = torchvision_boxes(height, width, scale, ratio)
    top, left, high, wide = drawn
    values = {"area": high * wide / (height * width), "ratio": wide / high, "top": top, "left": left}
    # Between two values that occur, so that no rounding decides.
    limits = {name: np.quantile(v, QUANTILES) + 1e-9 for name, v in values.items()}
    case = {"height": height, "width": width, "scale": np.array(scale), "ratio": np.array(ratio)}
    cases.append(case | {f"{name} limits": v for name, v in limits.items()})
    truths.append(describe(drawn, height, width, limits))
    for id, options in MISTAKES.items():
        wrong[id].append(describe(boxes(height, width, scale, ratio, **options), height, width, limits))
    ours = describe(boxes(height, width, scale, ratio), height, width, limits)
    assert all(np.abs(ours[name] - truths[-1][name]).max() < 0.005 for name in ours)


def recorded(list_):
    """One entry after the other, for a check that asks in order."""
    entries = iter(list_)
    return lambda **_: next(entries)


golden.check("boxes", cases, recorded(truths), {id: recorded(values) for id, values in wrong.items()}, tolerance=0.01)
fallbacks, expected = [], []
for (height, width), ratio in [((20, 32), (3.0, 4.0)), ((32, 21), (0.2, 0.25)), ((33, 7), (2.0, 3.0)), ((10, 16), (1.0, 1.0)), ((24, 24), (2.0, 3.0))]:
    top, left, high, wide = RandomResizedCrop.get_params(torch.zeros(3, height, width), (1.0, 1.0), ratio)
    fallbacks.append({"height": height, "width": width, "scale": np.array([1.0, 1.0]), "ratio": np.array(ratio)})
    expected.append(np.array([top, left, high, wide], dtype=np.float64))
# A height of 13⅓, which is rounded down.
fallbacks.append({"height": 24, "width": 40, "scale": np.array([1.0, 1.0]), "ratio": np.array((3.0, 4.0))})
expected.append(np.array(apart(lambda: RandomResizedCrop.get_params(torch.zeros(3, 24, 40), (1.0, 1.0), (3.0, 4.0))), dtype=np.float64))
golden.check(
    "never_fits",
    fallbacks,
    recorded([{"box": box} for box in expected]),
    {
        "whole_image": lambda height, width, **_: {"box": np.array([0.0, 0.0, height, width])},
        "not_centered": recorded([{"box": box * [0, 0, 1, 1]} for box in expected]),
    },
    tolerance=0,
)
golden.check(
    "generator",
    [{"seed": 7}],
    lambda seed: {"repeats": 1.0, "differs": 1.0},
    {"generator_untouched": lambda seed: {"repeats": 1.0, "differs": 0.0}, "random_elsewhere": lambda seed: {"repeats": 0.0, "differs": 0.0}},
    tolerance=0,
)

# Exercise 2. Three steps that do not commute, some of them never taken; then how often steps are taken together.
STEPS = [lambda image: image * 0.5, lambda image: image - 100, lambda image: image + 0.25]


def in_order(which=lambda p: [i for i in range(3) if p[i]], from_the_original=False):
    def view(image, probabilities):
        x = image
        for i in which(probabilities.tolist()):
            x = STEPS[i](image if from_the_original else x)
        return {"view": x}

    return view


def until_skipped(p):
    return list(range((p + [0]).index(0)))


golden.check(
    "steps_in_order",
    [
        {"image": torch.rand(shape), "probabilities": np.array(p)}
        for shape, p in [((3, 2, 2), [1.0, 0.0, 1.0]), ((3, 5, 5), [1.0, 1.0, 0.0]), ((3, 4, 3), [0.0, 1.0, 1.0]), ((3, 1, 6), [1.0, 1.0, 1.0])]
    ],
    in_order(),
    {
        "reversed": in_order(lambda p: [i for i in (2, 1, 0) if p[i]]),
        "probability_ignored": in_order(lambda p: [0, 1, 2]),
        "probability_inverted": in_order(lambda p: [i for i in range(3) if not p[i]]),
        "last_only": in_order(from_the_original=True),
        "first_only": in_order(lambda p: [0] if p[0] else []),
        "one_at_most": in_order(lambda p: [i for i in range(3) if p[i]][:1]),
        "stops_when_skipped": in_order(until_skipped),
    },
    tolerance=1e-6,
)
golden.check(
    "steps_draw",
    [{"seed": 3}],
    lambda seed: {"all random numbers differ": 1.0, "repeats": 1.0, "differs": 1.0},
    {
        "same_random_numbers": lambda seed: {"all random numbers differ": 0.0, "repeats": 1.0, "differs": 0.0},
        "random_elsewhere": lambda seed: {"all random numbers differ": 1.0, "repeats": 0.0, "differs": 0.0},
    },
    tolerance=0,
)
outcomes = np.arange(8)


def independent(p):
    taken = (outcomes[:, None] >> np.arange(3)) & 1
    return np.where(taken, p, 1 - np.array(p)).prod(1)


def one_draw(p):
    frequencies = np.zeros(8)
    for draw in (np.arange(100_000) + 0.5) / 100_000:
        frequencies[sum((draw < q) << i for i, q in enumerate(p))] += 1e-5
    return frequencies


def certain(kept):
    """Whether steps of probability 0 and 1 were never and always taken; the same seed always repeats."""
    return {"never and always": float(kept), "repeats": 1.0}


CERTAIN = certain(True)
golden.check(
    "steps_by_chance",
    [{"probabilities": np.array(p)} for p in [[0.5, 0.5, 0.1], [0.8, 0.2, 0.35], [1.0, 0.0, 0.5]]],
    lambda probabilities: {"frequencies": independent(probabilities)} | CERTAIN,
    {
        "one_draw_for_all": lambda probabilities: {"frequencies": one_draw(probabilities)} | CERTAIN,
        "probability_ignored": lambda probabilities: {"frequencies": independent([1, 1, 1])} | certain(0 not in probabilities),
        "probability_inverted": lambda probabilities: {"frequencies": independent(1 - probabilities)} | certain(0 not in probabilities),
    },
    tolerance=0.011,
)


# Exercise 3. The transform adds how often it has been called and draws three numbers; which view is drawn first is left open.
def views(first, second, draws, repeats=1.0, differs=1.0):
    numbers = {"different random numbers": draws, "repeats": repeats, "differs": differs}
    return lambda image: {"views": torch.stack([image + first, image + second])} | numbers


golden.check(
    "two_draws",
    [{"image": torch.rand(3, 4, 4)}, {"image": torch.rand(3, 5, 3)}],
    views(1, 2, 12.0),
    {
        "same_view_twice": views(1, 1, 6.0),
        "original": views(0, 1, 6.0),
        "same_random_numbers": views(1, 2, 3.0, differs=0.0),
        "generator_untouched": views(1, 2, 6.0, differs=0.0),
        "random_elsewhere": views(1, 2, 12.0, repeats=0.0, differs=0.0),
        "view_of_a_view": views(1, 3, 12.0),
    },
    tolerance=1e-6,
)


# Exercise 4. Gradients into the features and into all weights.
def head_case(count, features, hidden, output):
    layers = {"hidden": nn.Linear(features, hidden), "output": nn.Linear(hidden, output)}
    weights = {f"{name}.{kind}": value for name, layer in layers.items() for kind, value in layer.named_parameters()}
    # Large enough for hidden values above 20.
    return {"h": 20 * torch.randn(count, features)} | weights


def of_head(function):
    def z(h, **w):
        layer = lambda x, name: F.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])
        return {"z": function(h, lambda x: layer(x, "hidden"), lambda x: layer(x, "output"))}

    return z


golden.check(
    "head",
    [head_case(4, 6, 5, 3), head_case(1, 3, 8, 2), head_case(7, 4, 4, 4)],
    of_head(lambda h, hidden, output: output(hidden(h).relu())),
    {
        "silu": of_head(lambda h, hidden, output: output(F.silu(hidden(h)))),
        "tanh": of_head(lambda h, hidden, output: output(hidden(h).tanh())),
        "leaky_relu": of_head(lambda h, hidden, output: output(F.leaky_relu(hidden(h), 0.01))),
        "gelu_exact": of_head(lambda h, hidden, output: output(F.gelu(hidden(h)))),
        "relu_before": of_head(lambda h, hidden, output: output(hidden(h.relu()))),
        "no_relu": of_head(lambda h, hidden, output: output(hidden(h))),
        "gelu": of_head(lambda h, hidden, output: output(F.gelu(hidden(h), approximate="tanh"))),
        "relu_on_output": of_head(lambda h, hidden, output: output(hidden(h).relu()).relu()),
        "relu_at_the_end_only": of_head(lambda h, hidden, output: output(hidden(h)).relu()),
        "output_layer_missing": of_head(lambda h, hidden, output: hidden(h).relu()),
    },
    gradients=["h", "hidden.weight", "hidden.bias", "output.weight", "output.bias"],
)


# Exercises 5 and 6. Rows of different lengths; several N and D; equal rows.
def nt_xent(z, temperature, scale=None, normalize=True, diagonal=-torch.inf, neighbors=False, positive=True, anchors=None, cut=lambda x: x):
    z = F.normalize(z, dim=1) if normalize else z
    s = z @ z.T * (1 / temperature if scale is None else scale)
    rows = torch.arange(len(s))
    partners = rows ^ 1 if neighbors else (rows + len(s) // 2) % len(s)
    if diagonal is not None:
        s = torch.where(torch.eye(len(s)).bool(), torch.tensor(diagonal), s)
    chosen = s.gather(1, partners[:, None])[:, 0]
    below = s if positive else s.scatter(1, partners[:, None], -torch.inf)
    return (cut(below.logsumexp(1)) - chosen)[:anchors]


def other_view_only(z, temperature):
    a, b = F.normalize(z, dim=1).chunk(2)
    s, own = a @ b.T / temperature, torch.arange(len(a))
    return (F.cross_entropy(s, own) + F.cross_entropy(s.T, own)) / 2


def of_loss(function):
    return lambda z, temperature: {"loss": function(z, temperature)}


def z_case(rows, width, temperature):
    return {"z": 1.5 * torch.randn(rows, width) + 0.4, "temperature": temperature}


Z_CASES = [z_case(8, 5, 0.4), z_case(6, 6, 0.3), z_case(10, 3, 0.7), z_case(4, 7, 0.25), z_case(14, 4, 0.6), z_case(260, 2, 0.5)]
lightly_loss = lambda z, temperature: NTXentLoss(temperature)(*z.chunk(2))
golden.check(
    "nt_xent",
    Z_CASES,
    of_loss(lightly_loss),
    {
        "neighbors": of_loss(lambda z, t: nt_xent(z, t, neighbors=True).mean()),
        "anchor_in_denominator": of_loss(lambda z, t: nt_xent(z, t, diagonal=None).mean()),
        "diagonal_zero": of_loss(lambda z, t: nt_xent(z, t, diagonal=0.0).mean()),
        "positive_left_out": of_loss(lambda z, t: nt_xent(z, t, positive=False).mean()),
        "temperature_multiplied": of_loss(lambda z, t: nt_xent(z, t, scale=t).mean()),
        "temperature_forgotten": of_loss(lambda z, t: nt_xent(z, 1).mean()),
        "only_n_anchors": of_loss(lambda z, t: nt_xent(z, t, anchors=len(z) // 2).mean()),
        "other_view_only": of_loss(other_view_only),
        "temperature_twice": of_loss(lambda z, t: nt_xent(z, t * t).mean()),
        "length_detached": of_loss(lambda z, t: nt_xent(z / z.norm(dim=1, keepdim=True).detach(), t, normalize=False).mean()),
        "sum": of_loss(lambda z, t: nt_xent(z, t).sum()),
        "not_normalized": of_loss(lambda z, t: nt_xent(z, t, normalize=False).mean()),
        "normalizer_detached": of_loss(lambda z, t: nt_xent(z, t, cut=torch.detach).mean()),
        "second_view_detached": of_loss(lambda z, t: nt_xent(torch.cat([z.chunk(2)[0], z.chunk(2)[1].detach()]), t).mean()),
    },
    gradients=["z"],
)
OPPOSITES = [[[1.0, 0.0], [-0.3, 0.95], [-1.0, -0.1], [-0.35, 0.9]], [[1.0, 0.0], [-1.0, 0.0]]]
cold = F.normalize(torch.randn(4, 5), dim=1)
cold = torch.cat([cold, cold[[1, 0, 2, 3]]])


def by_exponentials(of):
    def loss(z, temperature):
        z = F.normalize(z, dim=1)
        s = torch.where(torch.eye(len(z)).bool(), torch.tensor(-torch.inf), z @ z.T / temperature)
        chosen = s.gather(1, ((torch.arange(len(s)) + len(s) // 2) % len(s))[:, None])[:, 0]
        return of(chosen, s.exp().sum(1)).mean()

    return of_loss(loss)


golden.check(
    "nt_xent_when_cold",
    [{"z": cold, "temperature": 0.01}, {"z": torch.full((6, 4), 0.5), "temperature": 0.3}]
    # Rows whose logits lie far below the greatest of the others; a positive that is opposite to its anchor.
    + [{"z": torch.tensor(rows), "temperature": 0.01} for rows in OPPOSITES],
    of_loss(lightly_loss),
    {
        "overflow": by_exponentials(lambda chosen, below: below.log() - chosen),
        "overflow_of_a_ratio": by_exponentials(lambda chosen, below: -(chosen.exp() / below).log()),
    },
    tolerance=2e-5,
    gradients=["z"],
)


# A row of zeros has cosine 0 with all others, whichever small ε keeps its length from being 0.
golden.check(
    "nt_xent_of_a_zero_row",
    [{"z": torch.tensor([[0.0, 0.0], [1.0, 0.5], [-0.2, 0.7], [0.3, 0.1], [0.9, 0.4], [0.1, 0.8]]), "temperature": 0.5}],
    of_loss(lambda z, t: nt_xent(z, t).mean()),
    {"not_a_number": of_loss(lambda z, t: nt_xent(z, t).mean() * torch.nan)},
)


def gradient(z, temperature):
    z = z.detach().requires_grad_()
    return {"gradient": torch.autograd.grad(lightly_loss(z, temperature), z)[0]}


def by_hand(
    z, temperature, scale=None, both=lambda ds: ds + ds.T, through=True, divide=True, mean=True, positives=True, negatives=True, diagonal=-torch.inf
):
    length = z.norm(dim=1, keepdim=True)
    u = z / length
    s = u @ u.T / temperature
    s = s if diagonal is None else s.fill_diagonal_(diagonal)
    y = torch.zeros_like(s).scatter(1, ((torch.arange(len(s)) + len(s) // 2) % len(s))[:, None], 1)
    ds = s.softmax(1) * negatives - y * positives
    ds = ds / len(s) if mean else ds
    g = both(ds) @ u / (temperature if scale is None else scale)
    g = g - u * (u * g).sum(1, keepdim=True) if through else g
    return {"gradient": g / length if divide else g}


golden.check(
    "gradient",
    Z_CASES + [{"z": 2 * cold, "temperature": 0.1}],
    gradient,
    {
        "anchors_only": lambda z, temperature: by_hand(z, temperature, both=lambda ds: ds),
        "temperature_forgotten": lambda z, temperature: by_hand(z, temperature, scale=1),
        "normalization_forgotten": lambda z, temperature: by_hand(z, temperature, through=False, divide=False),
        "not_projected": lambda z, temperature: by_hand(z, temperature, through=False),
        "length_forgotten": lambda z, temperature: by_hand(z, temperature, divide=False),
        "doubled": lambda z, temperature: by_hand(z, temperature, both=lambda ds: 2 * ds),
        "columns_only": lambda z, temperature: by_hand(z, temperature, both=lambda ds: ds.T),
        "anchor_in_softmax": lambda z, temperature: by_hand(z, temperature, diagonal=None),
        "sum": lambda z, temperature: by_hand(z, temperature, mean=False),
        "positives_forgotten": lambda z, temperature: by_hand(z, temperature, positives=False),
        "downhill": lambda z, temperature: {"gradient": -gradient(z, temperature)["gradient"]},
    },
)

# Where logits are large, and where a row is 0, whose gradient is as large as ε makes it.
def of_lengths(z, temperature):
    z = z.detach().requires_grad_()
    u = z / (z.square().sum(1, keepdim=True) + 1e-12).sqrt()
    s = (u @ u.T / temperature).masked_fill(torch.eye(len(z)).bool(), -torch.inf)
    partners = (torch.arange(len(z)) + len(z) // 2) % len(z)
    return {"gradient": torch.autograd.grad(F.cross_entropy(s, partners), z)[0]}


golden.check("gradient_of_opposites", [{"z": torch.tensor(rows), "temperature": 0.01} for rows in OPPOSITES], of_lengths, tolerance=1e-3)
with_zero = torch.randn(6, 3)
with_zero[4] = 0
golden.check(
    "cold_gradient",
    [{"z": 2 * cold, "temperature": 0.01}, {"z": with_zero, "temperature": 0.5}],
    of_lengths,
    {
        "overflow": lambda z, temperature: {"gradient": z * torch.nan} if temperature < 0.1 else of_lengths(z, temperature),
        "not_a_number": lambda z, temperature: by_hand(z, temperature) if temperature < 0.1 else {"gradient": z * torch.nan},
    },
    tolerance=1e-3,
)

# Exercises 7 and 9. A linear layer and batch norm as backbone, a linear layer as head.


class Network(nn.Module):
    def __init__(self, state):
        super().__init__()
        width, inputs = state["linear.weight"].shape
        self.linear, self.norm = nn.Linear(inputs, width), nn.BatchNorm1d(width)
        self.head = nn.Linear(width, state["head.weight"].shape[0])
        self.load_state_dict(state, strict=False)

    def encode(self, images):
        return self.norm(self.linear(images.flatten(1))).relu()

    def named(self):
        """Weights and running statistics as arrays that later steps leave alone."""
        state = self.state_dict() | dict(self.named_parameters())
        return {k: v.detach().clone() for k, v in state.items() if k != "norm.num_batches_tracked"}


def network_case(inputs, width, output):
    state = {
        "norm.weight": torch.rand(width) + 0.5,
        "norm.bias": torch.rand(width) - 0.5,
        "norm.running_mean": 0.6 * torch.rand(width) - 0.3,
        "norm.running_var": 1.5 * torch.rand(width) + 0.5,
    }
    for name, layer in {"linear": nn.Linear(inputs, width), "head": nn.Linear(width, output)}.items():
        state |= {f"{name}.{kind}": value.detach().clone() for kind, value in layer.named_parameters()}
    return state


def step_case(count, size, width, output, temperature, rate, momentum):
    views = {"view_a": torch.rand(count, 3, size, size), "view_b": torch.rand(count, 3, size, size) + 0.2}
    numbers = {"temperature": temperature, "learning_rate": rate, "momentum": momentum}
    return network_case(3 * size * size, width, output) | views | numbers


def after(loss_of, train=True, steps=1, update=True):
    """Loss, and weights and running statistics after the updates."""

    def values(view_a, view_b, temperature, learning_rate, momentum, **state):
        network = Network(state).train(train)
        optimizer = torch.optim.SGD(network.parameters(), learning_rate, momentum)
        first = None
        for _ in range(steps):
            optimizer.zero_grad()
            loss = loss_of(network, view_a, view_b, temperature)
            first = loss.detach().double().item() if first is None else first
            if update:
                loss.backward()
                optimizer.step()
        return {"loss": first} | network.named()

    return values


def both(network, a, b):
    return network.head(network.encode(torch.cat([a, b])))


def one_view(network, a, b, temperature):
    z_a, z_b = both(network, a, b).chunk(2)
    return NTXentLoss(temperature)(z_a, z_b.detach())


def head_frozen(network, a, b, temperature):
    head = nn.functional.linear(network.encode(torch.cat([a, b])), network.head.weight.detach(), network.head.bias.detach())
    return lightly_loss(head, temperature)


golden.check(
    "after_a_step",
    [step_case(6, 2, 5, 4, 0.4, 0.5, 0.9), step_case(5, 3, 4, 7, 0.6, 0.2, 0.9), step_case(2, 1, 6, 3, 0.5, 0.3, 0.9)],
    after(lambda n, a, b, t: lightly_loss(both(n, a, b), t)),
    {
        "backbone_detached": after(lambda n, a, b, t: lightly_loss(n.head(n.encode(torch.cat([a, b])).detach()), t)),
        "views_alternate": after(lambda n, a, b, t: lightly_loss(both(n, *torch.stack([a, b], 1).flatten(0, 1).chunk(2)), t)),
        "two_passes": after(lambda n, a, b, t: NTXentLoss(t)(n.head(n.encode(a)), n.head(n.encode(b)))),
        "head_left_out": after(lambda n, a, b, t: lightly_loss(n.encode(torch.cat([a, b])), t)),
        "one_view_gradient": after(one_view),
        "head_frozen": after(head_frozen),
        "evaluation_mode": after(lambda n, a, b, t: lightly_loss(both(n, a, b), t), train=False),
        "no_update": after(lambda n, a, b, t: lightly_loss(both(n, a, b), t), update=False),
        "two_updates": after(lambda n, a, b, t: lightly_loss(both(n, a, b), t), steps=2),
        "temperature_ignored": after(lambda n, a, b, t: lightly_loss(both(n, a, b), 1.0)),
        "one_view_twice": after(lambda n, a, b, t: lightly_loss(both(n, a, a), t)),
    },
    tolerance=2e-5,
)


# Exercise 8. A batch that is no multiple of 256, one that is smaller; no warm-up.
def rates(steps, warmup, total, base, batch, peak=lambda base, batch: base * batch / 256, first=1, start=None, half=0.5, warm=True, line=False):
    top, start = peak(base, batch), warmup if start is None else start
    rising = top * (steps + first) / max(warmup, 1)
    progress = (steps - start) / (total - start)
    falling = top * (1 - progress) if line else half * top * (1 + np.cos(np.pi * progress))
    return {"rates": np.where((steps < warmup) & warm, rising, falling)}


def warmup_unscaled(steps, warmup, **case):
    right, unscaled = (rates(steps, warmup, **(case | batch))["rates"] for batch in ({}, {"batch": 256}))
    return {"rates": np.where(steps < warmup, unscaled, right)}


def progress_by_total(steps, warmup, total, base, batch):
    falling = 0.5 * base * batch / 256 * (1 + np.cos(np.pi * (steps - warmup) / total))
    return {"rates": np.where(steps < warmup, rates(steps, warmup, total, base, batch)["rates"], falling)}


def schedule(steps, **case):
    return {"steps": np.array(steps, dtype=np.int64)} | case


golden.check(
    "schedule",
    [
        schedule([0, 3, 9, 10, 37, 55, 99, 100], warmup=10, total=100, base=0.3, batch=1024),
        schedule([0, 2, 6, 7, 20, 51], warmup=7, total=53, base=0.05, batch=384),
        schedule([0, 1, 30, 40], warmup=0, total=41, base=0.8, batch=100),
        schedule([1, 5, 30], warmup=3, total=31, base=0.3, batch=4096),
    ],
    rates,
    {
        "batch_ignored": lambda **c: rates(**c, peak=lambda base, batch: base),
        "both_views_counted": lambda **c: rates(**c, peak=lambda base, batch: base * 2 * batch / 256),
        "whole_batches": lambda **c: rates(**c, peak=lambda base, batch: base * (batch // 256)),
        "square_root": lambda **c: rates(**c, peak=lambda base, batch: base * np.sqrt(batch / 256)),
        "warmup_unscaled": warmup_unscaled,
        "progress_by_total": progress_by_total,
        "starts_at_zero": lambda **c: rates(**c, first=0),
        "cosine_from_the_start": lambda **c: rates(**c, start=0),
        "cosine_not_halved": lambda **c: rates(**c, half=1.0),
        "no_warmup": lambda **c: rates(**c, warm=False),
        "linear_decay": lambda **c: rates(**c, line=True),
    },
    tolerance=1e-9,
)


# Exercise 9. What a gradient of h or z reaches must be nothing.
LEAKS = ["linear.weight", "norm.weight", "head.weight"]


def features(train=False, swap=False, attached=(), view=lambda h, z: (h, z)):
    def values(images, **state):
        network = Network(state).train(train)
        h = network.encode(images)
        z = network.head(h if "h" in attached or not attached else h.detach())
        leaks = {name: torch.zeros_like(state[name]) for name in LEAKS}
        kept = [value for name, value in {"h": h, "z": z}.items() if name in attached]
        if kept:
            parameters = dict(network.named_parameters())
            total = sum(weighted_sum(value) for value in kept)
            got = torch.autograd.grad(total, [parameters[name] for name in LEAKS], allow_unused=True)
            leaks |= {name: value for name, value in zip(LEAKS, got) if value is not None}
        h, z = (z, h) if swap else view(h, z)
        statistics = {name: network.state_dict()[name].clone() for name in ["norm.running_mean", "norm.running_var"]}
        return {"h": h, "z": z} | statistics | {f"gradient into {name}": value for name, value in leaks.items()}

    return values


golden.check(
    "h_and_z",
    [network_case(12, 5, 4) | {"images": torch.rand(6, 3, 2, 2)}, network_case(3, 4, 7) | {"images": torch.rand(1, 3, 1, 1)}],
    features(),
    {
        "swapped": features(swap=True),
        "training_mode": lambda images, **state: features(train=True)(images, **state),
        "graph_kept": features(attached=("h", "z")),
        "z_attached": features(attached=("z",)),
    },
)


# Exercise 10. Chunks that divide the batch and that do not, a chunk of one image, one that holds all. The truth keeps all graphs and
# does one backward pass; a second pass forward follows for the running statistics, as a cached step makes two.
def cached_case(count, chunk, *network):
    return step_case(count, *network) | {"chunk": chunk}


def of_chunk(network, a, b):
    """Embeddings of both views of a chunk, which go through the network together."""
    return network.head(network.encode(torch.cat([a, b]))).chunk(2)


def views_apart(network, a, b):
    return [network.head(network.encode(view)) for view in (a, b)]


def joined(pairs):
    """Embeddings of all chunks: all first views, then all second ones."""
    return torch.cat([torch.cat(view) for view in zip(*pairs)])


def in_chunk_order(pairs):
    return torch.cat([torch.cat(pair) for pair in pairs])


def whole_loss(pairs, t):
    return lightly_loss(joined(pairs), t)


def chunks_alone(pairs, t):
    return sum(lightly_loss(torch.cat(pair), t) for pair in pairs)


def second_view_detached(pairs, t):
    return whole_loss([(a, b.detach()) for a, b in pairs], t)


def gradients_in_chunk_order(pairs, t):
    """The gradients are those of all first views, then all second ones, but are handed out chunk by chunk."""
    z = joined(pairs).detach().requires_grad_()
    (g,) = torch.autograd.grad(lightly_loss(z, t), z)
    return (in_chunk_order(pairs) * g).sum()


def weighted_chunks(pairs, t):
    """As if the mean of small batches' losses were that of the whole one."""
    return sum(len(a) * lightly_loss(torch.cat([a, b]), t) for a, b in pairs) / sum(len(a) for a, _ in pairs)


def rows_by_view(pairs, t):
    """The embeddings lie chunk after chunk, but the rows of g are taken as if all first views came first."""
    z = in_chunk_order(pairs).detach().requires_grad_()
    (g,) = torch.autograd.grad(lightly_loss(z, t), z)
    return (joined(pairs) * g).sum()


def cached(loss_of=whole_loss, embed=of_chunk, whole_chunks=False, divide=lambda chunks: 1, steps=1):
    def weights(view_a, view_b, temperature, learning_rate, momentum, chunk, **state):
        network = Network(state)
        optimizer = torch.optim.SGD(network.parameters(), learning_rate, momentum)
        pieces = list(zip(view_a.split(chunk), view_b.split(chunk)))
        pieces = [pair for pair in pieces if len(pair[0]) == chunk or not whole_chunks]
        for _ in range(steps):
            loss = loss_of([embed(network, a, b) for a, b in pieces], temperature) / divide(pieces)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        return dict(network.named_parameters())

    return weights


def by_chunks(between=lambda optimizer: None, training=(True, True)):
    """A step made chunk by chunk: the gradient at all embeddings first; `between` is called from one chunk to the next."""

    def weights(view_a, view_b, temperature, learning_rate, momentum, chunk, **state):
        network = Network(state)
        optimizer = torch.optim.SGD(network.parameters(), learning_rate, momentum)
        pieces = list(zip(view_a.split(chunk), view_b.split(chunk)))
        with torch.no_grad():
            z = joined([of_chunk(network.train(training[0]), a, b) for a, b in pieces])
        network.train(training[1])
        (g,) = torch.autograd.grad(lightly_loss(z.requires_grad_(), temperature), z)
        gradients = zip(*(view.split(chunk) for view in g.chunk(2)))
        for number, ((a, b), pair) in enumerate(zip(pieces, gradients)):
            if number > 0:
                between(optimizer)
            (torch.cat(of_chunk(network, a, b)) * torch.cat(pair)).sum().backward()
        optimizer.step()
        return dict(network.named_parameters())

    return weights


def step_and_forget(optimizer):
    optimizer.step()
    optimizer.zero_grad()


def undivided(view_a, chunk, **case):
    return cached()(view_a, chunk=len(view_a), **case)


CACHED = [
    cached_case(5, 2, 2, 5, 4, 0.4, 0.5, 0.9),
    cached_case(7, 3, 1, 4, 6, 0.6, 0.2, 0.9),
    cached_case(6, 2, 1, 7, 3, 0.5, 0.3, 0.9),
    cached_case(3, 1, 2, 3, 5, 0.3, 0.2, 0.9),
    cached_case(4, 9, 1, 5, 2, 0.5, 0.4, 0.9),
    cached_case(5, 4, 1, 3, 4, 0.4, 0.3, 0.9),
    cached_case(4, 4, 1, 6, 3, 0.6, 0.2, 0.9),
]


def without(cases, *words):
    """Cases without inputs that do not change what is asked for: nobody is to be told that they were not used."""
    return [{name: value for name, value in case.items() if not any(word in name for word in words)} for case in cases]


golden.check(
    "after_a_cached_step",
    without(CACHED, "running"),
    cached(),
    {
        "chunks_alone": cached(chunks_alone),
        "chunks_alone_averaged": cached(chunks_alone, divide=len),
        "chunks_alone_weighted": cached(weighted_chunks),
        "last_chunk_dropped": cached(whole_chunks=True),
        "last_chunk_only": by_chunks(lambda optimizer: optimizer.zero_grad()),
        "averaged": cached(divide=len),
        "update_after_each_chunk": by_chunks(step_and_forget),
        "views_apart": cached(embed=views_apart),
        "pairs_apart": cached(lambda pairs, t: lightly_loss(in_chunk_order(pairs), t)),
        "gradients_in_chunk_order": cached(gradients_in_chunk_order),
        "rows_by_view": cached(rows_by_view),
        "evaluation_first": by_chunks(training=(False, True)),
        "evaluation_mode": by_chunks(training=(False, False)),
        "undivided": undivided,
        "one_view_gradient": cached(second_view_detached),
        "temperature_ignored": cached(lambda pairs, t: whole_loss(pairs, 1.0)),
        "no_update": cached(steps=0),
    },
    tolerance=2e-5,
)


def loss_and_statistics(passes=2, loss_of=whole_loss):
    @torch.no_grad()
    def values(view_a, view_b, temperature, chunk, **state):
        network = Network(state)
        pieces = list(zip(view_a.split(chunk), view_b.split(chunk)))
        for _ in range(passes):
            pairs = [of_chunk(network, a, b) for a, b in pieces]
        running = {name: value for name, value in network.named().items() if "running" in name}
        return {"loss": loss_of(pairs, temperature).double().item()} | running

    return values


for case in CACHED:
    weights, ours = cached()(**case), by_chunks()(**case)
    assert all(torch.allclose(weights[name], ours[name], atol=1e-6) for name in weights)
golden.check(
    "loss_of_a_cached_step",
    without(CACHED, "learning_rate", "momentum"),
    loss_and_statistics(),
    {
        "one_pass": loss_and_statistics(passes=1),
        "mean_of_chunks": loss_and_statistics(loss_of=lambda pairs, t: chunks_alone(pairs, t) / len(pairs)),
    },
    tolerance=2e-5,
)
golden.check(
    "graphs_of_a_cached_step",
    [cached_case(9, 2, 2, 5, 4, 0.4, 0.5, 0.9), cached_case(5, 1, 1, 4, 6, 0.6, 0.2, 0.9)],
    lambda **_: {"more than two graphs at a time": 0.0},
    {"graphs_kept": lambda **_: {"more than two graphs at a time": 1.0}},
    tolerance=0,
)

golden.save()

"""Golden values of lab 05, from torchvision (`RandomResizedCrop`), PyTorch (modules, SGD) and lightly (`NTXentLoss`)."""

import numpy as np
import torch
import torch.nn.functional as F
from lightly.loss import NTXentLoss
from torch import nn
from torchvision.transforms import RandomResizedCrop

from golden import Golden

torch.manual_seed(6)
rng = np.random.default_rng(6)
golden = Golden(__file__)
INFINITE = np.float32(np.inf).reshape(())
NOT_A_NUMBER = np.float32(np.nan).reshape(())

# Exercise 1. Boxes that all fit at the first try, from an image that is not square, with ratios that are not symmetric about 1.
HEIGHT, WIDTH, SCALE, RATIO = 640, 800, (0.05, 0.15), (0.5, 5.0)
DECILES = np.arange(1, 10) / 10
AREAS = SCALE[0] + DECILES * (SCALE[1] - SCALE[0])
RATIOS = RATIO[0] * (RATIO[1] / RATIO[0]) ** DECILES


def describe(top, left, height, width):
    """Shares of boxes below the deciles that are expected of their area, ratio and place, and inside the image."""
    share = lambda values, limits: (values[:, None] <= limits).mean(0)
    inside = (top + height <= HEIGHT) & (left + width <= WIDTH)
    return {
        "area": share(height * width / (HEIGHT * WIDTH), AREAS),
        "ratio": share(width / height, RATIOS),
        "top": share((top + 0.5) / (HEIGHT - height + 1), DECILES),
        "left": share((left + 0.5) / (WIDTH - width + 1), DECILES),
        "inside": float(inside.mean()),
    }


def boxes(aspect="log", of_side=False, inverted=False, place="inside", count=1_000_000):
    scale = rng.uniform(*SCALE, count)
    area = HEIGHT * WIDTH * (scale**2 if of_side else scale)
    ratio = np.exp(rng.uniform(*np.log(RATIO), count)) if aspect == "log" else rng.uniform(*RATIO, count)
    ratio = 1 / ratio if inverted else ratio
    width, height = np.round(np.sqrt(area * ratio)), np.round(np.sqrt(area / ratio))
    if place == "anywhere":
        top, left = rng.integers(0, HEIGHT, count), rng.integers(0, WIDTH, count)
    else:
        top, left = rng.integers(0, HEIGHT - height + 1), rng.integers(0, WIDTH - width + 1)
    if place == "corner":
        top, left = 0 * top, 0 * left
    return describe(top, left, height, width)


picture = torch.zeros(3, HEIGHT, WIDTH)
drawn = [RandomResizedCrop.get_params(picture, SCALE, RATIO) for _ in range(300_000)]
golden.case(
    "boxes",
    {
        "height": HEIGHT,
        "width": WIDTH,
        "scale": np.array(SCALE),
        "ratio": np.array(RATIO),
        "deciles": DECILES,
        "areas": AREAS,
        "ratios": RATIOS,
    },
    describe(*np.array(drawn).T),
    {
        "aspect_uniform": boxes(aspect="uniform"),
        "scale_of_side": boxes(of_side=True),
        "ratio_inverted": boxes(inverted=True),
        "outside": boxes(place="anywhere"),
        "corner": boxes(place="corner"),
    },
    tolerance=0.01,
)
for name, (height, width), ratio in [("wide", (20, 32), (3.0, 4.0)), ("tall", (32, 21), (0.2, 0.25))]:
    top, left, high, wide = RandomResizedCrop.get_params(torch.zeros(3, height, width), (1.0, 1.0), ratio)
    golden.case(
        f"box_that_never_fits_{name}",
        {"height": height, "width": width, "scale": np.array([1.0, 1.0]), "ratio": np.array(ratio)},
        {"box": np.array([top, left, high, wide], dtype=np.float64)},
        {
            "whole_image": {"box": np.array([0, 0, height, width], dtype=np.float64)},
            "not_centered": {"box": np.array([0, 0, high, wide], dtype=np.float64)},
        },
        tolerance=0,
    )

# Exercise 2. Two steps that do not commute around one that is never taken; then how often steps are taken together.
image = torch.rand(3, 2, 2)
golden.case(
    "steps_in_order",
    {"image": image},
    {"view": image * 0.5 + 0.25},
    {
        "reversed": {"view": (image + 0.25) * 0.5},
        "probability_ignored": {"view": (image * 0.5 - 100) + 0.25},
        "probability_inverted": {"view": image - 100},
        "last_only": {"view": image + 0.25},
    },
    tolerance=1e-6,
)
P = (0.5, 0.5, 0.1)
outcomes = np.arange(8)


def independent(p):
    taken = (outcomes[:, None] >> np.arange(3)) & 1
    return np.where(taken, p, 1 - np.array(p)).prod(1)


one_draw = np.zeros(8)
one_draw[[0, 3, 7]] = 0.5, 0.4, 0.1
always = np.zeros(8)
always[7] = 1
golden.case(
    "steps_by_chance",
    {"probabilities": np.array(P)},
    {"frequencies": independent(P)},
    {
        "one_draw_for_all": {"frequencies": one_draw},
        "probability_ignored": {"frequencies": always},
        "probability_inverted": {"frequencies": independent([1 - p for p in P])},
    },
    tolerance=0.011,
)

# Exercise 3. The transform adds the number of its call.
image = torch.rand(3, 4, 4)


def views(a, b, draws):
    return {"view a": image + a, "view b": image + b, "different random numbers": draws}


golden.case(
    "two_draws",
    {"image": image},
    views(1, 2, 2),
    {
        "same_view_twice": views(1, 1, 1),
        "original_first": views(0, 1, 1),
        "original_second": views(1, 0, 1),
        "same_random_numbers": views(1, 2, 1),
        "view_of_a_view": views(1, 3, 2),
    },
    tolerance=1e-6,
)

# Exercise 4.
h = torch.randn(4, 6, requires_grad=True)
hidden, output = nn.Linear(6, 5), nn.Linear(5, 3)


def of_head(z):
    (gradient,) = torch.autograd.grad(z.sum(), h)
    return {"z": z, "gradient of h": gradient}


golden.case(
    "head",
    {
        "h": h,
        "hidden.weight": hidden.weight,
        "hidden.bias": hidden.bias,
        "output.weight": output.weight,
        "output.bias": output.bias,
    },
    of_head(output(hidden(h).relu())),
    {
        "no_relu": of_head(output(hidden(h))),
        "relu_on_output": of_head(output(hidden(h).relu()).relu()),
        "relu_at_the_end_only": of_head(output(hidden(h)).relu()),
        "output_layer_missing": of_head(hidden(h).relu()),
    },
    tolerance=1e-5,
)

# Exercise 5. Rows of different lengths.
z = (1.5 * torch.randn(8, 5) + 0.4).requires_grad_()
temperature = 0.4
HALF = torch.arange(8).roll(4)
NEIGHBOR = torch.arange(8) ^ 1


def nt_xent(z, tau=temperature, normalize=True, diagonal=-torch.inf, partners=HALF, positive=True, rows=None):
    z = F.normalize(z, dim=1) if normalize else z
    s = z @ z.T / tau
    if diagonal is not None:
        s = torch.where(torch.eye(len(s)).bool(), diagonal, s)
    chosen = s.gather(1, partners[:, None])[:, 0]
    below = s if positive else s.scatter(1, partners[:, None], -torch.inf)
    return (below.logsumexp(1) - chosen)[:rows]


def of_z(loss):
    (gradient,) = torch.autograd.grad(loss, z)
    return {"loss": loss, "gradient of z": gradient}


truth = NTXentLoss(temperature)(*z.chunk(2))
assert torch.allclose(truth, nt_xent(z).mean(), atol=1e-6)
cross = F.normalize(z[:4], dim=1) @ F.normalize(z[4:], dim=1).T / temperature
golden.case(
    "nt_xent_of_views",
    {"z": z, "temperature": temperature},
    of_z(truth),
    {
        "neighbors": of_z(nt_xent(z, partners=NEIGHBOR).mean()),
        "anchor_in_denominator": of_z(nt_xent(z, diagonal=None).mean()),
        "diagonal_zero": of_z(nt_xent(z, diagonal=torch.tensor(0.0)).mean()),
        "positive_left_out": of_z(nt_xent(z, positive=False).mean()),
        "temperature_multiplied": of_z(nt_xent(z, tau=1 / temperature).mean()),
        "temperature_forgotten": of_z(nt_xent(z, tau=1).mean()),
        "only_n_anchors": of_z(nt_xent(z, rows=4).mean()),
        "other_view_only": of_z((F.cross_entropy(cross, HALF[4:]) + F.cross_entropy(cross.T, HALF[4:])) / 2),
        "sum": of_z(nt_xent(z).sum()),
        "not_normalized": of_z(nt_xent(z, normalize=False).mean()),
    },
    tolerance=1e-5,
)
cold = F.normalize(torch.randn(4, 5), dim=1)
cold = torch.cat([cold, cold[[1, 0, 2, 3]]])
golden.case(
    "nt_xent_when_cold",
    {"z": cold, "temperature": 0.01},
    {"loss": NTXentLoss(0.01)(*cold.chunk(2))},
    {"overflow": {"loss": INFINITE}, "overflow_of_a_ratio": {"loss": NOT_A_NUMBER}},
    tolerance=1e-5,
)

# Exercises 6 and 8. A linear layer and batch norm as backbone, a linear layer as head.
view_a, view_b = torch.rand(6, 3, 2, 2), torch.rand(6, 3, 2, 2) + 0.2
RATE, MOMENTUM = 0.5, 0.9


class Network(nn.Module):
    def __init__(self, state=None):
        super().__init__()
        self.linear, self.norm, self.head = nn.Linear(12, 5), nn.BatchNorm1d(5), nn.Linear(5, 4)
        if state is not None:
            self.load_state_dict(state)

    def encode(self, images):
        return self.norm(self.linear(images.flatten(1))).relu()

    def named(self):
        """Weights and running statistics as arrays that later steps leave alone."""
        state = self.state_dict() | dict(self.named_parameters())
        return {k: v.detach().clone() for k, v in state.items() if k != "norm.num_batches_tracked"}


start = Network()
with torch.no_grad():
    start.norm.weight.uniform_(0.5, 1.5)
    start.norm.bias.uniform_(-0.5, 0.5)
    start.norm.running_mean.uniform_(-0.3, 0.3)
    start.norm.running_var.uniform_(0.5, 2.0)
initial, case = start.state_dict(), start.named()


def both(network):
    return network.head(network.encode(torch.cat([view_a, view_b])))


def after(loss_of, train=True, steps=1):
    """Loss and network after `steps` updates."""
    network = Network(initial).train(train)
    optimizer = torch.optim.SGD(network.parameters(), RATE, MOMENTUM)
    first = None
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_of(network)
        first = loss.detach().double().item() if first is None else first
        loss.backward()
        optimizer.step()
    return {"loss": first} | network.named()


def loss_of(z):
    return NTXentLoss(temperature)(*z.chunk(2))


def two_passes(network):
    z_a, z_b = network.head(network.encode(view_a)), network.head(network.encode(view_b))
    return NTXentLoss(temperature)(z_a, z_b)


def one_view(network):
    z_a, z_b = both(network).chunk(2)
    return NTXentLoss(temperature)(z_a, z_b.detach())


truth = after(lambda n: loss_of(both(n)))
untouched = Network(initial)
both(untouched)
golden.case(
    "weights_after_a_step",
    case | {"view_a": view_a, "view_b": view_b, "temperature": temperature, "rate": RATE, "momentum": MOMENTUM},
    truth,
    {
        "two_passes": after(two_passes),
        "head_left_out": after(lambda n: loss_of(n.encode(torch.cat([view_a, view_b])))),
        "one_view_gradient": after(one_view),
        "evaluation_mode": after(lambda n: loss_of(both(n)), train=False),
        "no_update": {"loss": truth["loss"]} | untouched.named(),
        "two_updates": after(lambda n: loss_of(both(n)), steps=2),
        "temperature_ignored": after(lambda n: NTXentLoss(1.0)(*both(n).chunk(2))),
    },
    tolerance=2e-5,
)

# Exercise 7.
steps = np.array([0, 3, 9, 10, 37, 55, 99, 100])
WARMUP, TOTAL, BASE, BATCH = 10, 100, 0.3, 1024


def rates(peak=BASE * BATCH / 256, first=1, cosine=lambda s: (s - WARMUP) / (TOTAL - WARMUP), half=0.5, warm=True):
    rising = peak * (steps + first) / WARMUP
    falling = half * peak * (1 + np.cos(np.pi * cosine(steps)))
    return {"rates": np.where((steps < WARMUP) & warm, rising, falling)}


golden.case(
    "schedule",
    {"steps": steps, "warmup": WARMUP, "total": TOTAL, "base": BASE, "batch": BATCH},
    rates(),
    {
        "batch_ignored": rates(peak=BASE),
        "square_root": rates(peak=BASE * np.sqrt(BATCH / 256)),
        "starts_at_zero": rates(first=0),
        "cosine_from_the_start": rates(cosine=lambda s: s / TOTAL),
        "cosine_not_halved": rates(half=1.0),
        "no_warmup": rates(warm=False),
        "linear_decay": {
            "rates": np.where(
                steps < WARMUP,
                BASE * BATCH / 256 * (steps + 1) / WARMUP,
                BASE * BATCH / 256 * (TOTAL - steps) / (TOTAL - WARMUP),
            )
        },
    },
    tolerance=1e-9,
)


# Exercise 8.
def features(train):
    network = Network(initial).train(train)
    h = network.encode(view_a)
    z = network.head(h)
    leak = torch.autograd.grad(h.sum() + z.sum(), network.linear.weight)[0]
    return h, z, leak


h, z, leak = features(False)
h_train, z_train, _ = features(True)
still = torch.zeros_like(leak)
golden.case(
    "h_and_z",
    case | {"images": view_a},
    {"h": h, "z": z, "gradient into linear.weight": still},
    {
        "swapped": {"h": z, "z": h, "gradient into linear.weight": still},
        "training_mode": {"h": h_train, "z": z_train, "gradient into linear.weight": still},
        "graph_kept": {"h": h, "z": z, "gradient into linear.weight": leak},
    },
    tolerance=1e-5,
)

golden.save()

"""Golden values of lab 03: colors from scikit-image, bins from NumPy in double precision, neighbors from scikit-learn, losses from PyTorch."""

import numpy as np
import torch
import torch.nn.functional as F
from skimage.color import lab2rgb, rgb2lab
from sklearn.neighbors import NearestNeighbors

from golden import Golden, apart

torch.manual_seed(3)
rng = np.random.default_rng(3)
golden = Golden(__file__)

MATRIX = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
D65, D50 = np.array([0.95047, 1.0, 1.08883]), np.array([0.9642, 1.0, 0.8251])
DELTA = 6 / 29


def batch_of(values):
    """[B, H, W, 3] as a batch of images."""
    return np.moveaxis(values, -1, 1).astype(np.float32)


def pixels(images):
    return np.moveaxis(np.asarray(images, dtype=np.float64), 1, -1)


# Exercise 1. Bright and dark colors, the corners of the cube, grays, both sides of both thresholds; a single pixel.
def to_lab(gamma=None, white=D65, matrix=MATRIX, root=None, scale=(1, 1, 1)):
    def srgb(c):
        return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)

    def f(t):
        return np.where(t > DELTA**3, np.cbrt(t), t / (3 * DELTA**2) + 4 / 29)

    def lab(images):
        x, y, z = np.moveaxis((root or f)((gamma or srgb)(pixels(images)) @ matrix.T / white), -1, 0)
        return {"lab": batch_of(np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1) * scale)}

    return lab


corners = np.array([[r, g, b] for r in (0, 1) for g in (0, 1) for b in (0, 1)], dtype=np.float64).reshape(1, 2, 4, 3)
thresholds = np.array([0.0, 0.02, 0.0404, 0.0406, 0.1, 0.9, 1.0, 0.5, 0.003]).reshape(1, 3, 3, 1).repeat(3, -1)
colors = [rng.random((2, 5, 7, 3)), 0.08 * rng.random((3, 4, 1, 3)), corners, thresholds, rng.random((1, 1, 1, 3)), rng.random((5, 1, 2, 3))]
golden.check(
    "lab",
    [{"images": batch_of(color)} for color in colors],
    lambda images: {"lab": batch_of(rgb2lab(pixels(images)))},
    {
        "no_gamma": to_lab(gamma=lambda c: c),
        "power_of_2_2": to_lab(gamma=lambda c: c**2.2),
        "curve_everywhere": to_lab(gamma=lambda c: ((c + 0.055) / 1.055) ** 2.4),
        "gamma_backwards": to_lab(gamma=lambda c: np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)),
        "branches_inverted": to_lab(gamma=lambda c: np.where(c > 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)),
        "gamma_threshold_of_the_inverse": to_lab(gamma=lambda c: np.where(c <= 0.0031308, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)),
        "white_d50": to_lab(white=D50),
        "white_forgotten": to_lab(white=np.ones(3)),
        "matrix_transposed": to_lab(matrix=MATRIX.T),
        "matrix_inverted": to_lab(matrix=np.linalg.inv(MATRIX)),
        "root_everywhere": to_lab(root=np.cbrt),
        "square_root": to_lab(root=lambda t: np.where(t > DELTA**3, np.sqrt(t), t / (3 * DELTA**2) + 4 / 29)),
        "slope_of_the_inverse": to_lab(root=lambda t: np.where(t > DELTA**3, np.cbrt(t), t * (3 * DELTA**2) + 4 / 29)),
        "threshold_of_the_inverse": to_lab(root=lambda t: np.where(t > DELTA, np.cbrt(t), t / (3 * DELTA**2) + 4 / 29)),
        "lightness_from_0_to_1": to_lab(scale=(0.01, 1, 1)),
        "from_0_to_1": to_lab(scale=0.01),
        "green_and_red": to_lab(scale=(1, -1, 1)),
        "blue_and_yellow": to_lab(scale=(1, 1, -1)),
        "bgr": lambda images: to_lab()(images[:, ::-1]),
    },
    tolerance=3e-4,
)


# Exercise 2. The same colors but for the corners, where the root of a rounding error counts, and some that no screen can show.
def to_rgb(clip=True, gamma=None, white=D65, cube=None, matrix=MATRIX, change=lambda lab: lab):
    def srgb(u):
        return np.where(u <= 0.0031308, 12.92 * u, 1.055 * np.maximum(u, 0) ** (1 / 2.4) - 0.055)

    def inverse(f):
        return np.where(f > DELTA, f**3, 3 * DELTA**2 * (f - 4 / 29))

    def rgb(lab):
        lightness, a, b = np.moveaxis(change(pixels(lab)), -1, 0)
        y = (lightness + 16) / 116
        linear = (cube or inverse)(np.stack([y + a / 500, y, y - b / 200], -1)) * white @ np.linalg.inv(matrix).T
        return {"images": batch_of((gamma or srgb)(np.clip(linear, 0, 1) if clip else linear))}

    return rgb


def known(lab):
    """scikit-image takes a negative f for 0, which is right for no color: those alone are ours."""
    lightness, a, b = np.moveaxis(pixels(lab), -1, 0)
    negative = np.minimum((lightness + 16) / 116 + a / 500, (lightness + 16) / 116 - b / 200)[:, None] < 0
    ours, theirs = to_rgb()(lab)["images"], batch_of(lab2rgb(pixels(lab)))
    assert np.abs(ours - theirs)[~np.broadcast_to(negative, ours.shape)].max() < 1e-5
    return {"images": np.where(negative, ours, theirs)}


unseen = np.stack([rng.uniform(40, 70, (2, 3, 5)), rng.uniform(-95, 95, (2, 3, 5)), rng.uniform(-95, 60, (2, 3, 5))], -1)
deep = np.array([[5, 0, 60], [20, 10, 100], [12, -90, 3], [3, -70, 40], [50, 20, -10]], dtype=np.float64).reshape(1, 5, 1, 3)
dim = np.stack([rng.uniform(0, 12, (1, 5, 3)), rng.uniform(-9, 9, (1, 5, 3)), rng.uniform(-9, 2, (1, 5, 3))], -1)
golden.check(
    "rgb",
    [{"lab": batch_of(rgb2lab(color))} for color in colors if color is not corners] + [{"lab": batch_of(lab)} for lab in (unseen, dim, deep)],
    known,
    {
        "not_clipped": to_rgb(clip=False),
        "negative_f_clipped": to_rgb(cube=lambda f: np.where(f > DELTA, f**3, 3 * DELTA**2 * (np.maximum(f, 0) - 4 / 29))),
        "branches_inverted": to_rgb(gamma=lambda u: np.where(u > 0.0031308, 12.92 * u, 1.055 * u ** (1 / 2.4) - 0.055)),
        "matrix_transposed": to_rgb(matrix=MATRIX.T),
        "matrix_of_rgb_to_lab": to_rgb(matrix=np.linalg.inv(MATRIX)),
        "no_gamma": to_rgb(gamma=lambda u: u),
        "power_of_2_2": to_rgb(gamma=lambda u: u ** (1 / 2.2)),
        "curve_everywhere": to_rgb(gamma=lambda u: 1.055 * u ** (1 / 2.4) - 0.055),
        "gamma_threshold_of_rgb_to_lab": to_rgb(gamma=lambda u: np.where(u <= 0.04045, 12.92 * u, 1.055 * u ** (1 / 2.4) - 0.055)),
        "white_d50": to_rgb(white=D50),
        "white_forgotten": to_rgb(white=np.ones(3)),
        "cube_everywhere": to_rgb(cube=lambda f: f**3),
        "threshold_of_rgb_to_lab": to_rgb(cube=lambda f: np.where(f > DELTA**3, f**3, 3 * DELTA**2 * (f - 4 / 29))),
        "lightness_from_0_to_1": to_rgb(change=lambda lab: lab * (100, 1, 1)),
        "green_and_red": to_rgb(change=lambda lab: lab * (1, -1, 1)),
        "blue_and_yellow": to_rgb(change=lambda lab: lab * (1, 1, -1)),
        "a_and_b_swapped": to_rgb(change=lambda lab: lab[..., [0, 2, 1]]),
        "bytes": lambda lab: {"images": 255 * to_rgb()(lab)["images"]},
    },
    tolerance=3e-4,
)


# Exercise 3. On the grid of all multiples of the step: 1 in the gamut, 0 outside, 2 at the edge, where rounding decides.
def margins(step, lightness=np.arange(101.0)):
    """How far inside [0, 1] the channel that is nearest to leaving it is, for each lightness, a and b."""
    marks = step * np.arange(-int(110 // step), int(110 // step) + 1)
    y, a, b = np.meshgrid((lightness + 16) / 116, marks, marks, indexing="ij")
    f = np.stack([y + a / 500, y, y - b / 200], -1)
    linear = np.where(f > DELTA, f**3, 3 * DELTA**2 * (f - 4 / 29)) * D65 @ np.linalg.inv(MATRIX).T
    return np.minimum(linear, 1 - linear).min(-1)


def found(inside, ordered=1.0):
    def bins(step, edge):
        grid = np.asarray(inside(margins(step)), dtype=np.float64)
        order = ordered(grid) if callable(ordered) else ordered
        grid[edge[:, 0], edge[:, 1]] = 2
        return {
            "grid of a (down) and b: 1 for a bin, 0 for none, 2 at the edge": grid,
            "in the order of a, then b (1 is yes)": order,
            "bins that are not on the grid, or there twice": 0.0,
        }

    return bins


def bins_case(step):
    return {"step": float(step), "edge": np.argwhere(np.abs(margins(step).max(0)) < 3e-3).astype(np.int64)}


def half_of(grid):
    """Only a and b that are not negative."""
    half = grid.copy()
    half[: len(grid) // 2] = half[:, : len(grid) // 2] = 0
    return half


golden.check(
    "bins",
    [bins_case(step) for step in (10, 7, 12.5, 30, 110)],
    found(lambda m: m.max(0) >= 0),
    {
        "whole_square": found(lambda m: m.max(0) > -99),
        "one_lightness": found(lambda m: m[50] >= 0),
        "every_lightness": found(lambda m: m[1:100].min(0) >= 0),
        "b_first": found(lambda m: m.max(0) >= 0, ordered=lambda grid: float(grid.sum() < 2)),
        "a_and_b_swapped": found(lambda m: m.max(0).T >= 0),
        "not_negative": found(lambda m: half_of(m.max(0) >= 0)),
    },
    tolerance=0,
)


# Exercise 4. Bins of the gamut and bins anywhere, all of them as neighbors, one only.
def gamut(step):
    marks = step * np.arange(-int(110 // step), int(110 // step) + 1)
    return np.array([[a, b] for (i, a) in enumerate(marks) for (j, b) in enumerate(marks) if margins(step).max(0)[i, j] > 3e-3])


def ab_case(batch, height, width, bins, neighbors, sigma):
    """Colors near a bin each, so that no exponential is 0."""
    near = bins[rng.integers(0, len(bins), (batch, height, width))] + rng.uniform(-6, 6, (batch, height, width, 2))
    return {"ab": batch_of(near), "bins": bins.astype(np.float32), "neighbors": float(neighbors), "sigma": sigma}


def encoded(log=lambda d, s: -(d**2) / (2 * s**2), count_of=lambda k, q: k, divide="sum", channels=(0, 1), far=False):
    """`log` is the logarithm of a neighbor's weight; `divide` says by what the weights are divided."""

    def soft(ab, bins, neighbors, sigma):
        count = count_of(int(neighbors), len(bins))
        flat = pixels(ab).reshape(-1, 2)[:, list(channels)]
        distances, order = NearestNeighbors(n_neighbors=len(bins)).fit(bins.astype(np.float64)).kneighbors(flat)
        if far:
            distances, order = distances[:, ::-1], order[:, ::-1]
        logs = log(distances, sigma)
        if divide != "nothing":
            logs = logs - logs[:, :count].max(1, keepdims=True)
        every = np.exp(np.minimum(logs, 0))
        total = {"nothing": 1.0, "greatest": 1.0, "sum": every[:, :count].sum(1, keepdims=True), "all": every.sum(1, keepdims=True)}
        weights = np.zeros_like(every)
        np.put_along_axis(weights, order[:, :count], every[:, :count] / total[divide], 1)
        return {"soft": batch_of(weights.reshape(*pixels(ab).shape[:3], -1))}

    return soft


golden.check(
    "soft",
    [
        ab_case(2, 3, 5, gamut(20), 5, 5.0),
        ab_case(1, 4, 1, rng.uniform(-60, 60, (11, 2)), 3, 8.0),
        ab_case(3, 1, 2, rng.uniform(-60, 60, (7, 2)), 7, 20.0),
        ab_case(1, 2, 3, rng.uniform(-60, 60, (13, 2)), 1, 5.0),
        ab_case(1, 5, 4, gamut(10), 5, 3.0),
    ],
    encoded(),
    {
        "not_normalized": encoded(divide="nothing"),
        "sigma_as_variance": encoded(log=lambda d, s: -(d**2) / (2 * s)),
        "factor_2_forgotten": encoded(log=lambda d, s: -(d**2) / s**2),
        "distance_not_squared": encoded(log=lambda d, s: -d / (2 * s**2)),
        "all_bins": encoded(count_of=lambda k, q: q),
        "nearest_only": encoded(count_of=lambda k, q: 1),
        "unweighted": encoded(log=lambda d, s: 0 * d),
        "normalized_over_all_bins": encoded(divide="all"),
        "a_and_b_swapped": encoded(channels=(1, 0)),
        "farthest": encoded(far=True),
        "greatest_is_1": encoded(divide="greatest"),
    },
    tolerance=1e-5,
)


def stable(ab, bins, neighbors, sigma):
    squares = ((torch.from_numpy(pixels(ab))[..., None, :] - torch.from_numpy(bins).double()) ** 2).sum(-1)
    nearest = squares.topk(int(neighbors), largest=False)
    weights = torch.zeros_like(squares).scatter(-1, nearest.indices, torch.softmax(-nearest.values / (2 * sigma**2), -1))
    return {"soft": weights.permute(0, 3, 1, 2).float()}


def underflow(ab, bins, neighbors, sigma):
    squares = ((torch.from_numpy(pixels(ab))[..., None, :] - torch.from_numpy(bins).double()) ** 2).sum(-1).float()
    nearest = squares.topk(int(neighbors), largest=False)
    exponentials = torch.exp(-nearest.values / (2 * sigma**2))
    weights = torch.zeros_like(squares).scatter(-1, nearest.indices, exponentials / exponentials.sum(-1, keepdim=True))
    return {"soft": weights.permute(0, 3, 1, 2)}


far = ab_case(2, 1, 3, gamut(20), 5, 3.0)
far["ab"][0, :, 0, 0], far["ab"][1, :, 0, 2] = (121.0, 47.0), (-140.0, 133.0)
golden.check("far_colors", [far], stable, {"underflow": underflow}, tolerance=1e-3)


# Exercise 5. Rare bins and bins that never occur; every λ but ½, at which a swapped one makes no difference, and ½.
def prior_case(count, lam, zeros=0):
    prior = rng.dirichlet(np.full(count, 0.4))
    prior[:zeros] = 0
    return {"prior": (prior / prior.sum()).astype(np.float32), "lambda": lam}


def weights(mixed=lambda p, l: (1 - l) * p + l / len(p), invert=lambda x: 1 / x, total=lambda p, w: (p * w).sum()):
    def of(prior, **rest):
        with np.errstate(divide="ignore", invalid="ignore"):
            w = invert(mixed(prior.astype(np.float64), rest["lambda"]))
            return {"weights": (w / total(prior, w)).astype(np.float32)}

    return of


golden.check(
    "weights",
    [prior_case(7, 0.2, 2), prior_case(313, 0.5, 40), prior_case(2, 0.8), prior_case(11, 1.0, 3), {"prior": np.array([0.1, 0.6, 0.05, 0.25], dtype=np.float32), "lambda": 0.0}],
    weights(),
    {
        "lambda_swapped": weights(mixed=lambda p, l: l * p + (1 - l) / len(p)),
        "not_normalized": weights(total=lambda p, w: 1.0),
        "sum_of_1": weights(total=lambda p, w: w.sum()),
        "mean_of_1": weights(total=lambda p, w: w.mean()),
        "lambda_not_divided": weights(mixed=lambda p, l: (1 - l) * p + l),
        "not_inverted": weights(invert=lambda x: x),
        "lambda_ignored": weights(mixed=lambda p, l: np.maximum(p, 1e-12)),
    },
    tolerance=1e-4,
)


# Exercise 6. Targets as exercise 4 makes them; then logits of ±200 whose rows differ.
def loss_case(batch, count, height, width, scale=2.0):
    targets = torch.softmax(3 * torch.randn(batch, count, height, width), 1)
    targets = torch.where(targets >= targets.topk(min(5, count), dim=1).values[:, -1:], targets, torch.zeros(()))
    return {
        "logits": scale * torch.randn(batch, count, height, width),
        "soft_targets": targets / targets.sum(1, keepdim=True),
        "weights": torch.rand(count) + 0.2,
    }


def colorization(axis=1, weigh=None, divide=None, log=None):
    def loss(logits, soft_targets, weights):
        entropy = -(soft_targets * (log(logits) if log else F.log_softmax(logits, axis))).sum(1)
        v = (weigh or (lambda l, t, w: w[t.argmax(1)]))(logits, soft_targets, weights)
        total = (entropy * v).sum()
        return {"loss": total / (divide(v, logits) if divide else entropy.numel())}

    return loss


def by_cross_entropy(logits, soft_targets, weights):
    """As PyTorch weighs pixels: each is repeated with its own weight."""
    entropy = F.cross_entropy(logits, soft_targets, reduction="none")
    return {"loss": torch.einsum("bhw,bhw->", entropy, weights[soft_targets.argmax(1)]) / entropy.numel()}


def weights_inside(logits, soft_targets, weights):
    return {"loss": F.cross_entropy(logits, soft_targets, weight=weights, reduction="none").mean()}


golden.check(
    "loss",
    [loss_case(2, 7, 3, 5), loss_case(1, 11, 4, 1), loss_case(3, 2, 1, 1), loss_case(5, 3, 2, 7, scale=6.0), loss_case(1, 97, 1, 2)],
    by_cross_entropy,
    {
        "weight_of_the_prediction": colorization(weigh=lambda l, t, w: w[l.argmax(1)]),
        "divided_by_the_weights": colorization(divide=lambda v, l: v.sum()),
        "weights_inside": weights_inside,
        "expected_weight": colorization(weigh=lambda l, t, w: torch.einsum("bqhw,q->bhw", t, w)),
        "hard_targets": lambda logits, soft_targets, weights: by_cross_entropy(logits, F.one_hot(soft_targets.argmax(1), logits.shape[1]).permute(0, 3, 1, 2).float(), weights),
        "unweighted": colorization(weigh=lambda l, t, w: torch.ones(())),
        "summed": colorization(divide=lambda v, l: 1),
        "divided_by_images": colorization(divide=lambda v, l: len(l)),
        "divided_by_bins_too": colorization(divide=lambda v, l: l.numel()),
        "softmax_over_the_batch": colorization(axis=0),
        "softmax_over_a_row": colorization(axis=3),
        "no_logarithm": colorization(log=lambda l: F.softmax(l, 1)),
        "sign": colorization(divide=lambda v, l: -v.numel()),
    },
    gradients=["logits"],
)
cold = loss_case(2, 5, 3, 1)
cold["logits"] = 200 * torch.sign(cold["logits"])
cold["logits"][0, :, 0, 0] = torch.tensor([200.0, -200.0, -200.0, 200.0, 0.0])
# A maximum over all pixels would leave nothing of this one.
cold["logits"][1, :, 2, 0] = torch.tensor([-198.0, -199.0, -200.0, -198.5, -201.0])
golden.check(
    "cold_logits",
    [cold],
    by_cross_entropy,
    {
        "underflow": colorization(log=lambda l: F.softmax(l, 1).log()),
        "one_maximum": colorization(log=lambda l: l - l.max() - (l - l.max()).exp().sum(1, keepdim=True).log()),
    },
    gradients=["logits"],
)


# Exercise 7. Temperatures on both sides of 1, and logits whose powers overflow.
def mean_case(batch, count, height, width, temperature, scale=1.5):
    return {
        "logits": scale * torch.randn(batch, count, height, width),
        "bins": 40 * torch.randn(count, 2),
        "temperature": temperature,
    }


def annealed(probabilities=lambda l, t: F.softmax(l / t, 1), bins_of=lambda b: b):
    return lambda logits, bins, temperature: {"ab": torch.einsum("bqhw,qc->bchw", probabilities(logits, temperature), bins_of(bins))}


def mode(logits, temperature):
    return F.one_hot(logits.argmax(1), logits.shape[1]).permute(0, 3, 1, 2).float()


def by_powers(logits, temperature):
    """Equation 5 as it stands, in double precision."""
    powers = torch.exp(torch.log(F.softmax(logits.double(), 1)) / temperature)
    return (powers / powers.sum(1, keepdim=True)).float()


golden.check(
    "annealed",
    [mean_case(2, 7, 3, 5, 0.38), mean_case(1, 11, 4, 1, 0.1), mean_case(3, 2, 1, 2, 3.0), mean_case(1, 225, 1, 3, 0.5)],
    annealed(by_powers),
    {
        "multiplied": annealed(lambda l, t: F.softmax(l * t, 1)),
        "not_normalized": annealed(lambda l, t: F.softmax(l, 1) ** (1 / t)),
        "mode": annealed(mode),
        "temperature_ignored": annealed(lambda l, t: F.softmax(l, 1)),
        "softmax_over_the_batch": annealed(lambda l, t: F.softmax(l / t, 0)),
        "softmax_over_a_row": annealed(lambda l, t: F.softmax(l / t, 3)),
        "divided_by_bins": annealed(lambda l, t: F.softmax(l / t, 1) / l.shape[1]),
        "b_and_a": annealed(bins_of=lambda b: b.flip(1)),
        "bins_reshaped": annealed(bins_of=lambda b: b.reshape(2, -1).T),
    },
    tolerance=1e-4,
)
large = mean_case(1, 5, 2, 3, 0.38)
large["logits"] = 120 * torch.sign(large["logits"]) + torch.randn(1, 5, 2, 3)
large["logits"][0, :, 1, 2] -= 300
golden.check(
    "large_logits",
    [large, apart(lambda: mean_case(1, 225, 2, 2, 0.01))],
    annealed(),
    {
        "overflow": annealed(lambda l, t: torch.exp(l / t) / torch.exp(l / t).sum(1, keepdim=True)),
        "one_maximum": annealed(lambda l, t: torch.exp((l - l.max()) / t) / torch.exp((l - l.max()) / t).sum(1, keepdim=True)),
    },
    tolerance=1e-4,
)

golden.save()

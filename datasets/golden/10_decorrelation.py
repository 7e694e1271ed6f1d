"""Golden values of lab 10, from PyTorch and lightly: correlations by `corrcoef` and batch norm, VICReg's terms by `cov` and `var`, SIGReg by complex numbers."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from lightly.loss import BarlowTwinsLoss, VICRegLoss

from golden import Golden, apart

torch.manual_seed(10)
golden = Golden(__file__)


def pair(batch, width, alike=0.7):
    a = torch.randn(batch, width) * (0.5 + 2 * torch.rand(width)) + 0.5 * torch.randn(width)
    return {"z_a": a, "z_b": alike * a.flip(1) + a + torch.randn(batch, width) - 0.4}


def off_diagonal(matrix):
    return matrix - torch.diag(torch.diag(matrix))


# Exercise 1.
def standardized(z, epsilon=1e-5):
    return F.batch_norm(z, None, None, training=True, eps=epsilon)


def correlation(norm_a=standardized, norm_b=None, divide=len, of=lambda a, b: a.T @ b):
    return lambda z_a, z_b: {"C": of(norm_a(z_a), (norm_b or norm_a)(z_b)) / divide(z_a)}


def together(z_a, z_b):
    both = torch.cat([z_a, z_b])
    a, b = ((z - both.mean(0)) / (both.var(0, correction=0) + 1e-5).sqrt() for z in (z_a, z_b))
    return {"C": a.T @ b / len(z_a)}


tiny = torch.randn(6, 3)
still = pair(5, 3)
still["z_a"][:, 1] = 0.5
golden.check(
    "correlation",
    [pair(7, 3), pair(5, 4), pair(300, 2), pair(4, 5), {"z_a": 0.1 * tiny, "z_b": 0.1 * tiny.flip(1) + 0.05 * torch.randn(6, 3)}, still, apart(lambda: pair(70, 40))],
    correlation(),
    {
        "not_standardized": correlation(lambda z: z),
        "not_divided_by_deviations": correlation(lambda z: z - z.mean(0)),
        "not_centered": correlation(lambda z: z / (z.var(0, correction=0) + 1e-5).sqrt()),
        "sample_deviation": correlation(lambda z: (z - z.mean(0)) / (z.var(0) + 1e-5).sqrt()),
        "divided_by_variances": correlation(lambda z: (z - z.mean(0)) / (z.var(0, correction=0) + 1e-5)),
        "not_averaged": correlation(divide=lambda z: 1),
        "averaged_over_the_width": correlation(divide=lambda z: z.shape[1]),
        "one_less": correlation(divide=lambda z: len(z) - 1),
        "rows_standardized": correlation(lambda z: standardized(z.T).T),
        "transposed": correlation(of=lambda a, b: b.T @ a),
        "first_view_twice": lambda z_a, z_b: correlation()(z_a, z_a),
        "images_for_channels": correlation(of=lambda a, b: a @ b.T),
        "statistics_together": together,
        "epsilon_forgotten": correlation(lambda z: (z - z.mean(0)) / z.std(0, correction=0)),
    },
    gradients=["z_a", "z_b"],
)
# Against the statistics themselves.
for a, b in (pair(9, 4).values(), pair(40, 3).values()):
    both = torch.corrcoef(torch.cat([a, b], 1).T.double())[: a.shape[1], a.shape[1] :]
    assert torch.allclose(correlation()(a, b)["C"].double(), both, atol=1e-4)

# Far from 0 every number of f32 is coarse: squares must be taken of what is left of the mean.
def far(batch, width):
    return {name: z + 100 * (1 + torch.arange(width)) for name, z in pair(batch, width).items()}


golden.check("views_far_from_0", [apart(lambda: far(9, 3)), apart(lambda: far(40, 2))], correlation(), tolerance=1e-4, gradients=["z_a", "z_b"])


# Exercise 2.
def barlow(diagonal=lambda d: (1 - d).square().sum(), others=lambda m: m.square().sum(), weigh=lambda a, b, w: a + w * b):
    return lambda c, **case: {"loss": weigh(diagonal(torch.diag(c)), others(off_diagonal(c)), case["lambda"])}


def matrix(width, weight):
    return {"c": torch.rand(width, width) * 2 - 1, "lambda": weight}


golden.check(
    "barlow_loss",
    [matrix(3, 0.2), matrix(5, 0.005), matrix(2, 1.5), matrix(1, 0.3), matrix(7, 0.03), apart(lambda: matrix(40, 0.01)), apart(lambda: {"c": 6 * torch.rand(3, 3) - 3, "lambda": 3.0}), {"c": torch.eye(3) + 0.3 * off_diagonal(torch.ones(3, 3)), "lambda": 0.4}],
    barlow(),
    {
        "lambda_on_the_diagonal": barlow(weigh=lambda a, b, w: w * a + b),
        "lambda_on_both": barlow(weigh=lambda a, b, w: w * (a + b)),
        "lambda_forgotten": barlow(weigh=lambda a, b, w: a + b),
        "lambda_squared": barlow(weigh=lambda a, b, w: a + w * w * b),
        "diagonal_to_zero": barlow(diagonal=lambda d: d.square().sum()),
        "diagonal_not_squared": barlow(diagonal=lambda d: (1 - d).sum()),
        "others_not_squared": barlow(others=lambda m: m.abs().sum()),
        "averaged": barlow(diagonal=lambda d: (1 - d).square().mean(), others=lambda m: m.square().mean()),
        "one_triangle": barlow(others=lambda m: torch.triu(m).square().sum()),
        "diagonal_among_the_others": lambda c, **case: barlow()(c, **case) | {"loss": barlow()(c, **case)["loss"] + case["lambda"] * torch.diag(c).square().sum()},
        "ones_everywhere": barlow(others=lambda m: (1 - m).square().sum() - m.shape[0]),
    },
    gradients=["c"],
)
views = pair(12, 5)
assert torch.allclose(BarlowTwinsLoss(0.02)(**views), barlow()(**{"c": correlation()(**views)["C"], "lambda": 0.02})["loss"], atol=1e-4)


# Exercise 3. Channels that hardly vary and ones that vary much.
def variance(hinge=lambda s: F.relu(1 - s), std=lambda z: (z.var(0) + 1e-4).sqrt(), mean=torch.mean):
    return lambda z: {"v": mean(hinge(std(z)))}


def spread(batch, *deviations):
    return {"z": (torch.randn(batch, len(deviations)) + 0.5) * torch.tensor(deviations)}


def over_rows(z):
    return (z.var(1) + 1e-4).sqrt()


golden.check(
    "variance",
    [spread(7, 0.3, 2.0, 0.9), spread(4, 0.5, 0.2), spread(300, 0.7, 0.95, 1.2, 0.1, 0.6), spread(5, 0.001, 0.0012, 0.0008), spread(3, 4.0, 5.0), spread(2, 0.8, 0.3, 0.5), apart(lambda: spread(70, *np.linspace(0.1, 1.5, 40).tolist()))],
    variance(),
    {
        "population_variance": variance(std=lambda z: (z.var(0, correction=0) + 1e-4).sqrt()),
        "variance_itself": variance(std=lambda z: z.var(0) + 1e-4),
        "epsilon_outside": variance(std=lambda z: z.std(0) + 1e-4),
        "epsilon_forgotten": variance(std=lambda z: z.std(0)),
        "no_hinge": variance(hinge=lambda s: 1 - s),
        "hinge_reversed": variance(hinge=lambda s: F.relu(s - 1)),
        "hinge_squared": variance(hinge=lambda s: F.relu(1 - s).square()),
        "summed": variance(mean=torch.sum),
        "hinge_of_the_mean": variance(hinge=lambda s: F.relu(1 - s.mean())),
        "over_the_width": variance(std=over_rows),
        "mean_square": variance(std=lambda z: (z.square().sum(0) / (len(z) - 1) + 1e-4).sqrt()),
    },
    tolerance=4e-6,
    gradients=["z"],
)


# Exercise 4.
def covariance(cov=lambda z: torch.cov(z.T).reshape(z.shape[1], -1), squares=lambda m: off_diagonal(m).square().sum(), divide=lambda z: z.shape[1]):
    return lambda z: {"c": squares(cov(z)) / divide(z)}


def by_deviations(z):
    return (z - z.mean(0)) / z.std(0, correction=0)


def mixed(batch, width):
    return {"z": torch.randn(batch, width) @ torch.randn(width, width) / math.sqrt(width) + torch.randn(width)}


golden.check(
    "covariance",
    [mixed(7, 3), mixed(4, 5), mixed(300, 2), mixed(3, 7), mixed(2, 3), apart(lambda: mixed(70, 40))],
    covariance(),
    {
        "diagonal_kept": covariance(squares=lambda m: m.square().sum()),
        "population_covariance": covariance(cov=lambda z: torch.cov(z.T, correction=0)),
        "not_centered": covariance(cov=lambda z: z.T @ z / (len(z) - 1)),
        "not_divided": covariance(divide=lambda z: 1),
        "mean_of_all": covariance(divide=lambda z: z.shape[1] ** 2),
        "mean_of_the_others": covariance(divide=lambda z: z.shape[1] * (z.shape[1] - 1)),
        "divided_by_the_batch": covariance(divide=len),
        "not_squared": covariance(squares=lambda m: off_diagonal(m).abs().sum()),
        "signs_kept": covariance(squares=lambda m: off_diagonal(m).sum()),
        "one_triangle": covariance(squares=lambda m: torch.triu(m, 1).square().sum()),
        "correlations": covariance(cov=lambda z: by_deviations(z).T @ by_deviations(z) / len(z)),
        "images_for_channels": covariance(cov=torch.cov),
        "not_averaged": covariance(cov=lambda z: torch.cov(z.T) * (len(z) - 1)),
    },
    gradients=["z"],
)


# One channel: it varies, and there is none to covary with.
golden.check("one_channel_varies", [spread(6, 0.4), spread(2, 0.3)], variance(), tolerance=4e-6, gradients=["z"])
golden.check("one_channel_covaries", [mixed(5, 1), mixed(2, 1)], lambda z: {"c": torch.zeros(())})


# Channels that do not vary, and channels far from 0.
def collapsed(batch, width):
    z = spread(batch, *[0.4] * width)["z"]
    return {"z": torch.where(torch.arange(width) % 2 == 0, z[:1], z)}


def far_from_0(case):
    return {"z": case["z"] + 100 * (1 + torch.arange(case["z"].shape[1]))}


golden.check("collapsed_channels", [apart(lambda: collapsed(5, 3)), apart(lambda: collapsed(4, 1)), apart(lambda: far_from_0(spread(7, 0.3, 2.0, 0.9)))], variance(), tolerance=2e-5, gradients=["z"])
nothing_covaries = [apart(lambda: collapsed(6, 2)), apart(lambda: {"z": torch.randn(1, 3).repeat(5, 1)})]
golden.check("channels_far_from_0", [apart(lambda: far_from_0(mixed(7, 3))), apart(lambda: far_from_0(mixed(40, 2))), *nothing_covaries], covariance(), tolerance=1e-4, gradients=["z"])


# Exercise 5.
def v(z):
    return variance()(z)["v"]


def c(z):
    return covariance()(z)["c"]


def vicreg(invariance=F.mse_loss, variances=lambda a, b: (v(a) + v(b)) / 2, covariances=lambda a, b: c(a) + c(b), order=(0, 1, 2)):
    def loss(z_a, z_b, weights):
        w = [float(weights[i]) for i in order]
        return {"loss": w[0] * invariance(z_a, z_b) + w[1] * variances(z_a, z_b) + w[2] * covariances(z_a, z_b)}

    return loss


def vicreg_case(batch, width, *weights):
    views = {name: z * 0.4 for name, z in pair(batch, width).items()}
    return views | {"weights": np.array(weights)}


def swapped(case):
    """The view that varies less comes first."""
    return case | {"z_a": 0.5 * case["z_b"], "z_b": 0.3 * case["z_a"] + case["z_b"]}


golden.check(
    "vicreg",
    [vicreg_case(7, 3, 25.0, 24.0, 1.0), vicreg_case(4, 5, 2.0, 0.7, 1.3), vicreg_case(2, 2, 1.5, 3.0, 0.4), vicreg_case(9, 4, 0.3, 0.2, 0.1), swapped(vicreg_case(6, 3, 1.0, 9.0, 0.5)), apart(lambda: vicreg_case(70, 20, 2.0, 3.0, 0.3))],
    vicreg(),
    {
        "variance_not_halved": vicreg(variances=lambda a, b: v(a) + v(b)),
        "covariance_halved": vicreg(covariances=lambda a, b: (c(a) + c(b)) / 2),
        "invariance_summed": vicreg(invariance=lambda a, b: (a - b).square().sum(1).mean()),
        "invariance_halved": vicreg(invariance=lambda a, b: F.mse_loss(a, b) / 2),
        "invariance_rooted": vicreg(invariance=lambda a, b: F.mse_loss(a, b).sqrt()),
        "variance_of_one_view": vicreg(variances=lambda a, b: v(a)),
        "covariance_of_one_view": vicreg(covariances=lambda a, b: c(a)),
        "weights_swapped": vicreg(order=(1, 0, 2)),
        "last_weights_swapped": vicreg(order=(0, 2, 1)),
        "weights_forgotten": lambda z_a, z_b, weights: vicreg()(z_a, z_b, np.ones(3)),
        "second_view_constant": lambda z_a, z_b, weights: vicreg()(z_a, z_b.detach(), weights),
    },
    tolerance=2e-5,
    gradients=["z_a", "z_b"],
)


def equal_in_part(batch, width):
    """Some images have the same embedding in both views."""
    case = vicreg_case(batch, width, 2.0, 0.7, 1.3)
    return case | {"z_b": torch.where((torch.arange(batch) % 2 == 0).unsqueeze(1), case["z_a"], case["z_b"])}


def equal_views(batch, width):
    case = vicreg_case(batch, width, 2.0, 0.7, 1.3)
    return case | {"z_b": case["z_a"]}


golden.check("equal_embeddings", [apart(lambda: equal_views(6, 3)), apart(lambda: equal_in_part(5, 3)), apart(lambda: equal_in_part(4, 2)), apart(lambda: vicreg_case(4, 3, 0.0, 2.0, 0.0)), apart(lambda: vicreg_case(5, 2, 1.5, 0.0, 0.7))], vicreg(), tolerance=2e-5, gradients=["z_a", "z_b"])
case = vicreg_case(8, 6, 25.0, 25.0, 1.0)
assert torch.allclose(VICRegLoss()(case["z_a"], case["z_b"]), vicreg()(**case)["loss"], rtol=1e-4)


# Exercise 6.
def rank(of):
    return lambda spectrum: {"rank": float(of(np.asarray(spectrum, dtype=np.float64)))}


def entropy(p, log=np.log):
    return -(p[p > 0] * log(p[p > 0])).sum()


golden.check(
    "rank",
    [{"spectrum": np.array(s)} for s in ([3.0, 2.0, 0.5], [5.5, 5.5, 5.5, 5.5], [7.5], [4.0, 0.0, 1.5, 0.0, 0.25], list(np.linspace(9.1, 0.3, 50)), [0.01, 1e-5, 0.3, 0.02], [0.0, 1.5, 0.5], [3e-7, 2e-7, 1e-7], [1.0, 2e-7, 0.4], [2e-11, 1e-11, 3e-11])],
    rank(lambda s: np.exp(entropy(s / s.sum()))),
    {
        "squares": rank(lambda s: np.exp(entropy(s**2 / (s**2).sum()))),
        "entropy_itself": rank(lambda s: entropy(s / s.sum())),
        "two_to_the_entropy": rank(lambda s: 2 ** entropy(s / s.sum())),
        "bits": rank(lambda s: np.exp(entropy(s / s.sum(), np.log2))),
        "counted": rank(lambda s: (s > 0).sum()),
        "participation": rank(lambda s: s.sum() ** 2 / (s**2).sum()),
        "divided_by_the_greatest": rank(lambda s: np.exp(entropy(s / s.max()))),
        "sign": rank(lambda s: np.exp(-entropy(s / s.sum()))),
        "sum_over_greatest": rank(lambda s: s.sum() / s.max()),
    },
    tolerance=1e-9,
)


# Exercise 7: moments of many directions in the plane and in five dimensions; for mistakes, of a sample.
def moments(plane, space):
    theta = np.arctan2(plane[1], plane[0])
    a, b = np.triu_indices(5, 1)
    return {
        "moments in the plane": np.array([f(k * theta).mean() for k in (1, 2, 4) for f in (np.cos, np.sin)] + [np.cos(8 * theta).mean()]),
        "means of 5 components": space.mean(1),
        "mean squares of 5 components": (space**2).mean(1),
        "mean fourth powers of 5 components": (space**4).mean(1),
        "mean products of 5 components": (space[a] * space[b]).mean(1),
        "mean products of their squares": (space[a] ** 2 * space[b] ** 2).mean(1),
    }


EXACT = {
    "moments in the plane": np.zeros(7),
    "means of 5 components": np.zeros(5),
    "mean squares of 5 components": np.full(5, 1 / 5),
    "mean fourth powers of 5 components": np.full(5, 3 / 35),
    "mean products of 5 components": np.zeros(10),
    "mean products of their squares": np.full(10, 1 / 35),
}
FLAGS = {
    "cosines of neighbors, and their squares": np.array([0, 1 / 2, 0, 1 / 5]),
    "cosines half of all apart, and their squares": np.array([0, 1 / 5]),
    "columns have length 1 (1 is yes)": 1.0,
    "columns differ (1 is yes)": 1.0,
    "another draw differs (1 is yes)": 1.0,
    "the same state of rng gives the same (1 is yes)": 1.0,
    "shapes": np.array([5.0, 3, 7, 1, 1, 4, 3, 2]),
}


def directions(of=EXACT, **flags):
    return lambda seed: of | FLAGS | {FLAG_NAMES[name]: value for name, value in flags.items()}


FLAG_NAMES = dict(zip(["neighbors", "half", "unit", "distinct", "differ", "same", "shapes"], FLAGS))


def sample_of(draw):
    numbers = [draw((width, 4_000_000)) for width in (2, 5)]
    return moments(*(x / np.linalg.norm(x, axis=0) for x in numbers))


rng = np.random.default_rng(10)
positive = sample_of(lambda shape: rng.random(shape))
twice = np.array([(positive["moments in the plane"][:2] ** 2).sum(), (1 + (positive["moments in the plane"][2:4] ** 2).sum()) / 2])
fifth = np.array([(positive["means of 5 components"] ** 2).sum(), (positive["mean squares of 5 components"] ** 2).sum() + 2 * (positive["mean products of 5 components"] ** 2).sum()])
golden.check(
    "directions",
    [{"seed": 5.0}],
    directions(),
    {
        "uniform_numbers": directions(sample_of(lambda shape: rng.uniform(-1, 1, shape))),
        "positive_numbers": directions(positive, neighbors=np.concatenate([twice, fifth]), half=fifth),
        "lengths_forgotten": directions(unit=0.0),
        "one_direction": directions({name: np.full_like(value, -2) for name, value in EXACT.items()}, neighbors=np.ones(4), half=np.ones(2), distinct=0.0),
        "at_right_angles": directions(neighbors=np.array([0, 1 / 4, 0, 1 / 10])),
        "own_seed": directions(differ=0.0),
        "transposed": directions(shapes=np.array([3.0, 5, 1, 7, 4, 1, 2, 3])),
    },
    tolerance=0.0115,
)
golden.check(
    "few_directions",
    [{"seed": 6.0}],
    lambda seed: {
        "cosines within a draw, and their squares": np.array([0, 1 / 5]),
        "cosines of successive draws, and their squares": np.array([0, 1 / 5]),
        "cosines two apart, and their squares": np.array([0, 1 / 2]),
        "mean in one dimension": 0.0,
        "no direction preferred in 64 dimensions (1 is yes)": 1.0,
        "draws have nothing in common (1 is yes)": 1.0,
        "each two of 12 directions are drawn independently (1 is yes)": 1.0,
        "each two of 64 components are as they should (1 is yes)": 1.0,
    },
    tolerance=0.0115,
)


# Exercise 8.
T = np.linspace(0, 3, 17)
TRAPEZOID = np.full(17, 3 / 8) * np.where((np.arange(17) % 16) == 0, 0.5, 1.0)


def test(points=T, weights=TRAPEZOID, window=lambda t: np.exp(-(t**2) / 2), target=lambda t: np.exp(-(t**2) / 2), parts=(1, 1), times=len, pooled=False, mean=torch.mean, norm=lambda x: x):
    def sigreg(z, directions):
        x = norm(z.double() @ directions.double())
        t, phi = torch.from_numpy(points), torch.from_numpy(target(points))
        signal = torch.exp(1j * x.unsqueeze(-1) * t).mean((0, 1) if pooled else 0) - phi  # [M, T]
        error = parts[0] * signal.real.square() + parts[1] * signal.imag.square()
        return {"statistic": (times(z) * mean(error @ torch.from_numpy(weights * window(points)))).float()}

    return sigreg


def sigreg_case(batch, width, count, scale=1.0, shift=0.0):
    columns = torch.randn(width, count)
    return {"z": scale * torch.randn(batch, width) + shift, "directions": columns / columns.norm(dim=0)}


sigreg_cases = [sigreg_case(7, 3, 4), sigreg_case(5, 2, 1, 2.0, 0.5), sigreg_case(300, 4, 3, 0.3, -0.4), sigreg_case(2, 5, 7, 3.0), sigreg_case(1, 3, 2, 1.0, 1.0), apart(lambda: sigreg_case(70, 12, 40)), sigreg_case(3, 2, 9)]
# Directions are taken as they are.
sigreg_cases[-1]["directions"] = sigreg_cases[-1]["directions"] * 1.4
sixteen = np.linspace(0, 3, 17)[:16]
golden.check(
    "sigreg",
    sigreg_cases,
    test(),
    {
        "window_forgotten": test(window=np.ones_like),
        "not_times_the_batch": test(times=lambda z: 1),
        "another_gaussian": test(target=lambda t: np.exp(-(t**2))),
        "sines_forgotten": test(parts=(1, 0)),
        "cosines_forgotten": test(parts=(0, 1)),
        "ends_not_halved": test(weights=np.full(17, 3 / 8)),
        "half_of_the_line": test(weights=TRAPEZOID / 2),
        "weights_forgotten": test(weights=np.ones(17)),
        "last_point_forgotten": test(points=sixteen, weights=TRAPEZOID[:16]),
        "directions_summed": test(mean=torch.sum),
        "directions_together": test(pooled=True),
        "standardized": test(norm=lambda x: (x - x.mean(0)) / x.std(0, correction=0)),
    },
    tolerance=2e-5,
    gradients=["z"],
)


# Exercise 9.
def views_case(views, batch, width, count, weight):
    case = sigreg_case(batch, width, count)
    center = case.pop("z")
    return {f"z{v}": center + 0.5 * torch.randn(batch, width) + 0.2 * v for v in range(views)} | case | {"lambda": weight}


def stacked(case):
    return torch.stack([case[f"z{i}"] for i in range(sum(name.startswith("z") for name in case))])


def spread_of(z, center=lambda z: z.mean(0), mean=torch.mean):
    return mean((z - center(z)).square())


def tests_of(z, directions):
    return sum(test()(view, directions)["statistic"] for view in z) / len(z)


def total(invariance=spread_of, tests=tests_of, weigh=lambda a, b, w: (1 - w) * a + w * b):
    def loss(directions, **case):
        z = stacked(case)
        return {"loss": weigh(invariance(z), tests(z, directions), case["lambda"])}

    return loss


golden.check(
    "sigreg_loss",
    [views_case(4, 5, 3, 4, 0.05), views_case(4, 3, 2, 3, 0.3), views_case(4, 2, 5, 2, 0.6)],
    total(),
    {
        "lambda_reversed": total(weigh=lambda a, b, w: w * a + (1 - w) * b),
        "lambda_on_one_side": total(weigh=lambda a, b, w: a + w * b),
        "tests_summed": total(tests=lambda z, d: len(z) * tests_of(z, d)),
        "first_view_tested": total(tests=lambda z, d: test()(z[0], d)["statistic"]),
        "mean_tested": total(tests=lambda z, d: test()(z.mean(0), d)["statistic"]),
        "views_together": total(tests=lambda z, d: test()(z.flatten(0, 1), d)["statistic"]),
        "first_view_for_the_mean": total(invariance=lambda z: spread_of(z, center=lambda z: z[0])),
        "distances_summed": total(invariance=lambda z: (z - z.mean(0)).square().sum(2).mean()),
        "views_summed": total(invariance=lambda z: len(z) * spread_of(z)),
        "pairs_of_views": total(invariance=lambda z: 2 * len(z) / (len(z) - 1) * spread_of(z)),
    },
    tolerance=2e-5,
    gradients=["z0", "z1", "z2", "z3"],
)
for count in (2, 5):
    cases = [views_case(count, 4, 3, 2, 0.3)]
    # Views that agree, where the spread is 0.
    cases.append(cases[0] | {f"z{v}": cases[0]["z0"] for v in range(count)})
    golden.check(f"views_{count}", cases, total(), tolerance=2e-5, gradients=[f"z{v}" for v in range(count)])
golden.check("one_term_only", [views_case(2, 4, 3, 2, 0.0), views_case(3, 2, 5, 4, 1.0)], total(), tolerance=2e-5)

golden.save()

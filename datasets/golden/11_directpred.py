"""Golden values of lab 11, from NumPy (`eigh`, matrices in double precision) and, for the training step, from PyTorch."""

import math

import numpy as np
import torch

from golden import Golden, apart
from networks import WEIGHTS, Network, twins_case

torch.manual_seed(11)
rng = np.random.default_rng(11)
golden = Golden(__file__)


# Exercise 1.
def remembered(new=lambda f: f.T @ f / len(f), weigh=lambda old, new, rho: rho * old + (1 - rho) * new, cut=torch.detach):
    return lambda correlation, f, rho: {"F": weigh(correlation, new(cut(f)), rho)}


def features_case(batch, width, rho):
    a = torch.randn(width, width)
    return {"correlation": a @ a.T / width, "f": torch.randn(batch, width) * 2 + 0.5, "rho": rho}


golden.check(
    "remembered",
    [features_case(5, 3, 0.9), features_case(1, 4, 0.3), features_case(3, 7, 0.99), features_case(300, 2, 0.5), features_case(4, 4, 0.6), features_case(5, 11, 0.8), apart(lambda: features_case(70, 40, 0.6))],
    remembered(),
    {
        "rho_reversed": remembered(weigh=lambda old, new, rho: (1 - rho) * old + rho * new),
        "old_forgotten": remembered(weigh=lambda old, new, rho: new),
        "new_added_whole": remembered(weigh=lambda old, new, rho: rho * old + new),
        "not_averaged": remembered(new=lambda f: f.T @ f),
        "averaged_over_the_width": remembered(new=lambda f: f.T @ f / f.shape[1]),
        "centered": remembered(new=lambda f: (f - f.mean(0)).T @ (f - f.mean(0)) / len(f)),
        "directions": remembered(new=lambda f: (f / f.norm(dim=1, keepdim=True)).T @ (f / f.norm(dim=1, keepdim=True)) / len(f)),
        "mean_s_product": remembered(new=lambda f: torch.outer(f.mean(0), f.mean(0))),
        "gradient_into_features": remembered(cut=lambda f: f),
    },
    leaks=["f"],
)


golden.check(
    "at_the_bounds",
    [features_case(4, 3, 0.0), features_case(3, 2, 1.0), features_case(3, 5, 0.7) | {"correlation": torch.zeros(5, 5)}],
    remembered(),
)


# Exercises 2 to 4. A case has A, of which the check makes F = A Aᵀ, so that other numbers give a correlation, too. The eigenvalues differ, as
# eigenvectors of equal ones may be turned.
def turned(values, seed):
    q, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(len(values), len(values))))
    return q * np.array(values)


def factor(spectrum, seed):
    return turned(np.sqrt(spectrum), seed).astype(np.float32)


def symmetric(values, seed):
    return turned(values, seed) @ turned(np.ones(len(values)), seed).T


def product(factor):
    return (factor.astype(np.float64) @ factor.T.astype(np.float64)).astype(np.float32)


SPECTRA = [[3.0, 1.2, 0.1], [0.9, 0.5, 0.25, 0.02, 0.06], [7.0, 2.0], [0.4], [5.0, 3.5, 2.2, 1.3, 0.7, 0.3, 0.05]]


def eigen(of):
    def predictor(factor, epsilon):
        s, u = np.linalg.eigh(product(factor).astype(np.float64))
        return {"W": of(np.maximum(s, 0), u, epsilon).astype(np.float32)}

    return predictor


def along(p):
    return eigen(lambda s, u, e: (u * p(s, e)) @ u.T)


def of_given(p):
    def predictor(correlation, epsilon):
        s, u = np.linalg.eigh(correlation.astype(np.float64))
        with np.errstate(invalid="ignore"):
            return {"W": ((u * (p(s) + epsilon)) @ u.T).astype(np.float32)}

    return predictor


cases = [{"factor": factor(s, i), "epsilon": e} for i, (s, e) in enumerate(zip(SPECTRA, [0.1, 0.02, 0.3, 0.05, 0.3]))]
cases.append({"factor": factor(np.linspace(4.0, 0.3, 20), 20), "epsilon": 0.05})
golden.check(
    "predictor",
    cases,
    along(lambda s, e: np.sqrt(s / s.max()) + e),
    {
        "root_forgotten": along(lambda s, e: s / s.max() + e),
        "epsilon_forgotten": along(lambda s, e: np.sqrt(s / s.max())),
        "greater_of_root_and_epsilon": along(lambda s, e: np.maximum(np.sqrt(s / s.max()), e)),
        "epsilon_inside": along(lambda s, e: np.sqrt(s / s.max() + e)),
        "epsilon_times_the_greatest": along(lambda s, e: np.sqrt(s / s.max()) + e * s.max()),
        "not_divided": along(lambda s, e: np.sqrt(s) + e),
        "divided_after_the_root": along(lambda s, e: np.sqrt(s) / s.max() + e),
        "divided_by_the_sum": along(lambda s, e: np.sqrt(s / s.sum()) + e),
        "epsilon_everywhere": eigen(lambda s, u, e: (u * np.sqrt(s / s.max())) @ u.T + e),
        "squared": along(lambda s, e: (s / s.max()) ** 2 + e),
        "values_alone": eigen(lambda s, u, e: np.diag(np.sqrt(s / s.max()) + e)),
    },
    tolerance=2e-5,
)
# An eigenvalue a little below 0 and one far below, directions without features, small numbers, and eigenvectors that are axes or diagonals.
block = np.zeros((5, 5), np.float32)
block[:2, :2] = symmetric([1.5, 0.4], 3)
given = [symmetric([2.0, 0.5, -1e-5], 8), symmetric([1.0, -3.0, 0.2], 9), block, symmetric([4e-4, 1e-4], 10), symmetric([2e-7, 1e-7], 14), symmetric([3e-10, 1e-10], 18), np.diag([2e-7, 2.0, 2e-5, 0.3]), symmetric([2.0, 0.3, 1e-3], 15), np.diag([0.5, 3.0]), np.array([[2.0, -1.0], [-1.0, 2.0]])]
given = [{"correlation": f.astype(np.float32), "epsilon": 0.1} for f in given]
golden.check(
    "below_zero",
    given,
    of_given(lambda s: np.sqrt(np.maximum(s, 0) / s.max())),
    {"negative_rooted": of_given(lambda s: np.sqrt(s / s.max())), "absolute": of_given(lambda s: np.sqrt(np.abs(s) / s.max()))},
    tolerance=2e-5,
)
golden.check("copied_as_given", given, of_given(lambda s: s / s.max()), tolerance=2e-5)
golden.check(
    "copied",
    cases,
    along(lambda s, e: s / s.max() + e),
    {
        "epsilon_forgotten": along(lambda s, e: s / s.max()),
        "not_divided": along(lambda s, e: s + e),
        "divided_by_the_sum": along(lambda s, e: s / s.sum() + e),
        "divided_by_the_length": along(lambda s, e: s / np.sqrt((s**2).sum()) + e),
        "divided_by_the_greatest_entry": eigen(lambda s, u, e: (u * s) @ u.T / ((u * s) @ u.T).max() + e * np.eye(len(s))),
        "divided_as_a_whole": along(lambda s, e: (s + e) / s.max()),
        "epsilon_everywhere": eigen(lambda s, u, e: (u * s) @ u.T / s.max() + e),
        "root": along(lambda s, e: np.sqrt(s / s.max()) + e),
    },
    tolerance=2e-5,
)


# Exercise 4. A predictor that is not symmetric, one that has F's eigenvectors, one whose sign is wrong, and nothing.
def aligned(cosines=None, weights=lambda s: s, mean=lambda c, w: (c * w).sum() / w.sum()):
    def alignment(w, factor):
        s, u = np.linalg.eigh(product(factor).astype(np.float64))
        return {"alignment": float(mean((cosines or of_images)(w.astype(np.float64), u), weights(np.maximum(s, 0))))}

    return alignment


def of_images(w, u):
    images = w @ u
    lengths = np.linalg.norm(images, axis=0)
    return np.divide((u * images).sum(0), lengths, out=np.zeros(len(u)), where=lengths > 0)


def alignment_case(spectrum, seed, w):
    return {"w": w.astype(np.float32), "factor": factor(spectrum, seed)}


POSITIVE = [3.0, 1.2, 0.1], [0.9, 0.5, 0.25, 0.12, 0.05], [5.0, 3.5, 2.2, 1.3, 0.7, 0.3, 0.06]
golden.check(
    "alignment",
    [
        alignment_case(POSITIVE[0], 1, rng.normal(size=(3, 3))),
        alignment_case(POSITIVE[1], 2, rng.normal(size=(5, 5)) + np.eye(5)),
        alignment_case(POSITIVE[2], 3, symmetric(POSITIVE[2], 3) + 0.3 * rng.normal(size=(7, 7))),
        alignment_case(POSITIVE[0], 4, symmetric([0.2, 0.9, 0.5], 4)),
        alignment_case(POSITIVE[1], 5, -symmetric(POSITIVE[1], 5) + 0.1 * rng.normal(size=(5, 5))),
        alignment_case(np.linspace(4.0, 0.3, 20), 6, np.random.default_rng(6).normal(size=(20, 20)) + 3 * np.eye(20)),
    ],
    aligned(),
    {
        "not_weighed": aligned(weights=np.ones_like),
        "not_divided": aligned(mean=lambda c, w: (c * w).sum()),
        "lengths_forgotten": aligned(lambda w, u: (u * (w @ u)).sum(0)),
        "transposed": aligned(lambda w, u: of_images(w.T, u)),
        "absolute": aligned(lambda w, u: np.abs(of_images(w, u))),
        "squared": aligned(lambda w, u: of_images(w, u) ** 2),
        "roots_for_weights": aligned(weights=np.sqrt),
        "best_direction": aligned(mean=lambda c, w: c[w.argmax()]),
    },
    tolerance=1e-4,
)
golden.check("no_predictor", [alignment_case(POSITIVE[0], 1, np.zeros((3, 3)))], aligned(), tolerance=1e-4)


# A direction that the predictor ignores, eigenvalues below 0, and small numbers.
def as_given(w, correlation):
    s, u = np.linalg.eigh(correlation.astype(np.float64))
    c, s = of_images(w.astype(np.float64), u), np.maximum(s, 0)
    return {"alignment": float((c * s).sum() / s.sum())}


ignored = rng.normal(size=(3, 3)).astype(np.float32)
ignored[:, 1] = 0
golden.check(
    "aligned_as_given",
    [
        {"w": ignored, "correlation": np.diag([0.5, 3.0, 1.5]).astype(np.float32)},
        {"w": rng.normal(size=(3, 3)).astype(np.float32), "correlation": symmetric([2.0, -1.5, 0.3], 12).astype(np.float32)},
        {"w": (1e-4 * (np.random.default_rng(17).normal(size=(3, 3)) + np.eye(3))).astype(np.float32), "correlation": (1e-4 * symmetric([2.0, 1.5, 0.3], 16)).astype(np.float32)},
        {"w": (1e-7 * (np.random.default_rng(18).normal(size=(3, 3)) + np.eye(3))).astype(np.float32), "correlation": (1e-9 * symmetric([2.0, 1.5, 0.3], 19)).astype(np.float32)},
        {"w": (rng.normal(size=(7, 7)) - 2 * np.eye(7)).astype(np.float32), "correlation": symmetric([3.0, 2.0, 1.2, 0.7, 0.4, -0.2, -1.0], 13).astype(np.float32)},
    ],
    as_given,
    tolerance=1e-4,
)


# Exercise 5.
def linear_case(width, inputs, dt, predictor, decay, target):
    images, views = rng.normal(size=(inputs, inputs)), rng.normal(size=(inputs, inputs))
    matrices = {"online": rng.normal(size=(width, inputs)), "predictor": rng.normal(size=(width, width)), "target": rng.normal(size=(width, inputs))}
    rates = {"rate": predictor, "decay": decay, "follow": target, "dt": dt}
    return matrices | {"x": images @ images.T / inputs, "x_views": 0.3 * views @ views.T / inputs} | rates


def linear(error=lambda w, p, a, x, v: a @ x - p @ w @ (x + v), of_online=lambda p, e: p.T @ e, of_predictor=lambda w, e: e @ w.T, decays=(1, 1, 0), twice=False, sign=1, rate=(0, 1), follow=lambda w, a, new: w - a):
    def step(online, predictor, target, x, x_views, dt, **r):
        e = error(online, predictor, target, x, x_views)
        alpha = [r["rate"] if i else 1 for i in rate]
        w = online + dt * (sign * alpha[0] * of_online(predictor, e) - decays[0] * r["decay"] * online)
        if twice:
            e = error(w, predictor, target, x, x_views)
        p = predictor + dt * (sign * alpha[1] * of_predictor(w if twice else online, e) - decays[1] * r["decay"] * predictor)
        a = target + dt * (r["follow"] * follow(online, target, w) - decays[2] * r["decay"] * target)
        return {"online": w, "predictor": p, "target": a}

    return step


golden.check(
    "linear",
    [linear_case(3, 4, 0.1, 1.5, 0.3, 0.4), linear_case(2, 5, 0.02, 0.5, 0.1, 2.0), linear_case(4, 3, 0.3, 2.0, 0.05, 0.7)],
    linear(),
    {
        "views_forgotten": linear(error=lambda w, p, a, x, v: a @ x - p @ w @ x),
        "views_on_both_sides": linear(error=lambda w, p, a, x, v: (a - p @ w) @ (x + v)),
        "predictor_forgotten": linear(error=lambda w, p, a, x, v: a @ x - w @ (x + v)),
        "target_forgotten": linear(error=lambda w, p, a, x, v: w @ x - p @ w @ (x + v)),
        "not_transposed": linear(of_online=lambda p, e: p @ e),
        "up_the_hill": linear(sign=-1),
        "one_after_the_other": linear(twice=True),
        "rate_on_both": linear(rate=(1, 1)),
        "rate_forgotten": linear(rate=(0, 0)),
        "decay_of_the_target": linear(decays=(1, 1, 1)),
        "predictor_without_decay": linear(decays=(1, 0, 0)),
        "network_without_decay": linear(decays=(0, 1, 0)),
        "target_follows_the_new": linear(follow=lambda w, a, new: new - a),
        "target_runs_away": linear(follow=lambda w, a, new: a - w),
    },
    tolerance=1e-9,
)


# Exercise 6.
def flow(p_slope=None, s_slope=None, tau_slope=None, noise=lambda n: 1 + n):
    def slopes(p, s, tau, rate, decay, follow, **r):
        lacking = tau - noise(r["noise"]) * p
        dp = p_slope(p, s, lacking, rate, decay) if p_slope else rate * s * lacking - decay * p
        ds = s_slope(p, s, lacking, decay, rate) if s_slope else 2 * p * s * lacking - 2 * decay * s
        dt = tau_slope(s, tau, ds, follow) if tau_slope else follow * (1 - tau) - tau * ds / (2 * s)
        return {"p": dp, "s": ds, "tau": dt}

    return slopes


def mode_case(*numbers):
    return dict(zip(["p", "s", "tau", "rate", "decay", "follow", "noise"], numbers))


golden.check(
    "flow",
    [mode_case(0.4, 0.7, 0.9, 1.5, 0.2, 0.3, 0.6), mode_case(0.05, 0.2, 0.5, 0.4, 0.05, 2.0, 1.4), mode_case(-0.3, 2.5, 0.3, 3.0, 0.1, 0.02, 0.1), mode_case(0.9, 0.6, 1.2, 1.5, 0.1, 0.4, 0.5), mode_case(0.0, 12.0, 1.0, 0.7, 0.2, 0.9, 0.0), mode_case(0.02, 1e-4, 0.6, 1.2, 0.3, 0.5, 0.4), mode_case(-2.5, 0.8, -0.2, 1.1, 0.2, 0.3, 2.5), mode_case(0.3, 1e-7, 0.6, 1.2, 0.3, 0.5, 0.4)],
    flow(),
    {
        "noise_forgotten": flow(noise=lambda n: 1),
        "noise_alone": flow(noise=lambda n: n),
        "half_of_the_slope": flow(s_slope=lambda p, s, x, d, r: p * s * x - d * s),
        "decay_of_s_once": flow(s_slope=lambda p, s, x, d, r: 2 * p * s * x - d * s),
        "rate_on_both": flow(s_slope=lambda p, s, x, d, r: 2 * r * p * s * x - 2 * d * s),
        "rate_forgotten": flow(p_slope=lambda p, s, x, r, d: s * x - d * p),
        "s_forgotten": flow(p_slope=lambda p, s, x, r, d: r * x - d * p),
        "decay_forgotten": flow(p_slope=lambda p, s, x, r, d: r * s * x, s_slope=lambda p, s, x, d, r: 2 * p * s * x),
        "decay_upwards": flow(p_slope=lambda p, s, x, r, d: r * s * x + d * p, s_slope=lambda p, s, x, d, r: 2 * p * s * x + 2 * d * s),
        "tau_only_follows": flow(tau_slope=lambda s, tau, ds, b: b * (1 - tau)),
        "tau_not_halved": flow(tau_slope=lambda s, tau, ds, b: b * (1 - tau) - tau * ds / s),
        "tau_of_the_slope": flow(tau_slope=lambda s, tau, ds, b: b * (1 - tau) - tau * ds / 2),
    },
    tolerance=1e-9,
)


# Exercise 7.
def rests(inside=lambda t, n, d: t * t - 4 * (1 + n) * d, divide=lambda n: 2 * (1 + n), half=lambda x: math.sqrt(x)):
    def both(tau, noise, decay):
        x = inside(tau, noise, decay)
        if x < 0:
            return {"rests": np.array([-1.0, -1.0])}
        return {"rests": np.array([(tau - half(x)) / divide(noise), (tau + half(x)) / divide(noise)])}

    return both


golden.check(
    "rests",
    [{"tau": 1.0, "noise": 0.5, "decay": 0.05}, {"tau": 0.7, "noise": 1.5, "decay": 0.01}, {"tau": 1.0, "noise": 0.6, "decay": 0.3}, {"tau": 0.9, "noise": 0.25, "decay": 0.0}, {"tau": 1.0, "noise": 1.0, "decay": 0.125}, {"tau": 0.5, "noise": 0.5, "decay": 0.05}, {"tau": 1.0, "noise": 0.6, "decay": 0.1564}, {"tau": 0.8, "noise": 0.7, "decay": 0.004}, {"tau": 1.0, "noise": 0.6, "decay": 0.156251}, {"tau": 1.3, "noise": 2.6, "decay": 1e-4}, {"tau": 0.0, "noise": 0.5, "decay": 0.0}],
    rests(),
    {
        "noise_forgotten": rests(inside=lambda t, n, d: t * t - 4 * d, divide=lambda n: 2),
        "noise_forgotten_below": rests(divide=lambda n: 2),
        "noise_forgotten_inside": rests(inside=lambda t, n, d: t * t - 4 * d),
        "root_forgotten": rests(half=lambda x: x),
        "four_forgotten": rests(inside=lambda t, n, d: t * t - (1 + n) * d),
        "two_forgotten": rests(divide=lambda n: 1 + n),
        "order": lambda **case: {"rests": rests()(**case)["rests"][::-1].copy()},
        "decay_with_another_sign": rests(inside=lambda t, n, d: t * t + 4 * (1 + n) * d),
    },
    tolerance=1e-9,
)


# Exercise 8: weights and running statistics of both networks, and the correlation, after a step of SGD with momentum.
def step_case(batch, size, width, rho, momentum, rate, mix):
    inputs = 3 * size * size
    images = {f"view{v}": torch.rand(batch, 3, size, size) + 0.2 * v for v in range(2)}
    a = torch.randn(width, width)
    numbers = {"rho": rho, "momentum": momentum, "learning_rate": rate, "mix": mix}
    return twins_case(inputs, width) | images | {"correlation": a @ a.T / width} | numbers


def loss_of(p, t):
    unit = lambda x: x / (x.square().sum(-1, keepdim=True) + 1e-12).sqrt()
    return (unit(p) - unit(t.detach())).square().sum(-1).mean()


def predictor_of(f, mix):
    """What the check takes for a predictor: not symmetric, so that W fᵢ and fᵢ W differ."""
    return f + mix * torch.triu(torch.ones_like(f))


def stepped(train=True, one_view=False, old_f=False, product=lambda f, w: f @ w.T, crossed=True, one_direction=False, averaged=False, update=True, follow=True, follow_first=False, cut=torch.detach, joint=(False, False), itself=False, kept=False, graph=False, features_of="online"):
    def after(correlation, rho, momentum, learning_rate, mix, **state):
        a, b = state["view0"], state["view1"]
        online, target = Network(state, "online").train(train), Network(state, "target").train(train)
        optimizer = torch.optim.SGD(online.parameters(), learning_rate, 0.9)
        before = {name: value.clone() for name, value in online.state_dict().items()}
        of_views = lambda network, joint: network(torch.cat([a, b])).chunk(2) if joint else (network(a), network(b))
        f_a, f_b = of_views(online, joint[0])
        t_a, t_b = (f_a, f_b) if itself else of_views(target, joint[1])
        seen = f_a if one_view else torch.cat([f_a, f_b] if features_of == "online" else [t_a, t_b])
        following = rho * correlation + (1 - rho) * cut(seen).T @ cut(seen) / len(seen)
        w = predictor_of(correlation if old_f else following, mix)
        if not crossed:
            t_a, t_b = t_b, t_a
        loss = loss_of(product(f_a, w), t_b) + (0 if one_direction else loss_of(product(f_b, w), t_a))
        if averaged:
            loss = loss / 2
        if update:
            loss.backward()
            optimizer.step()
        if follow:
            source = before if follow_first else online.state_dict()
            with torch.no_grad():
                for name, value in target.state_dict().items():
                    if name in WEIGHTS:
                        value.copy_(momentum * value + (1 - momentum) * source[name])
        weights = online.named("online") | target.named("target")
        constant = {"the correlation is a constant (1 is yes)": float(not graph)}
        return {"loss": loss.detach().double().item()} | weights | {"correlation": correlation if kept else following.detach()} | constant

    return after


golden.check(
    "after_a_step",
    [step_case(5, 2, 3, 0.7, 0.9, 0.5, 0.3), step_case(3, 1, 4, 0.3, 0.5, 0.8, -0.4), step_case(4, 1, 2, 0.9, 0.99, 0.3, 0.5)],
    stepped(),
    {
        "evaluation_mode": stepped(train=False),
        "correlation_of_one_view": stepped(one_view=True),
        "correlation_of_the_target": stepped(features_of="target"),
        "old_correlation": stepped(old_f=True),
        "transposed": stepped(product=lambda f, w: f @ w),
        "predictor_forgotten": stepped(product=lambda f, w: f),
        "not_crossed": stepped(crossed=False),
        "one_direction": stepped(one_direction=True),
        "averaged": stepped(averaged=True),
        "no_update": stepped(update=False),
        "target_left_alone": stepped(follow=False),
        "follows_before_the_update": stepped(follow_first=True),
        "gradient_into_the_predictor": stepped(cut=lambda f: f),
        "both_views_in_one_batch": stepped(joint=(True, False)),
        "one_batch_in_both_networks": stepped(joint=(True, True)),
        "target_of_itself": stepped(itself=True),
        "correlation_not_kept": stepped(kept=True),
        "graph_kept": stepped(graph=True),
    },
    tolerance=2e-5,
)


def two_steps(correlation, rho, momentum, learning_rate, mix, **state):
    """Of one optimizer, whose momentum the second step shows."""
    a, b = state["view0"], state["view1"]
    online, target = Network(state, "online"), Network(state, "target")
    optimizer = torch.optim.SGD(online.parameters(), learning_rate, 0.9)
    losses = []
    for _ in range(2):
        f_a, f_b = online(a), online(b)
        f = torch.cat([f_a, f_b]).detach()
        correlation = rho * correlation + (1 - rho) * f.T @ f / len(f)
        w = predictor_of(correlation, mix)
        t_a, t_b = target(a), target(b)
        loss = loss_of(f_a @ w.T, t_b) + loss_of(f_b @ w.T, t_a)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        with torch.no_grad():
            for name, value in target.state_dict().items():
                if name in WEIGHTS:
                    value.copy_(momentum * value + (1 - momentum) * online.state_dict()[name])
    return {"losses": np.array(losses)} | online.named("online") | target.named("target") | {"correlation": correlation}


first = apart(lambda: step_case(5, 2, 3, 0.7, 0.9, 0.2, 0.3))
golden.check("after_two_steps", [first | {"correlation": torch.zeros(3, 3)}, apart(lambda: step_case(4, 1, 2, 0.4, 0.5, 0.1, -0.2))], two_steps, tolerance=1e-4)

golden.save()

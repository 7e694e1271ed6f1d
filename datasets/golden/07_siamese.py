"""Golden values of lab 07, from PyTorch: cosines by `cosine_similarity`, networks by `torch.nn`, averages and steps by hand."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from golden import Golden, apart
from networks import BUFFERS, WEIGHTS, Network, network_case, twins_case

torch.manual_seed(7)
golden = Golden(__file__)


def unit(x):
    return x / (x.square().sum(-1, keepdim=True) + 1e-12).sqrt()


# Exercise 1. Rows of all lengths; a single pair; more rows than columns and fewer.
def pair_case(batch, width):
    return {"p": torch.randn(batch, width) * torch.rand(batch, 1) * 4, "z": torch.randn(batch, width) * torch.rand(batch, 1) * 3 + 0.2}


def cosine(p, z, of=lambda x: x.detach()):
    return {"loss": -F.cosine_similarity(p, of(z), dim=-1).mean()}


golden.check(
    "negative_cosine",
    [pair_case(5, 3), pair_case(1, 7), pair_case(4, 11), pair_case(300, 2)],
    cosine,
    {
        "gradient_to_both": lambda p, z: cosine(p, z, of=lambda z: z),
        "gradient_to_z": lambda p, z: cosine(p.detach(), z, of=lambda z: z),
        "not_normalized": lambda p, z: {"loss": -(p * z.detach()).sum(-1).mean()},
        "z_not_normalized": lambda p, z: {"loss": -(unit(p) * z.detach()).sum(-1).mean()},
        "p_not_normalized": lambda p, z: {"loss": -(p * unit(z.detach())).sum(-1).mean()},
        "normalized_over_the_batch": lambda p, z: {"loss": -F.cosine_similarity(p, z.detach(), dim=0).mean()},
        "sign": lambda p, z: {"loss": F.cosine_similarity(p, z.detach(), dim=-1).mean()},
        "summed": lambda p, z: {"loss": -F.cosine_similarity(p, z.detach(), dim=-1).sum()},
        "mean_over_all": lambda p, z: {"loss": -(unit(p) * unit(z.detach())).mean()},
        "squared_distance": lambda p, z: {"loss": (unit(p) - unit(z.detach())).square().sum(-1).mean()},
        "length_detached": lambda p, z: {"loss": -(p / p.norm(dim=-1, keepdim=True).detach() * unit(z.detach())).sum(-1).mean()},
        "all_pairs": lambda p, z: {"loss": -(unit(p) @ unit(z.detach()).T).mean()},
    },
    gradients=["p"],
    leaks=["z"],
)
zero = pair_case(3, 4)
zero["p"][1], zero["z"][2] = 0, 0
golden.check("zero_rows", [zero], lambda p, z: {"loss": -(unit(p) * unit(z.detach())).sum(-1).mean()}, tolerance=1e-4, gradients=["p"], leaks=["z"])


# Exercise 2. In training and in evaluation mode, a hidden layer that is wider and one that is narrower.
def predictor_case(batch, width, hidden, train):
    return {
        "z": torch.randn(batch, width),
        "train": float(train),
        "hidden.weight": torch.randn(hidden, width) / math.sqrt(width),
        "norm.weight": torch.rand(hidden) + 0.5,
        "norm.bias": torch.randn(hidden) / 2,
        "norm.running_mean": torch.randn(hidden) / 2,
        "norm.running_var": torch.rand(hidden) + 0.5,
        "output.weight": torch.randn(width, hidden) / math.sqrt(hidden),
        "output.bias": torch.randn(width),
    }


def predicted(inner=lambda norm, x: F.relu(norm(x)), after=lambda p, z: p, mode=lambda train: train):
    def predict(z, train, **w):
        mean, variance = w["norm.running_mean"].clone(), w["norm.running_var"].clone()
        norm = lambda x: F.batch_norm(x, mean, variance, w["norm.weight"], w["norm.bias"], training=mode(bool(train)))
        p = F.linear(inner(norm, F.linear(z, w["hidden.weight"])), w["output.weight"], w["output.bias"])
        return {"p": after(p, z), "norm.running_mean afterwards": mean, "norm.running_var afterwards": variance}

    return predict


# Hidden values just above 0, and far above it; a batch of two in training mode.
bent = apart(lambda: [predictor_case(2, 3, 4, True), predictor_case(7, 3, 5, False)])
bent[1]["norm.weight"] *= torch.tensor([1e-2, 1e-2, 9.0, 9.0, 1.0])
bent[1]["norm.bias"] = torch.tensor([5e-3, 2e-3, 8.0, 12.0, 0.0])
golden.check(
    "predictor",
    [predictor_case(5, 3, 7, True), predictor_case(4, 7, 2, True), predictor_case(1, 3, 5, False), predictor_case(6, 2, 3, False), *bent],
    predicted(),
    {
        "no_relu": predicted(inner=lambda norm, x: norm(x)),
        "no_batch_norm": predicted(inner=lambda norm, x: F.relu(x)),
        "relu_before_batch_norm": predicted(inner=lambda norm, x: norm(F.relu(x))),
        "relu_at_the_end": predicted(after=lambda p, z: F.relu(p)),
        "residual": predicted(after=lambda p, z: p + z),
        "normalized": predicted(after=lambda p, z: unit(p)),
        "evaluation_mode": predicted(mode=lambda train: False),
        "training_mode": predicted(mode=lambda train: True),
    },
    gradients=["z", "hidden.weight", "norm.weight", "norm.bias", "output.weight", "output.bias"],
)


# Exercise 3. Two views, three and five.
def views_case(views, batch, width):
    def some(scale):
        return {str(v): scale * torch.randn(batch, width) for v in range(views)}

    return {f"p{v}": x for v, x in some(2).items()} | {f"z{v}": x for v, x in some(1).items()}


def simsiam(target=None, divide=None, distance=lambda p, z: -(unit(p) * unit(z)).sum(-1).mean()):
    def loss(**case):
        count = len(case) // 2
        p, z = ([case[f"{name}{v}"] for v in range(count)] for name in "pz")
        others = target or (lambda z, v: sum(x for u, x in enumerate(z) if u != v) / (len(z) - 1))
        total = sum(distance(p[v], others([x.detach() for x in z], v)) for v in range(count))
        return {"loss": total / (divide(count) if divide else count)}

    return loss


def leaking(**case):
    count = len(case) // 2
    p, z = ([case[f"{name}{v}"] for v in range(count)] for name in "pz")
    total = sum(-F.cosine_similarity(p[v], sum(x for u, x in enumerate(z) if u != v) / (count - 1), dim=-1).mean() for v in range(count))
    return {"loss": total / count}


def pairwise(case):
    count = len(case) // 2
    pairs = [(case[f"p{v}"], case[f"z{u}"].detach()) for v in range(count) for u in range(count) if u != v]
    return sum(-F.cosine_similarity(p, z, dim=-1).mean() for p, z in pairs) / len(pairs)


def without_a_z(case):
    """One image's embeddings are 0 in all views: its cosine is 0, and no number is divided by 0."""
    return {name: x * torch.tensor([[1.0], [0.0], [1.0]]) if name[0] == "z" else x for name, x in case.items()}


def without_a_p(case):
    """The same of a prediction, in one view."""
    return case | {"p1": case["p1"] * torch.tensor([[1.0], [1.0], [0.0]])}


MISTAKES_OF_VIEWS = {
    "own_embedding": simsiam(target=lambda z, v: z[v]),
    "all_views": simsiam(target=lambda z, v: sum(z) / len(z)),
    "next_view": simsiam(target=lambda z, v: z[(v + 1) % len(z)]),
    "mean_of_distances": lambda **case: {"loss": pairwise(case)},
    "mean_of_directions": simsiam(target=lambda z, v: sum(unit(x) for u, x in enumerate(z) if u != v)),
    "summed": simsiam(divide=lambda count: 1),
    "half": simsiam(divide=lambda count: 2),
    "gradient_into_z": leaking,
    "not_normalized": simsiam(distance=lambda p, z: -(p * z).sum(-1).mean()),
}
for name, views, mistakes in [
    ("two_views", 2, ["own_embedding", "all_views", "summed", "gradient_into_z", "not_normalized"]),
    ("three_views", 3, list(MISTAKES_OF_VIEWS)),
    ("five_views", 5, []),
    ("seven_views", 7, []),
]:
    golden.check(
        name,
        [views_case(views, 4, 3), views_case(views, 1, 7), views_case(views, 3, 2)] + ([without_a_z(views_case(views, 3, 4))] if views == 5 else [without_a_p(apart(lambda: views_case(7, 3, 5)))] if views == 7 else []),
        simsiam(),
        {mistake: MISTAKES_OF_VIEWS[mistake] for mistake in mistakes},
        gradients=[f"p{v}" for v in range(views)],
        leaks=[f"z{v}" for v in range(views)],
    )


# Exercise 4.
def byol_case(batch, width):
    return {name: scale * torch.randn(batch, width) for name, scale in {"p_a": 2, "p_b": 1, "t_a": 3, "t_b": 1.5}.items()}


def squares(p, t, norm=unit):
    return (norm(p) - norm(t)).square().sum(-1).mean()


def byol(loss=lambda p_a, p_b, t_a, t_b: squares(p_a, t_b) + squares(p_b, t_a), cut=torch.detach):
    return lambda p_a, p_b, t_a, t_b: {"loss": loss(p_a, p_b, cut(t_a), cut(t_b))}


golden.check(
    "byol_loss",
    [byol_case(5, 3), byol_case(1, 4), byol_case(4, 7), byol_case(257, 2)],
    byol(),
    {
        "averaged": byol(lambda a, b, x, y: (squares(a, y) + squares(b, x)) / 2),
        "one_direction": byol(lambda a, b, x, y: squares(a, y)),
        "not_crossed": byol(lambda a, b, x, y: squares(a, x) + squares(b, y)),
        "not_normalized": byol(lambda a, b, x, y: squares(a, y, lambda v: v) + squares(b, x, lambda v: v)),
        "constant_forgotten": byol(lambda a, b, x, y: squares(a, y) + squares(b, x) - 4),
        "cosines_once": byol(lambda a, b, x, y: (squares(a, y) + squares(b, x) - 4) / 2),
        "mean_over_dimensions": byol(lambda a, b, x, y: (squares(a, y) + squares(b, x)) / a.shape[1]),
        "summed_over_the_batch": byol(lambda a, b, x, y: (squares(a, y) + squares(b, x)) * len(a)),
        "not_squared": byol(lambda a, b, x, y: (unit(a) - unit(y)).norm(dim=-1).mean() + (unit(b) - unit(x)).norm(dim=-1).mean()),
        "gradient_into_the_target": byol(cut=lambda x: x),
        "predictions_detached": lambda p_a, p_b, t_a, t_b: byol(cut=lambda x: x)(p_a.detach(), p_b.detach(), t_a, t_b),
    },
    gradients=["p_a", "p_b"],
    leaks=["t_a", "t_b"],
)

# A prediction and a target of length 0.
zeros = apart(lambda: [byol_case(4, 3), byol_case(3, 2)])
zeros[0]["p_a"][1], zeros[1]["t_a"][2] = 0, 0
golden.check("rows_of_zeros", zeros, lambda p_a, p_b, t_a, t_b: {"the loss is a number (1 is yes)": 1.0}, tolerance=0)


# Exercise 5.
def followed(weights=lambda t, o, m: m * t + (1 - m) * o, buffers=lambda t, o, m: o):
    def after(momentum, **twins):
        values = {}
        for name in WEIGHTS + BUFFERS:
            online = twins[f"online.{name}"]
            follow = weights if name in WEIGHTS else buffers
            target = follow(twins[f"target.{name}"], online, momentum)
            values |= {f"target.{name}": target, f"online.{name}": online}
        return values

    return after


golden.check(
    "followed",
    [twins_case(3, 2) | {"momentum": 0.9}, twins_case(2, 5) | {"momentum": 0.25}, twins_case(4, 1) | {"momentum": 0.0}, twins_case(1, 3) | {"momentum": 1.0}, twins_case(3, 4) | {"momentum": 0.98765}],
    followed(),
    {
        "momentum_reversed": followed(weights=lambda t, o, m: (1 - m) * t + m * o),
        "copied": followed(weights=lambda t, o, m: o),
        "left_alone": followed(weights=lambda t, o, m: t, buffers=lambda t, o, m: t),
        "buffers_left_alone": followed(buffers=lambda t, o, m: t),
        "buffers_averaged": followed(buffers=lambda t, o, m: m * t + (1 - m) * o),
        "old_forgotten": followed(weights=lambda t, o, m: (1 - m) * o),
    },
    tolerance=1e-6,
)


# Exercise 6.
def momenta(of):
    return lambda steps, total, base: {"momenta": np.array([of(float(step), float(total), base) for step in steps])}


def momenta_case(steps, total, base):
    return {"steps": np.array(steps, dtype=np.int64), "total": float(total), "base": base}


golden.check(
    "momenta",
    [momenta_case([0, 1, 5, 9, 10], 10, 0.99), momenta_case([0, 3, 350, 699, 700], 700, 0.9), momenta_case([0, 1, 2, 3], 3, 0.0), momenta_case([0, 4, 7], 7, 1.0), momenta_case([0, 2, 5], 9, 0.98765)],
    momenta(lambda k, total, base: 1 - (1 - base) * (math.cos(math.pi * k / total) + 1) / 2),
    {
        "constant": momenta(lambda k, total, base: base),
        "whole_numbers": momenta(lambda k, total, base: 1 - (1 - base) * (math.cos(math.pi * (k // total)) + 1) / 2),
        "line": momenta(lambda k, total, base: base + (1 - base) * k / total),
        "falling": momenta(lambda k, total, base: base + (1 - base) * (math.cos(math.pi * k / total) + 1) / 2),
        "whole_period": momenta(lambda k, total, base: 1 - (1 - base) * (math.cos(2 * math.pi * k / total) + 1) / 2),
        "quarter_period": momenta(lambda k, total, base: 1 - (1 - base) * math.cos(math.pi * k / (2 * total))),
        "not_halved": momenta(lambda k, total, base: 1 - (1 - base) * (math.cos(math.pi * k / total) + 1)),
        "from_one": momenta(lambda k, total, base: 1 - (1 - base) * (math.cos(math.pi * (k + 1) / total) + 1) / 2),
        "degrees": momenta(lambda k, total, base: 1 - (1 - base) * (math.cos(180 * k / total) + 1) / 2),
    },
    tolerance=1e-9,
)


# Exercise 7. Spread out, shifted, in two dimensions only; lengths that differ; one embedding; all the same.
def level(norm=unit, std=lambda z: z.std(0, correction=0).mean(), scale=lambda z: math.sqrt(z.shape[1])):
    return lambda z: {"level": (std(norm(z.double())) * scale(z)).item()}


flat = torch.randn(7, 5)
flat[:, 2:] = 0
golden.check(
    "level",
    [{"z": torch.randn(300, 7)}, {"z": torch.randn(4, 3) + 1}, {"z": flat}, {"z": torch.randn(5, 11) * 10 ** torch.randn(5, 1)}, {"z": torch.randn(1, 4)}, {"z": torch.randn(6, 3) * torch.tensor([[1.0], [1.0], [0.0], [1.0], [1.0], [0.0]])}, {"z": 1e-3 * apart(lambda: torch.randn(6, 4))}],
    level(),
    {
        "not_normalized": level(norm=lambda z: z),
        "not_centered": level(std=lambda z: z.square().mean(0).sqrt().mean()),
        "sample_deviation": level(std=lambda z: (z.std(0, correction=1) if len(z) > 1 else torch.full((z.shape[1],), math.nan)).mean()),
        "not_scaled": level(scale=lambda z: 1),
        "scaled_by_the_width": level(scale=lambda z: z.shape[1]),
        "scaled_by_the_batch": level(scale=lambda z: math.sqrt(len(z))),
        "over_the_width": level(std=lambda z: z.std(1, correction=0).mean()),
        "variance": level(std=lambda z: z.var(0, correction=0).mean()),
        "root_of_the_mean_variance": level(std=lambda z: z.var(0, correction=0).mean().sqrt()),
        "normalized_over_the_batch": level(norm=lambda z: unit(z.T).T),
        "everything_together": level(std=lambda z: z.std(correction=0)),
    },
    tolerance=1e-4,
)
# All in one direction: the mean square less the squared mean is 0, which rounding makes negative.
ONE = torch.tensor([[1.0, -2.0, 3.0]])
collapsed = [{"z": ONE * torch.tensor([[1.0], [5.0], [0.1], [2.0]])}, *({"z": torch.tensor(row).repeat(n, 1)} for row in ([[1.0, 2.0, 3.0]], [[0.3, 0.1, -0.7, 0.2]]) for n in (7, 64))]
golden.check("collapsed", collapsed, level(), tolerance=1e-3)


# Exercises 8 and 9: weights and running statistics of all networks after a step of SGD with momentum.
def predictor_of(state):
    width = len(state["predictor.bias"])
    predictor = nn.Linear(width, width)
    predictor.load_state_dict({kind: state[f"predictor.{kind}"] for kind in ("weight", "bias")})
    return predictor


def step_case(views, batch, size, width, rate, momentum=None):
    inputs = 3 * size * size
    networks = twins_case(inputs, width) if momentum is not None else {f"online.{k}": v for k, v in network_case(inputs, width).items()}
    predictor = {"predictor.weight": torch.randn(width, width) / math.sqrt(width), "predictor.bias": torch.randn(width) / 4}
    images = {f"view{v}": torch.rand(batch, 3, size, size) + 0.2 * v for v in range(views)}
    return networks | predictor | images | {"learning_rate": rate} | ({} if momentum is None else {"momentum": momentum})


def stepped(loss_of, train=True, updates=1, follow=None, follow_first=False):
    def after(learning_rate, momentum=None, **state):
        views = [state[f"view{v}"] for v in range(sum(name.startswith("view") for name in state))]
        online, predictor = Network(state, "online").train(train), predictor_of(state)
        target = Network(state, "target").train(train) if momentum is not None else None
        optimizer = torch.optim.SGD([*online.parameters(), *predictor.parameters()], learning_rate, 0.9)
        first = None
        before = {name: value.clone() for name, value in online.state_dict().items()}
        for _ in range(updates or 1):
            optimizer.zero_grad()
            loss = loss_of(online, predictor, target, views)
            first = loss.detach().double().item() if first is None else first
            if updates:
                loss.backward()
                optimizer.step()
        if target is not None and follow is not False:
            source = before | {name: online.state_dict()[name] for name in BUFFERS} if follow_first else online.state_dict()
            with torch.no_grad():
                for name, value in target.state_dict().items():
                    if name in WEIGHTS:
                        value.copy_(momentum * value + (1 - momentum) * source[name])
                    elif name in BUFFERS:
                        value.copy_(source[name])
        weights = online.named("online") | {f"predictor.{k}": v.detach().clone() for k, v in predictor.state_dict().items()}
        return {"loss": first} | weights | (target.named("target") if target is not None else {})

    return after


def simsiam_of(predictions, embeddings):
    return simsiam()(**{f"p{v}": p for v, p in enumerate(predictions)}, **{f"z{v}": z for v, z in enumerate(embeddings)})["loss"]


# What the predictor adds when it is not in training mode.
EVALUATION = 0.5


def simsiam_forward(online, predictor, target, views):
    embeddings = [online(view) for view in views]
    return simsiam_of([predictor(z) for z in embeddings], embeddings)


def leaking_forward(online, predictor, target, views):
    embeddings = [online(view) for view in views]
    pairs = {f"p{v}": predictor(z) for v, z in enumerate(embeddings)} | {f"z{v}": z for v, z in enumerate(embeddings)}
    return leaking(**pairs)["loss"]


def one_batch(online, predictor, target, views):
    embeddings = online(torch.cat(views)).chunk(len(views))
    return simsiam_of([predictor(z) for z in embeddings], embeddings)


def embedded_twice(online, predictor, target, views):
    return simsiam_of([predictor(online(view)) for view in views], [online(view) for view in views])


def without_predictor(online, predictor, target, views):
    embeddings = [online(view) for view in views]
    return simsiam_of(embeddings, embeddings)


def backwards(online, predictor, target, views):
    return simsiam_forward(online, predictor, target, views[::-1])


golden.check(
    "after_a_step_of_simsiam",
    [step_case(2, 5, 2, 3, 0.5), step_case(2, 3, 1, 4, 0.8), step_case(4, 4, 1, 2, 0.3), step_case(5, 3, 1, 3, 0.2)],
    stepped(simsiam_forward),
    {
        "gradient_into_z": stepped(leaking_forward),
        "one_batch": stepped(one_batch),
        "embedded_twice": stepped(embedded_twice),
        "without_predictor": stepped(without_predictor),
        "predicts_in_evaluation_mode": stepped(lambda o, p, t, views: simsiam_forward(o, lambda z: p(z) + EVALUATION, t, views)),
        "views_backwards": stepped(backwards),
        "two_views_only": stepped(lambda o, p, t, views: simsiam_forward(o, p, t, views[:2])),
        "one_view_twice": stepped(lambda o, p, t, views: simsiam_forward(o, p, t, [views[0]] * len(views))),
        "evaluation_mode": stepped(simsiam_forward, train=False),
        "no_update": stepped(simsiam_forward, updates=0),
        "two_updates": stepped(simsiam_forward, updates=2),
    },
    tolerance=2e-5,
)


ONCE = "each embedding goes through `predict` once, in the order of the views (1 is yes)"
for name, momentum in [("predictions_of_simsiam", None), ("predictions_of_byol", 0.9)]:
    golden.check(name, [step_case(2, 4, 1, 3, 0.1, momentum)], lambda **case: {ONCE: 1.0}, tolerance=0)


def byol_forward(cross=True, predict_target=False, joint=False, skip_predictor=False, divide=1):
    def loss(online, predictor, target, views):
        a, b = views
        z = online(torch.cat(views)).chunk(2) if joint else (online(a), online(b))
        p_a, p_b = z if skip_predictor else map(predictor, z)
        t_a, t_b = target(torch.cat(views)).chunk(2) if joint else (target(a), target(b))
        if predict_target:
            t_a, t_b = predictor(t_a), predictor(t_b)
        return byol()(p_a, p_b, *((t_a, t_b) if cross else (t_b, t_a)))["loss"] / divide

    return loss


def target_of_itself(online, predictor, target, views):
    (z_a, z_b) = (online(view) for view in views)
    return byol()(predictor(z_a), predictor(z_b), z_a, z_b)["loss"]


def target_frozen_statistics(online, predictor, target, views):
    target.eval()
    return byol_forward()(online, predictor, target, views)


golden.check(
    "after_a_step_of_byol",
    [step_case(2, 5, 2, 3, 0.5, 0.9), step_case(2, 3, 1, 4, 0.8, 0.5), step_case(2, 4, 1, 2, 0.3, 0.99)],
    stepped(byol_forward()),
    {
        "not_crossed": stepped(byol_forward(cross=False)),
        "one_batch": stepped(byol_forward(joint=True)),
        "target_predicts_too": stepped(byol_forward(predict_target=True)),
        "without_predictor": stepped(byol_forward(skip_predictor=True)),
        "predicts_in_evaluation_mode": stepped(lambda o, p, t, views: byol_forward()(o, lambda z: p(z) + EVALUATION, t, views)),
        "averaged": stepped(byol_forward(divide=2)),
        "target_of_itself": stepped(target_of_itself),
        "target_in_evaluation_mode": stepped(target_frozen_statistics),
        "follows_before_the_step": stepped(byol_forward(), follow_first=True),
        "target_left_alone": stepped(byol_forward(), follow=False),
        "evaluation_mode": stepped(byol_forward(), train=False),
        "no_update": stepped(byol_forward(), updates=0),
    },
    tolerance=2e-5,
)

golden.save()

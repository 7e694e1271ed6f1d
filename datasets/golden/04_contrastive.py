"""Golden values of lab 04, from PyTorch (distances, losses, autograd) and lightly (`NTXentLoss`)."""

import numpy as np
import torch
import torch.nn.functional as F
from lightly.loss import NTXentLoss

from golden import Golden

torch.manual_seed(4)
golden = Golden(__file__)
INFINITE = np.float32(np.inf).reshape(())
NOT_A_NUMBER = np.float32(np.nan).reshape(())


def with_gradients(output, **inputs):
    """The output's value, and its gradients (summed over the output) with respect to `inputs`."""
    (name, value), *rest = output.items()
    assert not rest
    gradients = torch.autograd.grad(value.sum(), inputs.values(), retain_graph=True)
    return {name: value} | {f"gradient of {k}": g for k, g in zip(inputs, gradients)}


# Exercise 1. Rows apart, and one row that is the same in both.
a, b = torch.randn(6, 5, requires_grad=True), torch.randn(6, 5, requires_grad=True)


def distance(a, b):
    return ((a - b).square().sum(1) + 1e-12).sqrt()


golden.case(
    "distance",
    {"a": a, "b": b},
    with_gradients({"distance": F.pairwise_distance(a, b, eps=0)}, a=a, b=b),
    {
        "squared": with_gradients({"distance": (a - b).square().sum(1)}, a=a, b=b),
        "manhattan": with_gradients({"distance": (a - b).abs().sum(1)}, a=a, b=b),
        "over_batch": {"distance": (a - b).square().sum(0).sqrt()},
        "mean_inside": with_gradients({"distance": (a - b).square().mean(1).sqrt()}, a=a, b=b),
    },
    tolerance=1e-5,
)
same_a = torch.tensor([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]], requires_grad=True)
same_b = torch.tensor([[1.0, 2.0, -1.0], [0.5, 4.0, 0.0]])
near = with_gradients({"distance": distance(same_a, same_b)}, a=same_a)
broken = near["gradient of a"].clone()
broken[0] = torch.nan
golden.case(
    "distance_of_equal_rows",
    {"a": same_a, "b": same_b},
    near,
    {"epsilon_outside": {"gradient of a": broken}},
    tolerance=1e-5,
)

# Exercise 2. Negatives on both sides of the margin, which is not 1.
distances = torch.tensor([0.3, 0.9, 2.1, 0.2, 1.1, 1.9, 0.7], requires_grad=True)
is_positive = torch.tensor([1, 0, 0, 0, 1, 0, 1], dtype=torch.uint8)
margin = 1.5
positive, apart = is_positive.bool(), F.relu(margin - distances)


def of_pairs(near, far):
    return with_gradients({"loss": torch.where(positive, near, far).mean()}, distance=distances)


golden.case(
    "contrastive",
    {"distance": distances, "is_positive": is_positive, "margin": margin},
    of_pairs(distances, apart),
    {
        "branches_swapped": of_pairs(apart, distances),
        "hadsell": of_pairs(distances.square() / 2, apart.square() / 2),
        "squares": of_pairs(distances.square(), apart.square()),
        "pulled_beyond_margin": of_pairs(distances, F.relu(distances - margin)),
        "no_hinge": of_pairs(distances, margin - distances),
        "sum": with_gradients({"loss": torch.where(positive, distances, apart).sum()}, distance=distances),
    },
    tolerance=1e-5,
)

# Exercise 3. Some triplets are right already, one is right but not by the margin.
anchor, near_by, far = (torch.randn(8, 4, requires_grad=True) for _ in range(3))
margin = 0.7
hinge = F.relu(distance(anchor, near_by) - distance(anchor, far) + margin)
assert 0 < (hinge > 0).sum() < 8


def of_triplets(loss):
    return with_gradients({"loss": loss}, anchor=anchor, positive=near_by, negative=far)


ours = F.triplet_margin_with_distance_loss(anchor, near_by, far, distance_function=distance, margin=margin)
d_ap, d_an = distance(anchor, near_by), distance(anchor, far)
golden.case(
    "triplet",
    {"anchor": anchor, "positive": near_by, "negative": far, "margin": margin},
    of_triplets(ours),
    {
        "signs_swapped": of_triplets(F.relu(d_an - d_ap + margin).mean()),
        "active_only": of_triplets(hinge.sum() / (hinge > 0).sum()),
        "no_margin": of_triplets(F.relu(d_ap - d_an).mean()),
        "margin_subtracted": of_triplets(F.relu(d_ap - d_an - margin).mean()),
        "squared": of_triplets(F.relu(d_ap.square() - d_an.square() + margin).mean()),
        "no_hinge": of_triplets((d_ap - d_an + margin).mean()),
        "sum": of_triplets(hinge.sum()),
    },
    tolerance=1e-5,
)

# Exercise 4. Points on a line, at multiples of 1/8, so that distances are exact; several are equally close.
places = np.array([0, 2, 3, 5, 5, 7, 11, 16, 8, 1, 40], dtype=np.float32) / 8
labels = np.array([0, 0, 1, 2, 1, 0, 2, 2, 1, 2, 0])
positives = np.array([1, 5, 4, 6, 8, 0, 7, 6, 2, 3, 5])
margin = 0.5
table = np.abs(places[:, None] - places[None, :])


def mine(lower=True, upper=True, negatives=True, best=min, last=False, limit=margin):
    """The index for each anchor, −1 for none."""
    found = []
    for i, p in enumerate(positives):
        near = table[i, p]
        candidates = [
            n
            for n in range(len(places))
            if (labels[n] != labels[i] if negatives else n not in (i, p))
            and (not lower or near < table[i, n])
            and (not upper or table[i, n] < near + limit)
        ]
        order = reversed(candidates) if last else candidates
        found.append(best(order, key=lambda n: table[i, n], default=-1))
    return {"negatives": np.array(found, dtype=np.float64)}


truth = mine()
assert (truth["negatives"] < 0).any()
golden.case(
    "semi_hard",
    {"distances": table, "labels": labels, "positives": positives, "margin": margin},
    truth,
    {
        "hardest": mine(lower=False),
        "beyond_margin": mine(upper=False),
        "own_class": mine(negatives=False),
        "last_at_tie": mine(last=True),
        "farthest": mine(best=max),
        "absolute_margin": {
            "negatives": np.array(
                [
                    min(
                        (n for n in range(len(places)) if labels[n] != labels[i] and table[i, p] < table[i, n] < margin),
                        key=lambda n: table[i, n],
                        default=-1,
                    )
                    for i, p in enumerate(positives)
                ],
                dtype=np.float64,
            )
        },
    },
    tolerance=1e-9,
)

# Exercise 5. As many rows as columns, so that the wrong axis gives a matrix too; and a row of zeros.
z = (2 * torch.randn(5, 5) + 1).requires_grad_()


def of_matrix(matrix):
    return with_gradients({"similarity": matrix}, z=z)


unit = F.normalize(z, dim=1)
golden.case(
    "cosines",
    {"z": z},
    of_matrix(F.cosine_similarity(z[:, None], z[None, :], dim=2)),
    {
        "batch_axis": of_matrix(F.normalize(z, dim=0) @ F.normalize(z, dim=0).T),
        "not_normalized": of_matrix(z @ z.T),
        "columns": of_matrix(unit.T @ unit),
        "one_side": of_matrix(unit @ z.T),
        "whole_matrix": of_matrix(z @ z.T / z.square().sum()),
    },
    tolerance=1e-5,
)
zero = torch.tensor([[3.0, 4.0], [0.0, 0.0], [-1.0, 1.0]])
cosines = F.normalize(zero) @ F.normalize(zero).T
broken = cosines.clone()
broken[1, :] = broken[:, 1] = torch.nan
golden.case(
    "cosine_of_zero", {"z": zero}, {"similarity": cosines}, {"zero_vector": {"similarity": broken}}, tolerance=1e-5
)

# Exercise 6. Rows of different lengths; lightly's loss is the independent implementation.
z_a, z_b = (1.5 * torch.randn(4, 6) + 0.4).requires_grad_(), (0.7 * torch.randn(4, 6) + 0.3).requires_grad_()
temperature = 0.4


def logits(normalize=True, tau=temperature):
    z = torch.cat([z_a, z_b])
    z = F.normalize(z, dim=1) if normalize else z
    return z @ z.T / tau


def info_nce(s, diagonal=-torch.inf, without_positive=False, rows=None, reduction="mean"):
    s = torch.where(torch.eye(len(s)).bool(), diagonal, s) if diagonal is not None else s
    partners = (torch.arange(len(s)) + len(s) // 2) % len(s)
    chosen = s.gather(1, partners[:, None])[:, 0]
    below = s.scatter(1, partners[:, None], -torch.inf) if without_positive else s
    losses = (below.logsumexp(1) - chosen)[:rows]
    return losses.mean() if reduction == "mean" else losses.sum()


def of_views(loss):
    return with_gradients({"loss": loss}, z_a=z_a, z_b=z_b)


truth = of_views(NTXentLoss(temperature)(z_a, z_b))
assert torch.allclose(truth["loss"], info_nce(logits()), atol=1e-6)
cross = F.normalize(z_a, dim=1) @ F.normalize(z_b, dim=1).T / temperature
own = torch.arange(4)
golden.case(
    "info_nce_of_views",
    {"z_a": z_a, "z_b": z_b, "temperature": temperature},
    truth,
    {
        "anchor_in_denominator": of_views(info_nce(logits(), diagonal=None)),
        "diagonal_zero": of_views(info_nce(logits(), diagonal=torch.tensor(0.0))),
        "positive_left_out": of_views(info_nce(logits(), without_positive=True)),
        "temperature_multiplied": of_views(info_nce(logits(tau=1 / temperature))),
        "temperature_forgotten": of_views(info_nce(logits(tau=1))),
        "only_n_anchors": of_views(info_nce(logits(), rows=4)),
        "other_view_only": of_views((F.cross_entropy(cross, own) + F.cross_entropy(cross.T, own)) / 2),
        "one_direction": of_views(F.cross_entropy(cross, own)),
        "sum": of_views(info_nce(logits(), reduction="sum")),
        "not_normalized": of_views(info_nce(logits(normalize=False))),
    },
    tolerance=1e-5,
)
alike = torch.full((5, 3), 0.5)
golden.case(
    "info_nce_of_equal_embeddings",
    {"z_a": alike, "z_b": alike, "temperature": 0.3},
    {
        "loss": torch.tensor(9.0).log(),
        "gradient of z_a": torch.zeros(5, 3),
        "gradient of z_b": torch.zeros(5, 3),
    },
    {},
    tolerance=1e-5,
)
cold_a = F.normalize(torch.randn(4, 6), dim=1)
cold_b = cold_a.clone()
cold_b[0], cold_b[1] = cold_b[1].clone(), cold_b[0].clone()
cold_a.requires_grad_()
cold_b.requires_grad_()
cold = with_gradients({"loss": NTXentLoss(0.01)(cold_a, cold_b)}, z_a=cold_a, z_b=cold_b)
golden.case(
    "info_nce_when_cold",
    {"z_a": cold_a, "z_b": cold_b, "temperature": 0.01},
    cold,
    {"overflow": {"loss": INFINITE}, "overflow_of_a_ratio": {"loss": NOT_A_NUMBER}},
    tolerance=1e-5,
)

# Exercise 7. α = 3, so that neither α = 1 nor the usual 2 gives the same.
u_a, u_b = F.normalize(z_a, dim=1), F.normalize(z_b, dim=1)
apart = (u_a - u_b).norm(dim=1)
golden.case(
    "aligned",
    {"z_a": z_a, "z_b": z_b, "alpha": 3.0},
    of_views(apart.pow(3).mean()),
    {
        "alpha_forgotten": of_views(apart.mean()),
        "alpha_two": of_views(apart.square().mean()),
        "power_of_square": of_views(apart.square().pow(3).mean()),
        "not_normalized": of_views((z_a - z_b).norm(dim=1).pow(3).mean()),
        "power_of_mean": of_views(apart.mean().pow(3)),
    },
    tolerance=1e-5,
)

# Exercise 8.
def of_all(value):
    return with_gradients({"uniformity": value}, z=spread)


spread = (1.3 * torch.randn(7, 3) + 0.5).requires_grad_()
unit = F.normalize(spread, dim=1)
t = 1.5
pairs = torch.pdist(unit).square()
whole = (unit[:, None] - unit[None, :]).square().sum(2)
golden.case(
    "uniform",
    {"z": spread, "t": t},
    of_all((-t * pairs).exp().mean().log()),
    {
        "self_pairs": of_all((-t * whole).exp().mean().log()),
        "mean_of_logs": of_all((-t * pairs).mean()),
        "distance_not_squared": of_all((-t * pairs.sqrt()).exp().mean().log()),
        "not_normalized": of_all((-t * torch.pdist(spread).square()).exp().mean().log()),
        "sum": of_all((-t * pairs).exp().sum().log()),
        "no_log": of_all((-t * pairs).exp().mean()),
    },
    tolerance=1e-5,
)

golden.save()

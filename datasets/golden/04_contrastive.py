"""Golden values of lab 04, from PyTorch (distances, losses) and lightly (`NTXentLoss`)."""

import torch
import torch.nn.functional as F
from lightly.loss import NTXentLoss

from golden import Golden, apart

torch.manual_seed(4)
golden = Golden(__file__)


def named(name, functions):
    """Functions that give one value, as functions that give it by name."""
    return {id: (lambda f: lambda **inputs: {name: f(**inputs)})(f) for id, f in functions.items()}


def check(id, name, cases, truth, mistakes, gradients, tolerance=1e-5):
    """A check whose functions give one value."""
    truth = named(name, {"": truth})[""]
    golden.check(id, cases, truth, named(name, mistakes), tolerance, gradients)


# Exercise 1. As many rows as columns, so that the wrong axis gives as many distances; one row; one column.
def distance(a, b):
    return (F.pairwise_distance(a, b, eps=0).square() + 1e-12).sqrt()


def rows(*shape, scale=1.5):
    return scale * torch.randn(shape) + 0.3


check(
    "distances",
    "distance",
    [{"a": rows(*shape), "b": rows(*shape)} for shape in [(5, 4), (4, 4), (1, 3), (3, 7), (6, 1)]],
    distance,
    {
        "squared": lambda a, b: (a - b).square().sum(1),
        "manhattan": lambda a, b: (a - b).abs().sum(1),
        "over_batch": lambda a, b: (a - b).square().sum(0).sqrt(),
        "mean_inside": lambda a, b: (a - b).square().mean(1).sqrt(),
        "added": lambda a, b: distance(a, -b),
        "one_side_detached": lambda a, b: distance(a, b.detach()),
    },
    ["a", "b"],
)
equal = rows(4, 3)
partly = rows(4, 3)
partly[1] = equal[1]
check(
    "equal_rows",
    "distance",
    [{"a": equal, "b": equal}, {"a": equal, "b": partly}],
    lambda a, b: ((a - b).square().sum(1) + 1e-12).sqrt(),
    {
        "epsilon_in_difference": lambda a, b: (a - b + 1e-6).square().sum(1).sqrt(),
        "epsilon_outside": lambda a, b: (a - b).square().sum(1).sqrt() + 1e-12,
    },
    ["a", "b"],
    # An ε of 1e-10 would be found.
    2e-6,
)


# Exercise 2. Distances on both sides of the margin, never on it; positive or negative pairs alone.
def pairs(distance, is_positive, margin, near=lambda d, m: d, far=lambda d, m: F.relu(m - d), mean=torch.mean):
    return mean(torch.where(is_positive.bool(), near(distance, margin), far(distance, margin)))


def pairs_of(count, positive, margin):
    labels = {"mixed": torch.arange(count) % 3 != 1, "all": torch.ones(count), "none": torch.zeros(count)}[positive]
    return {"distance": 2.5 * torch.rand(count) + 0.05, "is_positive": labels.to(torch.uint8), "margin": margin}


check(
    "pairs",
    "loss",
    [pairs_of(8, "mixed", 1.5), pairs_of(5, "none", 0.9), pairs_of(1, "all", 1.5), pairs_of(3, "all", 0.5), pairs_of(13, "mixed", 0.7)],
    pairs,
    {
        "branches_swapped": lambda **c: pairs(**c, near=lambda d, m: F.relu(m - d), far=lambda d, m: d),
        "hadsell": lambda **c: pairs(**c, near=lambda d, m: d.square() / 2, far=lambda d, m: F.relu(m - d).square() / 2),
        "squares": lambda **c: pairs(**c, near=lambda d, m: d.square(), far=lambda d, m: F.relu(m - d).square()),
        "pulled_beyond_margin": lambda **c: pairs(**c, far=lambda d, m: F.relu(d - m)),
        "no_hinge": lambda **c: pairs(**c, far=lambda d, m: m - d),
        "margin_outside": lambda **c: pairs(**c, far=lambda d, m: m + F.relu(-d)),
        "negatives_left_out": lambda **c: pairs(**c, far=lambda d, m: torch.zeros_like(d)),
        "active_only": lambda **c: pairs(**c, mean=lambda x: x.sum() / (x > 0).sum().clamp(min=1)),
        "negatives_squared": lambda **c: pairs(**c, far=lambda d, m: F.relu(m - d).square()),
        "sum": lambda **c: pairs(**c, mean=torch.sum),
    },
    ["distance"],
)


# Exercise 3. Some triplets are right already; one anchor is its own positive; a single triplet.
def triplets(anchor, positive, negative, margin, of=lambda near, far, m: F.relu(near - far + m), mean=torch.mean, d=distance):
    return mean(of(d(anchor, positive), d(anchor, negative), margin))


def triplets_of(count, width, margin):
    return {"anchor": rows(count, width), "positive": rows(count, width), "negative": rows(count, width), "margin": margin}


itself = triplets_of(5, 3, 2.5)
itself["positive"][2] = itself["anchor"][2]
# Its hinge is active, so that its gradient counts.
itself["negative"][2] = itself["anchor"][2] + 0.3
# An anchor that is its own negative, as after a collapse.
collapsed = apart(lambda: triplets_of(4, 3, 1.0))
collapsed["negative"][1] = collapsed["anchor"][1]
squared = lambda a, b: (a - b).square().sum(1) + 1e-12
check(
    "triplets",
    "loss",
    [triplets_of(8, 4, 0.7), triplets_of(1, 3, 4.0), triplets_of(4, 4, 1.3), itself, triplets_of(13, 2, 0.5), collapsed],
    lambda anchor, positive, negative, margin: F.triplet_margin_with_distance_loss(
        anchor, positive, negative, distance_function=lambda a, b: ((a - b).square().sum(1) + 1e-12).sqrt(), margin=margin
    ),
    {
        "signs_swapped": lambda **c: triplets(**c, of=lambda near, far, m: F.relu(far - near + m)),
        "active_only": lambda **c: triplets(**c, mean=lambda x: x.sum() / (x > 0).sum().clamp(min=1)),
        "no_margin": lambda **c: triplets(**c, of=lambda near, far, m: F.relu(near - far)),
        "margin_subtracted": lambda **c: triplets(**c, of=lambda near, far, m: F.relu(near - far - m)),
        "margin_outside": lambda **c: triplets(**c, of=lambda near, far, m: F.relu(near - far) + m),
        "squared": lambda **c: triplets(**c, d=squared),
        "no_hinge": lambda **c: triplets(**c, of=lambda near, far, m: near - far + m),
        "negative_of_positive": lambda anchor, positive, negative, margin: F.relu(
            distance(anchor, positive) - distance(positive, negative) + margin
        ).mean(),
        "swapped_anchor": lambda anchor, positive, negative, margin: F.relu(
            distance(anchor, positive) - torch.minimum(distance(anchor, negative), distance(positive, negative)) + margin
        ).mean(),
        "sum": lambda **c: triplets(**c, mean=torch.sum),
    },
    ["anchor", "positive", "negative"],
)


# Exercise 4. Points on a line, at multiples of 1/8, so that distances are exact; several are equally close.
def mine(
    distances, labels, positives, margin, lower=True, upper=True, negatives=True, last=False, best=min, limit=None, at_positive=False, at_margin=False
):
    """The index for each anchor, −1 for none."""
    found = []
    for i, p in enumerate(positives.tolist()):
        near = distances[i, p].item()
        far = margin if limit else near + margin
        candidates = [
            n
            for n in range(len(labels))
            if (labels[n] != labels[i] if negatives else n not in (i, p))
            and (not lower or near < distances[i, n].item() or at_positive and near == distances[i, n].item())
            and (not upper or distances[i, n].item() < far or at_margin and distances[i, n].item() == far)
        ]
        order = list(reversed(candidates)) if last else candidates
        key = (lambda n: 0) if best == "first" else lambda n: distances[i, n].item()
        found.append((max if best is max else min)(order, key=key, default=-1))
    return torch.tensor(found, dtype=torch.float64)


def on_a_line(places, labels, positives, margin):
    places = torch.tensor(places) / 8
    table = (places[:, None] - places[None, :]).abs()
    return {"distances": table, "labels": torch.tensor(labels), "positives": torch.tensor(positives), "margin": margin}


def both_ways_apart(labels, positives, margin):
    table = apart(lambda: torch.randint(1, 12, (len(labels), len(labels)))) / 8
    return {"distances": table.fill_diagonal_(0), "labels": torch.tensor(labels), "positives": torch.tensor(positives), "margin": margin}


def closest_then_checked(distances, labels, positives, margin):
    closest = mine(distances, labels, positives, margin, lower=False, upper=False).long()
    near = distances[torch.arange(len(labels)), positives.long()]
    far = distances[torch.arange(len(labels)), closest]
    return torch.where((closest >= 0) & (near < far) & (far < near + margin), closest, -1).double()


check(
    "semi_hard",
    "negatives",
    [
        on_a_line([0, 2, 3, 5, 5, 7, 11, 16, 8, 1, 40], [0, 0, 1, 2, 1, 0, 2, 2, 1, 2, 0], [1, 5, 4, 6, 8, 0, 7, 6, 2, 3, 5], 0.5),
        on_a_line([0, 1, 9, 3, 6, 2, 5], [0, 0, 1, 1, 2, 2, 0], [1, 6, 3, 2, 5, 4, 0], 0.75),
        on_a_line([0, 1, 2], [7, 7, 7], [1, 2, 0], 1.0),
        # Exactly at the margin; the last one is the answer; labels that are the same as bytes.
        on_a_line([0, 2, 6, 1, 20], [0, 0, 1, 0, 1], [1, 0, 4, 0, 2], 0.5),
        on_a_line([0, 2, 9, 1, 4], [3, 3, 3, 3, 259], [1, 0, 0, 0, 2], 0.5),
        # Far apart; distances that are not the same both ways; labels that are the same in sixteen bits.
        on_a_line([0, 160, 170, 400, 90, 172], [0, 0, 1, 1, 2, 2], [1, 0, 3, 2, 5, 4], 5.0),
        both_ways_apart([5, 5, 65541, 2, 2], [1, 0, 3, 4, 3], 0.55),
    ],
    mine,
    {
        "at_the_positive": lambda **c: mine(**c, at_positive=True),
        "at_the_margin": lambda **c: mine(**c, at_margin=True),
        "closest_then_checked": closest_then_checked,
        "hardest": lambda **c: mine(**c, lower=False),
        "beyond_margin": lambda **c: mine(**c, upper=False),
        "own_class": lambda **c: mine(**c, negatives=False),
        "last_at_tie": lambda **c: mine(**c, last=True),
        "farthest": lambda **c: mine(**c, best=max),
        "first": lambda **c: mine(**c, best="first"),
        "absolute_margin": lambda **c: mine(**c, limit=True),
    },
    [],
    1e-9,
)


# Exercise 5. As many rows as columns, so that the wrong axis gives a matrix too; then rows of zeros.
def unit(z, dim=1):
    return z / (z.square().sum(dim, keepdim=True) + 1e-12).sqrt()


check(
    "cosines",
    "similarity",
    [{"z": rows(*shape, scale=2)} for shape in [(5, 5), (3, 4), (1, 3), (7, 2)]],
    lambda z: F.cosine_similarity(z[:, None], z[None, :], dim=2),
    {
        "distance": lambda z: 1 - unit(z) @ unit(z).T,
        "batch_axis": lambda z: unit(z, 0) @ unit(z, 0).T,
        "not_normalized": lambda z: z @ z.T,
        "columns": lambda z: unit(z).T @ unit(z),
        "one_side": lambda z: unit(z) @ z.T,
        "whole_matrix": lambda z: z @ z.T / z.square().sum(),
        "no_root": lambda z: (z / z.square().sum(1, keepdim=True)) @ (z / z.square().sum(1, keepdim=True)).T,
        "length_detached": lambda z: (lambda u: u @ u.T)(z / z.norm(dim=1, keepdim=True).detach()),
    },
    ["z"],
)
check(
    "rows_of_zeros",
    "similarity",
    [{"z": torch.tensor([[3.0, 4.0], [0.0, 0.0], [-1.0, 1.0]])}, {"z": torch.zeros(2, 3)}],
    lambda z: unit(z) @ unit(z).T,
    {
        "zero_vector": lambda z: (lambda u: u @ u.T)(z / z.square().sum(1, keepdim=True).sqrt()),
        "epsilon_outside": lambda z: (lambda u: u @ u.T)(z / (z.square().sum(1, keepdim=True).sqrt() + 1e-12)),
    },
    ["z"],
)


# Exercise 6. Rows of different lengths; lightly's loss is the independent implementation.
def logits(z_a, z_b, tau, normalize=True):
    z = torch.cat([z_a, z_b])
    z = F.normalize(z, dim=1) if normalize else z
    return z @ z.T / tau


def info_nce(s, diagonal=-torch.inf, without_positive=False, anchors=None, reduction=torch.mean, cut=lambda x: x):
    s = torch.where(torch.eye(len(s)).bool(), torch.tensor(diagonal), s) if diagonal is not None else s
    partners = (torch.arange(len(s)) + len(s) // 2) % len(s)
    chosen = s.gather(1, partners[:, None])[:, 0]
    below = s.scatter(1, partners[:, None], -torch.inf) if without_positive else s
    return reduction((cut(below.logsumexp(1)) - chosen)[:anchors])


def positive_twice(s):
    s = s.masked_fill(torch.eye(len(s)).bool(), -torch.inf)
    own = s.gather(1, ((torch.arange(len(s)) + len(s) // 2) % len(s))[:, None])
    return (torch.cat([s, own], 1).logsumexp(1) - own[:, 0]).mean()


def across(z_a, z_b, tau):
    return F.normalize(z_a, dim=1) @ F.normalize(z_b, dim=1).T / tau


def both_ways(z_a, z_b, temperature):
    own, s = torch.arange(len(z_a)), across(z_a, z_b, temperature)
    return (F.cross_entropy(s, own) + F.cross_entropy(s.T, own)) / 2


def views_of(count, width, temperature):
    return {"z_a": 1.5 * torch.randn(count, width) + 0.4, "z_b": 0.7 * torch.randn(count, width) + 0.3, "temperature": temperature}


def with_logits(of, **options):
    return lambda z_a, z_b, temperature: of(logits(z_a, z_b, temperature, **options))


alike = torch.full((5, 3), 0.5)
check(
    "views",
    "loss",
    [views_of(4, 6, 0.4), views_of(5, 5, 0.3), views_of(3, 7, 0.7), views_of(7, 3, 0.25), views_of(2, 4, 0.6)]
    + [{"z_a": alike, "z_b": alike, "temperature": 0.3}, views_of(5, 3, 5.0), views_of(130, 2, 0.5)],
    lambda z_a, z_b, temperature: NTXentLoss(temperature)(z_a, z_b),
    {
        "anchor_in_denominator": with_logits(lambda s: info_nce(s, diagonal=None)),
        "diagonal_zero": with_logits(lambda s: info_nce(s, diagonal=0.0)),
        "positive_left_out": with_logits(lambda s: info_nce(s, without_positive=True)),
        "temperature_multiplied": lambda z_a, z_b, temperature: info_nce(logits(z_a, z_b, 1 / temperature)),
        "temperature_forgotten": lambda z_a, z_b, temperature: info_nce(logits(z_a, z_b, 1.0)),
        "only_n_anchors": lambda z_a, z_b, temperature: info_nce(logits(z_a, z_b, temperature), anchors=len(z_a)),
        "other_view_only": both_ways,
        "one_direction": lambda z_a, z_b, temperature: F.cross_entropy(across(z_a, z_b, temperature), torch.arange(len(z_a))),
        "neighbors": with_logits(lambda s: F.cross_entropy(s.masked_fill(torch.eye(len(s)).bool(), -torch.inf), torch.arange(len(s)) ^ 1)),
        "temperature_twice": lambda z_a, z_b, temperature: info_nce(logits(z_a, z_b, temperature**2)),
        "positive_twice": with_logits(lambda s: positive_twice(s)),
        "sum": with_logits(lambda s: info_nce(s, reduction=torch.sum)),
        "no_minus": with_logits(lambda s: -info_nce(s)),
        "not_normalized": with_logits(info_nce, normalize=False),
        "normalizer_detached": with_logits(lambda s: info_nce(s, cut=torch.detach)),
        "second_view_detached": lambda z_a, z_b, temperature: info_nce(logits(z_a, z_b.detach(), temperature)),
    },
    ["z_a", "z_b"],
)


def cold_views(count, width, temperature):
    z = F.normalize(torch.randn(count, width), dim=1)
    swapped = z.clone()
    swapped[0], swapped[1] = z[1], z[0]
    return {"z_a": z + 0.02 * torch.randn(count, width), "z_b": swapped, "temperature": temperature}


def by_exponentials(of):
    """As `info_nce`, but with exponentials that leave f32."""

    def loss(s):
        partners = (torch.arange(len(s)) + len(s) // 2) % len(s)
        below = torch.where(torch.eye(len(s)).bool(), torch.tensor(-torch.inf), s).exp().sum(1)
        return of(s.gather(1, partners[:, None])[:, 0], below).mean()

    return with_logits(loss)


def vectors(*rows):
    return torch.tensor(rows)


check(
    "cold",
    "loss",
    [cold_views(4, 6, 0.01), cold_views(5, 3, 0.05), cold_views(3, 8, 0.04)],
    lambda z_a, z_b, temperature: NTXentLoss(temperature)(z_a, z_b),
    {
        "overflow": by_exponentials(lambda chosen, below: below.log() - chosen),
        "overflow_of_a_ratio": by_exponentials(lambda chosen, below: -(chosen.exp() / below).log()),
    },
    ["z_a", "z_b"],
    2e-5,
)


# Rows whose logits all lie far below the greatest of the others; a positive that is opposite to its anchor.
check(
    "opposites",
    "loss",
    [
        {"z_a": vectors([1.0, 0.0], [-0.3, 0.95]), "z_b": vectors([-1.0, -0.1], [-0.35, 0.9]), "temperature": 0.01},
        {"z_a": vectors([1.0, 0.0]), "z_b": vectors([-1.0, 0.0]), "temperature": 0.01},
    ],
    lambda z_a, z_b, temperature: NTXentLoss(temperature)(z_a, z_b),
    {},
    ["z_a", "z_b"],
    2e-5,
)


# A row of zeros has cosine 0 with all others, whichever small ε keeps its length from being 0.
zero_row = vectors([0.0, 0.0], [1.0, 0.5], [-0.2, 0.7])
check(
    "zero_row",
    "loss",
    [{"z_a": zero_row, "z_b": vectors([0.3, 0.1], [0.9, 0.4], [0.1, 0.8]), "temperature": 0.5}],
    lambda z_a, z_b, temperature: info_nce((lambda u: u @ u.T)(unit(torch.cat([z_a, z_b]))) / temperature),
    {"not_a_number": with_logits(lambda s: info_nce(s) * torch.nan)},
    [],
)


# Exercise 7. Neither α = 1 nor 2 alone, so that no fixed power gives the same.
def alignment(z_a, z_b, alpha, normalize=lambda z: F.normalize(z, dim=1), of=lambda d, alpha: d.pow(alpha).mean()):
    return of((normalize(z_a) - normalize(z_b)).norm(dim=1), alpha)


check(
    "aligned",
    "alignment",
    [{"z_a": rows(*shape), "z_b": rows(*shape), "alpha": alpha} for shape, alpha in [((4, 6), 3.0), ((1, 3), 2.0), ((5, 5), 1.5), ((7, 2), 2.0)]]
    + [apart(lambda: {"z_a": rows(6, 3), "z_b": rows(6, 3), "alpha": 1.0}), apart(lambda: {"z_a": rows(3, 4), "z_b": rows(3, 4), "alpha": 2.5})],
    alignment,
    {
        "alpha_forgotten": lambda **c: alignment(**c, of=lambda d, alpha: d.mean()),
        "alpha_two": lambda **c: alignment(**c, of=lambda d, alpha: d.square().mean()),
        "power_of_square": lambda **c: alignment(**c, of=lambda d, alpha: d.square().pow(alpha).mean()),
        "not_normalized": lambda **c: alignment(**c, normalize=lambda z: z),
        "power_of_mean": lambda **c: alignment(**c, of=lambda d, alpha: d.mean().pow(alpha)),
        "cosine_distance": lambda z_a, z_b, alpha: (1 - F.cosine_similarity(z_a, z_b)).pow(alpha / 2).mean(),
        "sum": lambda **c: alignment(**c, of=lambda d, alpha: d.pow(alpha).sum()),
    },
    ["z_a", "z_b"],
)


# Views that coincide: at α = 2 and above the gradient there is 0.
def coinciding(count, width, alpha):
    views = {"z_a": rows(count, width), "z_b": rows(count, width), "alpha": alpha}
    views["z_b"][1] = views["z_a"][1]
    return views


check(
    "coinciding",
    "alignment",
    [coinciding(3, 5, 2.0), coinciding(4, 3, 3.0)],
    alignment,
    {"root_of_zero": lambda **c: alignment(**c, of=lambda d, alpha: d.square().sqrt().pow(alpha).mean())},
    ["z_a", "z_b"],
)


# Exercise 8.
def uniformity(z, t, normalize=lambda z: F.normalize(z, dim=1), of=lambda squares, t, n: (-t * squares).exp().mean().log()):
    return of(torch.pdist(normalize(z)).square(), t, len(z))


def with_itself(z, t):
    u = F.normalize(z, dim=1)
    return (-t * (u[:, None] - u[None, :]).square().sum(2)).exp().mean().log()


check(
    "uniform",
    "uniformity",
    [{"z": rows(*shape), "t": t} for shape, t in [((7, 3), 1.5), ((2, 4), 2.0), ((5, 5), 0.7), ((9, 2), 3.0), ((20, 3), 1.0)]],
    uniformity,
    {
        "self_pairs": with_itself,
        "by_n_squared": lambda **c: uniformity(**c, of=lambda squares, t, n: ((-t * squares).exp().sum() / n**2).log()),
        "mean_of_logs": lambda **c: uniformity(**c, of=lambda squares, t, n: (-t * squares).mean()),
        "distance_not_squared": lambda **c: uniformity(**c, of=lambda squares, t, n: (-t * squares.sqrt()).exp().mean().log()),
        "not_normalized": lambda **c: uniformity(**c, normalize=lambda z: z),
        "half_the_exponent": lambda **c: uniformity(**c, of=lambda squares, t, n: (-t * squares / 2).exp().mean().log()),
        "sum": lambda **c: uniformity(**c, of=lambda squares, t, n: (-t * squares).exp().sum().log()),
        "no_log": lambda **c: uniformity(**c, of=lambda squares, t, n: (-t * squares).exp().mean()),
        "t_forgotten": lambda **c: uniformity(**c, of=lambda squares, t, n: (-squares).exp().mean().log()),
        "plus": lambda **c: uniformity(**c, of=lambda squares, t, n: (t * squares).exp().mean().log()),
    },
    ["z"],
)

golden.save()

"""Golden values of lab 06: k-means and NMI from scikit-learn, Sinkhorn from NumPy, losses from PyTorch."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.cluster import KMeans
from sklearn.metrics import normalized_mutual_info_score, pairwise_distances_argmin

from golden import Golden

torch.manual_seed(6)
rng = np.random.default_rng(6)
golden = Golden(__file__)


def drawn(count, width):
    return (rng.normal(size=(count, width)) * rng.uniform(0.3, 3, (count, 1))).astype(np.float32)


# Exercise 1. Three points: how often each is the first, and how often the nearer of the other two is the second. Four, of which the last two
# are drawn from: by their distance to the nearest centroid, which is another one for each of them.
POINTS = np.array([[0.0, 0.0], [0.6, 0.8], [3.0, 0.0]], dtype=np.float32)
FOUR = np.array([[0.0], [10.0], [2.0], [6.0]], dtype=np.float32)


def first(shares=(1 / 3, 1 / 3, 1 / 3), rows=1.0, repeats=1.0):
    return lambda points, k: {
        "share of each point among the first": np.array(shares),
        "all centroids are features (1 is yes)": rows,
        "the same state of rng gives the same (1 is yes)": repeats,
    }


golden.check(
    "first",
    [{"points": POINTS, "k": 2.0}],
    first(),
    {"first_feature_first": first(shares=(1.0, 0.0, 0.0)), "last_feature_first": first(shares=(0.0, 0.0, 1.0)), "random_elsewhere": first(repeats=0.0), "generator_untouched": first(shares=(-1.0, -1.0, -1.0))},
    tolerance=0.04,
)


def rule(number, before=2, repeats=1.0):
    """The last of k centroids is drawn by a rule, those before by d²; from the centroid of number `before` on by that rule."""
    name = "a feature is drawn by (2: d², 1: d, 0: none, each alike, −1: the same, the chosen ones among them, −2: less for greater d, 7: the same each time, whatever rng's state, 8: always the farthest, 9: none of these)"
    return lambda points, k: {name: float(number if k >= before else 2), "the same state of rng gives the same (1 is yes)": repeats if k >= before else 1.0}


golden.check(
    "next",
    [{"points": POINTS, "k": 2.0}, {"points": FOUR, "k": 3.0}, {"points": np.float32(1e-4) * POINTS, "k": 2.0}],
    rule(2),
    {
        "uniform": rule(0),
        "with_replacement": rule(-1),
        "distance_not_squared": rule(1),
        "nearest": rule(-2),
        "farthest": rule(8),
        "generator_untouched": rule(7),
        "random_elsewhere": rule(2, repeats=0.0),
        "third_otherwise": rule(9, before=3),
        "third_not_squared": rule(1, before=3),
        "third_farthest": rule(8, before=3),
        "third_random_elsewhere": rule(2, before=3, repeats=0.0),
    },
    tolerance=0,
)
# Far from each other: three groups of points, and each has a centroid; more centroids than different points.
# Four points that are drawn first, because they lie apart, and two that are left.
golden.check(
    "later",
    [{"points": np.array([[0.0], [300.0], [600.0], [900.0], [10.0], [320.0]], dtype=np.float32), "k": 5.0}],
    lambda points, k: {"a later centroid is drawn by d², too (1 is yes)": 1.0},
    {"another_rule": lambda points, k: {"a later centroid is drawn by d², too (1 is yes)": 0.0}},
    tolerance=0,
)


def spread(groups=1.0, many=1.0, once=1.0, single=1.0):
    return lambda groups_, size: {
        "every group has a centroid (1 is yes)": min(groups, many if groups_ > 3 else 1.0),
        "no feature is a centroid twice, where all are apart (1 is yes)": once,
        "a single centroid is drawn, too (1 is yes)": single,
    }


golden.check(
    "spread_out",
    [{"groups": 3.0, "size": 40.0}, {"groups": 7.0, "size": 11.0}],
    lambda groups, size: spread()(groups, size),
    {
        "groups_missed": lambda groups, size: spread(groups=0.0, once=0.0)(groups, size),
        "many_groups_missed": lambda groups, size: spread(many=0.0, once=0.0)(groups, size),
        "drawn_twice": lambda groups, size: spread(once=0.0)(groups, size),
        "single_not_drawn": lambda groups, size: spread(single=0.0)(groups, size),
    },
    tolerance=0,
)
golden.check(
    "coinciding",
    [{"count": 5.0, "k": 3.0}, {"count": 4.0, "k": 4.0}],
    lambda count, k: {"centroids": k, "not a number": 0.0, "drawn where all d are 0 (1 is yes)": 1.0},
    tolerance=0,
)


# Exercise 2.
def assigned(distance):
    def of(features, centroids):
        return {"assignments": distance(features.astype(np.float64), centroids.astype(np.float64)).argmin(1).astype(np.uint32)}

    return of


def squares(x, c):
    return ((x[:, None] - c[None]) ** 2).sum(-1)


# Centroids that are features, as after k-means++: their distance is 0, which rounding makes negative.
FROM_FEATURES = {"features": drawn(101, 5) + np.float32(7)}
FROM_FEATURES["centroids"] = FROM_FEATURES["features"][::4].copy()
golden.check(
    "assigned",
    [{"features": drawn(n, d), "centroids": drawn(k, d)} for n, d, k in [(23, 3, 5), (300, 2, 7), (1, 4, 3), (5, 1, 2), (6, 7, 1), (613, 2, 301), (97, 1, 40)]] + [FROM_FEATURES],
    lambda features, centroids: {"assignments": pairwise_distances_argmin(features.astype(np.float64), centroids.astype(np.float64)).astype(np.uint32)},
    {
        "product": assigned(lambda x, c: -(x @ c.T)),
        "cosine": assigned(lambda x, c: -(x / np.linalg.norm(x, axis=1, keepdims=True)) @ (c / np.linalg.norm(c, axis=1, keepdims=True)).T),
        "farthest": assigned(lambda x, c: -squares(x, c)),
        "sum_of_differences": assigned(lambda x, c: np.abs(x[:, None] - c[None]).sum(-1)),
        "length_once": assigned(lambda x, c: (c**2).sum(1) - x @ c.T),
    },
    tolerance=0,
)


# Exercise 3. Full clusters, of which the means are scikit-learn's after one step; one empty cluster, several, the largest twice.
def updated(give="half", divide=lambda members: len(members), empty=True):
    def of(features, assignments, k):
        k = int(k)
        members = [list(np.flatnonzero(assignments == c)) for c in range(k)]
        start = int(np.argmax([len(m) for m in members]))
        for c in range(k):
            if not members[c] and empty:
                sizes = [len(m) for m in members]
                largest = int(np.argmax(sizes)) if give != "last_largest" else k - 1 - int(np.argmax(sizes[::-1]))
                largest = start if give == "start" else largest
                half = len(members[largest]) // 2 if give == "greater_half" else -(-len(members[largest]) // 2)
                if give == "first_half":
                    half = len(members[largest]) // 2
                    members[c], members[largest] = members[largest][:half], members[largest][half:]
                elif give == "copy":
                    members[c] = members[largest]
                elif give == "one":
                    members[c], members[largest] = members[largest][-1:], members[largest][:-1]
                elif give == "shared":
                    members[c] = members[largest][half:]
                else:
                    members[c], members[largest] = members[largest][half:], members[largest][:half]
        with np.errstate(invalid="ignore"):
            sums = np.stack([features[m].astype(np.float64).sum(0) for m in members])
            counts = np.array([divide(m) for m in members], dtype=np.float64)[:, None]
            return {"centroids": np.where(counts == 0, NOTHING if empty == "origin" else np.nan, sums / np.where(counts == 0, np.nan, counts)).astype(np.float32)}

    return of


NOTHING = 0.0


def left_at(value):
    def of(features, assignments, k):
        means = updated(empty=False)(features, assignments, k)["centroids"]
        return {"centroids": np.where(np.isnan(means), np.float32(value), means)}

    return of


def update_case(count, width, assignments, k):
    return {"features": drawn(count, width), "assignments": np.array(assignments, dtype=np.int64), "k": float(k)}


full = update_case(9, 2, [0, 2, 1, 1, 0, 2, 2, 1, 2], 3)
step = KMeans(3, init=np.stack([full["features"][full["assignments"] == c].mean(0) for c in range(3)]), n_init=1, max_iter=1).fit(full["features"])
assert step.cluster_centers_.shape == (3, 2)
golden.check(
    "updated",
    [
        full,
        update_case(7, 3, [3, 3, 0, 3, 0, 3, 3], 4),
        update_case(8, 2, [1, 1, 4, 4, 4, 1, 1, 4], 5),
        update_case(11, 1, [2] * 11, 3),
        update_case(3, 4, [0, 0, 0], 3),
        update_case(5, 2, [0, 0, 0, 0, 0], 1),
    ],
    updated(),
    {
        "not_a_number": updated(empty=False),
        "at_the_origin": left_at(0),
        "first_half": updated(give="first_half"),
        "copy_of_the_largest": updated(give="copy"),
        "one_member": updated(give="one"),
        "greater_half": updated(give="greater_half"),
        "largest_of_the_start": updated(give="start"),
        "members_in_both": updated(give="shared"),
        "last_of_the_largest": updated(give="last_largest"),
        "summed": updated(divide=lambda m: 1),
        "divided_by_all": lambda features, assignments, k: {"centroids": (updated(divide=lambda m: 1)(features, assignments, k)["centroids"] / len(features)).astype(np.float32)},
    },
    tolerance=1e-5,
)


# Exercise 4. What is counted in the order: places of each cluster, how often an image comes at least and at most in each; chance by replay.
def balance(places=None, least=None, most=None, shuffled=1.0, repeats=1.0, differs=1.0):
    def found(assignments, k, n):
        k, n = int(k), int(n)
        sizes = np.array([(assignments == c).sum() for c in range(k)])
        filled = np.flatnonzero(sizes)
        right = np.zeros(k)
        right[filled] = n // len(filled) + (np.arange(len(filled)) < n % len(filled))
        given = right if places is None else places(sizes, n, right)
        with np.errstate(divide="ignore", invalid="ignore"):
            low = np.where(sizes > 0, np.floor(given / sizes), 0)
            high = np.where(sizes > 0, np.ceil(given / sizes), 0)
        return {
            "all places of each cluster": given.astype(np.float64),
            "least times that an image of each comes": low if least is None else least(sizes, given, low),
            "most times that an image of each comes": high if most is None else most(sizes, given, high),
            "clusters come in no order (1 is yes)": shuffled,
            "the same state of rng gives the same (1 is yes)": repeats,
            "another state gives another order (1 is yes)": differs,
        }

    return found


def left_over(sizes, n, takes, all_of_it):
    """Equal shares of the clusters that are not empty, and what is left over for those that take it."""
    filled = sizes > 0
    rest = n % filled.sum()
    return np.where(filled, n // filled.sum() + takes * (rest if all_of_it else 1), 0)


def balance_case(sizes, n):
    assignments = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    return {"assignments": assignments.astype(np.int64), "k": float(len(sizes)), "n": float(n)}


golden.check(
    "balanced",
    [balance_case([90, 3, 0, 12], 101), balance_case([5, 70, 31], 65), balance_case([0, 40, 1, 0, 7], 121)],
    balance(),
    {
        "in_order": balance(shuffled=0.0),
        "remainder_to_the_first": balance(places=lambda sizes, n, right: left_over(sizes, n, np.arange(len(sizes)) == np.flatnonzero(sizes)[0], True)),
        "remainder_to_the_last": balance(places=lambda sizes, n, right: left_over(sizes, n, np.cumsum(sizes[::-1] > 0)[::-1] <= n % (sizes > 0).sum(), False)),
        "empty_clusters_counted": balance(places=lambda sizes, n, right: np.where(sizes > 0, n // len(sizes) + (np.arange(len(sizes)) < n % len(sizes)), 0)),
        "generator_untouched": balance(differs=0.0),
        "random_elsewhere": balance(repeats=0.0),
    },
    tolerance=0,
)
def extra(which, right=1.0, apart=None):
    """Who comes once more; for mistakes, whether two are together as often by chance where only one comes, and two clusters apart."""

    def found(size, places):
        more = int(places % size)
        return {
            "share of orders in which each image comes once more than others": which(int(size), more),
            "the first two images come once more together as often as they should (1 is yes)": float(right or more < 2),
            "two clusters have the same places as often as they should (1 is yes)": float(right if apart is None else apart(more)),
        }

    return found


alike = lambda size, more: np.full(size, more / size)
golden.check(
    "extra_images",
    [{"size": 5.0, "places": 2.0}, {"size": 7.0, "places": 10.0}, {"size": 4.0, "places": 5.0}],
    extra(alike),
    {
        "always_the_same": extra(lambda size, more: (np.arange(size) < more).astype(np.float64), 0.0),
        "neighbors": extra(alike, 0.0, lambda more: more < 2),
        "one_draw_for_all_clusters": extra(alike, 1.0, lambda more: 0.0),
    },
    tolerance=0.03,
)


def everywhere(together):
    """Every image is as likely in every place, and in each two places `together` is the chance of the same image."""

    def found(images, n):
        images, n = int(images), int(n)
        same = np.array([[together(a, b, images, n) if b < a else 0.0 for b in range(n)] for a in range(n)])
        return {"share of each image in each place": np.full((n, images), 1 / images), "share of orders in which each two places hold the same image": same}

    return found


golden.check(
    "all_places",
    [{"images": 2.0, "n": 4.0}, {"images": 2.0, "n": 6.0}, {"images": 3.0, "n": 3.0}],
    everywhere(lambda a, b, images, n: (n // images - 1) / (n - 1)),
    {
        "in_turns": everywhere(lambda a, b, images, n: 0.0 if a // images == b // images else 1 / images),
    },
    tolerance=0.02,
)
golden.check(
    "few_places",
    [{"assignments": np.array([0, 2, 4, 2, 3, 4, 0], dtype=np.int64), "k": 5.0, "n": 3.0}, {"assignments": np.array([1, 0, 1], dtype=np.int64), "k": 2.0, "n": 1.0}],
    lambda assignments, k, n: {"places of each cluster": (np.isin(np.arange(int(k)), np.unique(assignments)[: int(n)])).astype(np.float64), "places of no images": 0.0},
    tolerance=0,
)


# Exercise 5. Independent, the same up to names, names that are far apart, one label each, one label on one side.
def information(a, b):
    (_, a), (_, b) = np.unique(a, return_inverse=True), np.unique(b, return_inverse=True)
    joint = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(joint, (a, b), 1)
    pa, pb, joint = joint.sum(1) / len(a), joint.sum(0) / len(a), joint / len(a)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = joint * np.log(joint / np.outer(pa, pb))
        entropies = [-np.nansum(p * np.log(p)) for p in (pa, pb)]
    return np.nansum(terms), *entropies


def nmi(normalize, guarded=True):
    def of(a, b):
        i, ha, hb = information(a, b)
        if ha == 0 or hb == 0:
            return {"NMI": float(ha == hb) if guarded else math.nan}
        return {"NMI": float(normalize(i, ha, hb))}

    return of


def labels(count, classes):
    return rng.integers(0, classes, count).astype(np.int64)


def pairs_taken_for_each_other(first, second):
    """Two pairs of labels that some number made of a pair takes for each other, among the two that they would be mixed up with."""
    a, b = [first[0], second[0], first[0], second[0], first[0]], [first[1], second[1], second[1], first[1], first[1]]
    return {"a": np.array(a, dtype=np.int64), "b": np.array(b, dtype=np.int64)}


def labels_case(count, classes, clusters, noise):
    a = labels(count, classes)
    return {"a": a, "b": np.where(rng.random(count) < noise, labels(count, clusters), (3 * a + 1) % clusters)}


golden.check(
    "nmi",
    [
        labels_case(200, 4, 7, 0.3),
        labels_case(31, 3, 2, 0.6),
        labels_case(97, 10, 10, 0.0),
        {"a": np.array([7, 7, 900, 3], dtype=np.int64), "b": np.array([1, 1, 0, 0], dtype=np.int64)},
        {"a": np.array([5, 5, 5], dtype=np.int64), "b": np.array([2, 2, 2], dtype=np.int64)},
        {"a": np.array([0, 0, 0, 0, 0], dtype=np.int64), "b": np.array([2, 1, 2, 0, 1], dtype=np.int64)},
        {"a": np.array([1, 0, 4, 1], dtype=np.int64), "b": np.array([6, 6, 6, 6], dtype=np.int64)},
        # Shares of 1/49 do not add up to 1.
        {"a": np.zeros(49, dtype=np.int64), "b": np.full(49, 3, dtype=np.int64)},
        {"a": np.arange(49) % 3, "b": np.zeros(49, dtype=np.int64)},
        {"a": np.zeros(10, dtype=np.int64), "b": np.arange(10) // 4},
        # Labels and pairs that are one in eight or sixteen bits, or side by side.
        {"a": np.array([1, 11, 1, 11, 257, 65537, 257, 1], dtype=np.int64), "b": np.array([12, 2, 2, 12, 258, 2, 258, 65548], dtype=np.int64)},
        # Pairs that a number such as 10 · a + b would take for each other, and the greatest label there is.
        {"a": np.array([1, 2, 2, 1, 2, 1, 1], dtype=np.int64), "b": np.array([12, 2, 12, 2, 2, 12, 2], dtype=np.int64)},
        *(pairs_taken_for_each_other(*pairs) for pairs in [((1, 100), (2, 0)), ((1, 1000), (2, 0)), ((1, 10**6), (2, 0)), ((0, 2**16), (1, 0)), ((0, 31), (1, 0)), ((104729, 0), (0, 7919))]),
        {"a": np.array([2**32 - 1, 0, 2**32 - 1, 5], dtype=np.int64), "b": np.array([1, 0, 1, 2**32 - 1], dtype=np.int64)},
    ],
    lambda a, b: {"NMI": float(normalized_mutual_info_score(a, b, average_method="geometric")) if len(set(a)) > 1 or len(set(b)) > 1 else 1.0},
    {
        "not_normalized": nmi(lambda i, a, b: i),
        "arithmetic": nmi(lambda i, a, b: 2 * i / (a + b)),
        "smaller_entropy": nmi(lambda i, a, b: i / min(a, b)),
        "greater_entropy": nmi(lambda i, a, b: i / max(a, b)),
        "product": nmi(lambda i, a, b: i / (a * b)),
        "first_entropy": nmi(lambda i, a, b: i / a),
        "second_entropy": nmi(lambda i, a, b: i / b),
        "base_2": nmi(lambda i, a, b: i / np.log(2) / np.sqrt(a * b)),
        "one_label_forgotten": nmi(lambda i, a, b: i / np.sqrt(a * b), guarded=False),
        "purity": lambda a, b: {"NMI": float(sum(np.unique(a[b == c], return_counts=True)[1].max() for c in set(b)) / len(a))},
        "agreement": lambda a, b: {"NMI": float((a == b).mean())},
    },
    tolerance=1e-6,
)


# Exercise 6. Small scores and large ones, some of which overflow without the maximum.
def codes(order="cr", maximum="all", iterations_of=lambda n: n, scale=lambda s, e: s / e, uniform=False, cut=torch.detach, divide=torch.sum):
    def of(scores, epsilon, iterations):
        s = cut(scores).double()
        m = {"all": s.max(), "row": s.max(1, keepdim=True).values, "column": s.max(0, keepdim=True).values}[maximum]
        q = torch.exp(scale(s - m, epsilon))
        for _ in range(iterations_of(int(iterations))):
            for axis in order:
                q = q / divide(q, 0 if axis == "c" else 1, keepdim=True)
        return {"codes": (q / (len(q) if uniform else 1)).float()}

    return of


def scores_case(batch, prototypes, epsilon, iterations, scale=0.2):
    return {"scores": scale * torch.randn(batch, prototypes), "epsilon": epsilon, "iterations": float(iterations)}


# A column whose sum is small beside any ε that is added to it.
LOW = {"scores": torch.tensor([[0.0, -1.8], [-0.1, -2.0], [-0.05, -1.9]]), "epsilon": 0.05, "iterations": 3.0}
golden.check(
    "codes",
    [scores_case(7, 3, 0.05, 3), scores_case(4, 11, 0.1, 1), scores_case(1, 5, 0.05, 2), scores_case(6, 2, 0.5, 5), scores_case(9, 4, 0.2, 2, 0.6), scores_case(5, 4, 0.1, 9, 0.6), LOW],
    codes(),
    {
        "softmax": codes(iterations_of=lambda n: 1, order="r"),
        "rows_first": codes(order="rc"),
        "row_maximum": codes(maximum="row"),
        "one_iteration": codes(iterations_of=lambda n: 1),
        "one_more_iteration": codes(iterations_of=lambda n: n + 1),
        "one_iteration_less": codes(iterations_of=lambda n: n - 1),
        "means_for_sums": codes(divide=torch.mean),
        "hard_codes": lambda scores, epsilon, iterations: {"codes": F.one_hot(codes()(scores, epsilon, iterations)["codes"].argmax(1), scores.shape[1]).float()},
        "columns_only": codes(order="c"),
        "multiplied": codes(scale=lambda s, e: s * e),
        "divided_by_the_batch": codes(uniform=True),
        "gradient_left_on": codes(cut=lambda x: x),
    },
    leaks=["scores"],
)
golden.check(
    "large_scores",
    [
        {"scores": torch.linspace(0, 1, 15).reshape(5, 3) + torch.tensor([[9.0, 9.0, 9.3]]), "epsilon": 0.05, "iterations": 3.0},
        # Each row and each column has a greatest score of its own, far from all others.
        {"scores": 10 * torch.eye(4) + 0.2 * torch.rand(4, 4), "epsilon": 0.05, "iterations": 2.0},
        {"scores": torch.linspace(0, 1, 14).reshape(7, 2) - 60, "epsilon": 0.05, "iterations": 3.0},
    ],
    codes(),
    {"overflow": lambda scores, epsilon, iterations: {"codes": torch.full_like(scores, math.nan)}},
    tolerance=1e-4,
)


# Exercise 7.
def swapped(pairs=lambda sa, sb, qa, qb: [(sa, qb), (sb, qa)], divide=2, cut=torch.detach, log=None):
    def of(scores_a, scores_b, codes_a, codes_b, temperature):
        terms = [-(cut(q) * (log or (lambda x: F.log_softmax(x, 1)))(s / temperature)).sum(1).mean() for s, q in pairs(scores_a, scores_b, codes_a, codes_b)]
        return {"loss": sum(terms) / divide}

    return of


def swap_case(batch, prototypes, temperature, scale=1.0):
    return {f"scores_{v}": scale * torch.randn(batch, prototypes) for v in "ab"} | {f"codes_{v}": torch.softmax(3 * torch.randn(batch, prototypes), 1) for v in "ab"} | {"temperature": temperature}


golden.check(
    "swapped",
    [swap_case(5, 3, 0.1), swap_case(1, 7, 0.5), swap_case(4, 11, 1.7), swap_case(3, 2, 0.1, 20.0), swap_case(37, 5, 0.2)],
    swapped(),
    {
        "not_swapped": swapped(pairs=lambda sa, sb, qa, qb: [(sa, qa), (sb, qb)]),
        "summed": swapped(divide=1),
        "one_direction": swapped(pairs=lambda sa, sb, qa, qb: [(sa, qb)], divide=1),
        "gradient_into_codes": swapped(cut=lambda x: x),
        "temperature_multiplied": lambda temperature, **case: swapped()(temperature=1 / temperature, **case),
        "temperature_ignored": lambda temperature, **case: swapped()(temperature=1.0, **case),
        "divided_by_prototypes": lambda scores_a, **case: {"loss": swapped()(scores_a=scores_a, **case)["loss"] / scores_a.shape[1]},
        "summed_over_the_batch": lambda scores_a, **case: {"loss": swapped()(scores_a=scores_a, **case)["loss"] * len(scores_a)},
        "sign": swapped(divide=-2),
        "softmax_over_the_batch": swapped(log=lambda x: F.log_softmax(x, 0)),
        "logarithm_of_softmax": swapped(log=lambda x: torch.log(torch.softmax(x, 1))),
        "temperature_outside": lambda temperature, **case: {"loss": swapped()(temperature=1.0, **case)["loss"] / temperature},
    },
    gradients=["scores_a", "scores_b"],
    leaks=["codes_a", "codes_b"],
)


# Exercise 8. Clusters of all sizes; of one member; empty.
def tightness(power=1, sizes=lambda z, a: z * np.log(z + a), single="max", clip=(10, 90), scale="mean", root=False, method="linear", last=False):
    def of(features, centroids, assignments, alpha, temperature):
        d = np.linalg.norm(features.astype(np.float64) - centroids.astype(np.float64)[assignments.astype(int)], axis=1) ** power
        values = np.full(len(centroids), np.nan)
        for c in range(len(centroids)):
            own = d[assignments == c]
            if len(own) > (single != "kept"):
                values[c] = (math.sqrt((own**2).mean()) * len(own) if root else own.sum()) / sizes(len(own), alpha)
        values[np.isnan(values)] = {"max": np.nanmax(values), "kept": np.nanmax(values), "zero": 0.0, "mean": np.nanmean(values)}[single]
        factor = lambda: {"mean": temperature / values.mean(), "τ": temperature, "none": 1.0}[scale]
        if last:
            values = values * factor()
        if clip:
            values = np.clip(values, *(np.percentile(values, percent, method=method) for percent in clip))
        return {"φ": (values if last else values * factor()).astype(np.float32)}

    return of


def cluster_case(sizes, width, alpha, temperature):
    assignments = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    spread = rng.uniform(0.2, 2, (len(sizes), 1))[assignments]
    centroids = drawn(len(sizes), width)
    return {
        "features": (centroids[assignments] + spread * rng.normal(size=(len(assignments), width))).astype(np.float32),
        "centroids": centroids,
        "assignments": assignments.astype(np.int64),
        "alpha": alpha,
        "temperature": temperature,
    }


# Members that are all at their centroid: φ is 0, and not unknown.
still = cluster_case([9, 4, 3, 12, 2, 1, 7], 3, 10.0, 0.2)
still["features"][still["assignments"] == 2] = still["centroids"][2]
golden.check(
    "concentrations",
    [still, cluster_case([9, 4, 1, 12, 2, 7, 30], 3, 10.0, 0.2), cluster_case([5, 0, 2, 17], 2, 10.0, 0.1), cluster_case([3, 8], 5, 1.0, 0.5), cluster_case(list(range(1, 14)), 2, 10.0, 0.2), cluster_case([6], 3, 10.0, 0.2)],
    tightness(),
    {
        "squared_distances": tightness(power=2),
        "number_forgotten": tightness(sizes=lambda z, a: np.log(z + a)),
        "logarithm_forgotten": tightness(sizes=lambda z, a: z),
        "alpha_forgotten": tightness(sizes=lambda z, a: z * np.log(z)),
        "singles_zero": tightness(single="zero"),
        "singles_mean": tightness(single="mean"),
        "not_clipped": tightness(clip=None),
        "clipped_at_quartiles": tightness(clip=(25, 75)),
        "not_scaled": tightness(scale="none"),
        "times_tau": tightness(scale="τ"),
        "clipped_last": tightness(last=True),
        "upper_only": tightness(clip=(0, 90)),
        "lower_only": tightness(clip=(10, 100)),
        "nearest_percentile": tightness(method="nearest"),
        "lower_percentile": tightness(method="lower"),
        "singles_kept": tightness(single="kept"),
        "root_of_squares": tightness(root=True),
        "alpha_outside": tightness(sizes=lambda z, a: z * (np.log(z) + a)),
    },
    tolerance=2e-5,
)


# Exercise 9.
def cross_entropy(logits, own):
    return F.cross_entropy(logits, own, reduction="none")


def proto(logits=lambda z, c, phi: z @ c.T / phi, cut=torch.detach, reduce=lambda losses: losses.mean(), losses=cross_entropy):
    def of(z, prototypes, assignments, φ):
        own = torch.as_tensor(np.asarray(assignments).astype(np.int64))
        return {"loss": reduce(losses(logits(z, cut(prototypes), cut(φ)), own))}

    return of


def proto_case(batch, width, clusters):
    return {"z": torch.randn(batch, width), "prototypes": torch.randn(clusters, width), "assignments": labels(batch, clusters), "φ": torch.rand(clusters) + 0.2}


unit = lambda x: F.normalize(x, dim=1)
# Logits of some hundreds: a probability is 0 in single precision, and its logarithm is none.
COLD = proto_case(3, 2, 5)
COLD["z"] *= 60
golden.check(
    "proto_nce",
    [proto_case(5, 3, 7), proto_case(1, 4, 2), proto_case(11, 2, 3), proto_case(6, 5, 4), proto_case(41, 3, 6), COLD],
    proto(),
    {
        "one_temperature": proto(logits=lambda z, c, phi: z @ c.T / phi.mean()),
        "temperature_of_the_own": lambda z, prototypes, assignments, φ: proto(logits=lambda z, c, phi: z @ c.T / phi[torch.as_tensor(np.asarray(assignments).astype(np.int64))][:, None])(z, prototypes, assignments, φ),
        "multiplied": proto(logits=lambda z, c, phi: z @ c.T * phi),
        "temperature_forgotten": proto(logits=lambda z, c, phi: z @ c.T),
        "gradient_into_prototypes": proto(cut=lambda x: x),
        "normalized": proto(logits=lambda z, c, phi: unit(z) @ unit(c).T / phi),
        "summed": proto(reduce=lambda losses: losses.sum()),
        "sign": proto(reduce=lambda losses: -losses.mean()),
        "logarithm_of_softmax": proto(losses=lambda logits, own: -torch.log(torch.softmax(logits, 1)).gather(1, own[:, None])[:, 0]),
        "softmax_over_the_batch": proto(losses=lambda logits, own: -torch.log_softmax(logits, 0).gather(1, own[:, None])[:, 0]),
        "own_left_out": proto(losses=lambda logits, own: torch.logsumexp(logits.scatter(1, own[:, None], -math.inf), 1) - logits.gather(1, own[:, None])[:, 0]),
        "temperature_outside": lambda z, prototypes, assignments, φ: proto(logits=lambda z, c, phi: z @ c.T, losses=lambda logits, own: -(torch.log_softmax(logits, 1) / φ.detach()).gather(1, own[:, None])[:, 0])(z, prototypes, assignments, φ),
        "distances": proto(logits=lambda z, c, phi: -((z[:, None] - c) ** 2).sum(-1) / phi),
    },
    gradients=["z"],
    leaks=["prototypes", "φ"],
)

golden.save()

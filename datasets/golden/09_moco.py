"""Golden values of lab 09, from PyTorch: losses by `cross_entropy`, steps by `torch.nn`, ring and bank in NumPy, one row after the other."""

import itertools

import numpy as np
import torch
import torch.nn.functional as F

from golden import Golden, apart
from networks import BUFFERS, WEIGHTS, Network, twins_case

torch.manual_seed(9)
golden = Golden(__file__)


def unit(x):
    return x / (x.square().sum(-1, keepdim=True) + 1e-12).sqrt()


def mean(t, q, m):
    return m * t + (1 - m) * q


# Exercise 1.
def followed(weights=mean, buffers=mean):
    def after(momentum, **twins):
        values = {}
        for name in WEIGHTS + BUFFERS:
            query = twins[f"query.{name}"]
            follow = weights if name in WEIGHTS else buffers
            values |= {f"key.{name}": follow(twins[f"key.{name}"], query, momentum), f"query.{name}": query}
        return values

    return after


def encoders(inputs, width):
    return twins_case(inputs, width, ("query", "key"))


golden.check(
    "followed",
    [encoders(3, 2) | {"momentum": 0.9}, encoders(2, 5) | {"momentum": 0.25}, encoders(4, 1) | {"momentum": 0.0}, encoders(1, 3) | {"momentum": 1.0}],
    followed(),
    {
        "momentum_reversed": followed(*2 * [lambda t, q, m: (1 - m) * t + m * q]),
        "copied": followed(*2 * [lambda t, q, m: q]),
        "left_alone": followed(*2 * [lambda t, q, m: t]),
        "buffers_left_alone": followed(buffers=lambda t, q, m: t),
        "buffers_copied": followed(buffers=lambda t, q, m: q),
        "weights_left_alone": followed(weights=lambda t, q, m: t),
        "old_forgotten": followed(*2 * [lambda t, q, m: (1 - m) * q]),
        "new_added_whole": followed(*2 * [lambda t, q, m: m * t + q]),
    },
    tolerance=1e-6,
)

# Encoders of two blocks with layers of the same names: how far the key encoder is from where it should be.
golden.check("two_blocks_followed", [{"momentum": 0.7}, {"momentum": 0.2}], lambda momentum: {"greatest distance from the mean": 0.0}, tolerance=1e-6)


# Exercise 2. Several batches after each other: around the end, exactly to the end, as many as there are places.
def queue_case(size, width, start, batches):
    keys = {f"batch{i}": torch.randn(batch, width) for i, batch in enumerate(batches)}
    return {"keys": torch.randn(size, width), "next": float(start)} | keys


def batches_of(case):
    return [case[name].numpy() for name in sorted(case) if name.startswith("batch")]


def enqueued(place=lambda start, i, size, batch: (start + i) % size, after=lambda start, size, batch: (start + batch) % size, row=lambda i, batch: i):
    def queue(keys, next, **case):
        ring, start = keys.numpy().copy(), int(next)
        for batch in batches_of(case):
            for i in range(len(batch)):
                ring[place(start, i, len(ring), len(batch))] = batch[row(i, len(batch))]
            start = after(start, len(ring), len(batch))
        return {"keys": ring, "next": float(start)}

    return queue


def enqueued_clamped(keys, next, **case):
    """What does not fit before the end is thrown away."""
    ring, start = keys.numpy().copy(), int(next)
    for batch in batches_of(case):
        fits = min(len(batch), len(ring) - start)
        ring[start : start + fits] = batch[:fits]
        start = (start + len(batch)) % len(ring)
    return {"keys": ring, "next": float(start)}


def enqueued_from_the_start(keys, next, **case):
    """A batch that does not fit before the end begins at place 0."""
    ring, start = keys.numpy().copy(), int(next)
    for batch in batches_of(case):
        if start + len(batch) > len(ring):
            start = 0
        ring[start : start + len(batch)] = batch
        start = (start + len(batch)) % len(ring)
    return {"keys": ring, "next": float(start)}


def shifted(keys, next, **case):
    ring = keys.numpy()
    for batch in batches_of(case):
        ring = np.concatenate([ring, batch])[len(batch) :]
    return {"keys": ring, "next": float(next)}


def in_front(keys, next, **case):
    ring = keys.numpy()
    for batch in batches_of(case):
        ring = np.concatenate([batch, ring])[: len(ring)]
    return {"keys": ring, "next": float(next)}


def normalized_keys(keys, next, **case):
    return enqueued()(keys, next, **{name: unit(batch) for name, batch in case.items()})


golden.check(
    "enqueued",
    [queue_case(7, 3, 0, [3, 3, 3]), queue_case(5, 2, 3, [4]), queue_case(6, 1, 2, [4, 5]), queue_case(4, 3, 1, [4]), queue_case(11, 2, 9, [1, 1, 1, 3]), queue_case(5, 2, 3, [2]), apart(lambda: queue_case(70, 3, 50, [40, 25]))],
    enqueued(),
    {
        "place_not_moved": enqueued(after=lambda start, size, batch: start),
        "place_from_the_start": enqueued(place=lambda start, i, size, batch: i),
        "cut_at_the_end": enqueued_clamped,
        "begins_again": enqueued_from_the_start,
        "backwards": enqueued(row=lambda i, batch: batch - 1 - i),
        "newest_replaced": enqueued(place=lambda start, i, size, batch: (start - 1 - i) % size, after=lambda start, size, batch: (start - batch) % size),
        "shifted": shifted,
        "in_front": in_front,
        "one_further": enqueued(after=lambda start, size, batch: (start + 1) % size),
        "normalized_again": normalized_keys,
    },
    tolerance=1e-6,
)


# Exercise 3. Rows of any length, and temperatures other than 1.
def scores_case(batch, width, size, temperature):
    return {"q": torch.randn(batch, width), "k": torch.randn(batch, width), "queue": torch.randn(size, width), "temperature": temperature}


def logits(q, k, queue, temperature, cut=torch.detach, cut_queue=torch.detach):
    own = torch.einsum("nd,nd->n", q, cut(k)).unsqueeze(1)
    return {"logits": torch.cat([own, torch.einsum("nd,kd->nk", q, cut_queue(queue))], 1) / temperature}


def scores(change, **how):
    return lambda q, k, queue, temperature: {"logits": change(logits(q, k, queue, temperature, **how)["logits"])}


def all_pairs(q, k, queue, temperature):
    return {"logits": torch.cat([q @ k.detach().T, q @ queue.detach().T], 1) / temperature}


def own_key_divided(q, k, queue, temperature):
    full = logits(q, k, queue, 1.0)["logits"]
    return {"logits": torch.cat([full[:, :1] / temperature, full[:, 1:]], 1)}


def queue_divided(q, k, queue, temperature):
    full = logits(q, k, queue, 1.0)["logits"]
    return {"logits": torch.cat([full[:, :1], full[:, 1:] / temperature], 1)}


golden.check(
    "logits",
    [scores_case(5, 3, 4, 0.2), scores_case(1, 7, 3, 0.07), scores_case(4, 2, 11, 3.0), scores_case(3, 5, 1, 0.5), scores_case(3, 4, 3, 0.7), scores_case(3, 5, 5, 0.4), scores_case(4, 4, 6, 0.3), apart(lambda: scores_case(33, 20, 70, 0.3)), apart(lambda: scores_case(3, 4, 5, 0.004)), apart(lambda: scores_case(2, 3, 4, 20.0))],
    logits,
    {
        "own_key_last": scores(lambda x: torch.cat([x[:, 1:], x[:, :1]], 1)),
        "own_key_forgotten": scores(lambda x: x[:, 1:]),
        "temperature_forgotten": lambda q, k, queue, temperature: logits(q, k, queue, 1.0),
        "times_temperature": lambda q, k, queue, temperature: logits(q, k, queue, 1 / temperature),
        "temperature_on_the_own_key_only": own_key_divided,
        "temperature_on_the_queue_only": queue_divided,
        "normalized_again": lambda q, k, queue, temperature: logits(unit(q), unit(k), unit(queue), temperature),
        "gradient_into_keys": lambda q, k, queue, temperature: logits(q, k, queue, temperature, cut=lambda x: x),
        "gradient_into_the_queue": lambda q, k, queue, temperature: logits(q, k, queue, temperature, cut_queue=lambda x: x),
        "gradient_into_both": lambda q, k, queue, temperature: logits(q, k, queue, temperature, lambda x: x, lambda x: x),
        "query_detached": lambda q, k, queue, temperature: logits(q.detach(), k, queue, temperature),
        "all_keys_of_the_batch": all_pairs,
        "queue_scored_by_keys": lambda q, k, queue, temperature: {
            "logits": torch.cat([(q * k.detach()).sum(1, keepdim=True), k.detach() @ queue.detach().T], 1) / temperature
        },
    },
    gradients=["q"],
    leaks=["k", "queue"],
)


# Exercise 4.
def loss_of(function):
    return lambda logits: {"loss": function(logits)}


def own(logits):
    return torch.zeros(len(logits), dtype=torch.long)


golden.check(
    "loss",
    [{"logits": torch.randn(5, 4) * 2}, {"logits": torch.randn(1, 7)}, {"logits": torch.randn(3, 2) * 5}, {"logits": torch.randn(4, 300)}, {"logits": apart(lambda: torch.randn(70, 9))}],
    loss_of(lambda x: F.cross_entropy(x, own(x))),
    {
        "summed": loss_of(lambda x: F.cross_entropy(x, own(x), reduction="sum")),
        "sign": loss_of(lambda x: -F.cross_entropy(x, own(x))),
        "last_column": loss_of(lambda x: F.cross_entropy(x, own(x) + x.shape[1] - 1)),
        "diagonal": loss_of(lambda x: F.cross_entropy(x, torch.arange(len(x)).clamp(max=x.shape[1] - 1))),
        "own_key_not_in_the_sum": loss_of(lambda x: (x[:, 1:].logsumexp(1) - x[:, 0]).mean()),
        "over_the_batch": loss_of(lambda x: -F.log_softmax(x, 0)[:, 0].mean()),
        "mean_over_all": loss_of(lambda x: F.cross_entropy(x, own(x)) / x.shape[1]),
        "probability": loss_of(lambda x: -F.softmax(x, 1)[:, 0].mean()),
        "log_of_the_mean": loss_of(lambda x: -F.softmax(x, 1)[:, 0].mean().log()),
        "score_alone": loss_of(lambda x: -x[:, 0].mean()),
    },
    gradients=["logits"],
)
golden.check(
    "loss_of_great_scores",
    [{"logits": torch.tensor([[700.0, 690.0, -800.0], [-500.0, 300.0, 299.0]])}, {"logits": torch.tensor([[-900.0, -900.0, -905.0]])}, {"logits": torch.tensor([[2990.0, 3000.0]])}, {"logits": torch.tensor([[0.5], [-2.0]])}],
    loss_of(lambda x: F.cross_entropy(x, own(x))),
    # A logarithm of sums near 900, less 900, has four digits left behind the point.
    tolerance=2e-4,
    gradients=["logits"],
)


# Exercise 6. No order is its own inverse, and none is a rotation.
def unshuffled(rows):
    return lambda shuffled, order: {"restored": shuffled[torch.from_numpy(rows(order.astype(np.int64)))]}


def order_case(order, *shape):
    return {"shuffled": torch.randn(len(order), *shape), "order": np.array(order, dtype=np.int64)}


golden.check(
    "restored",
    [order_case([2, 0, 3, 1], 2), order_case([3, 2, 0, 5, 4, 1, 6], 3, 1, 2), order_case([0], 3), order_case([4, 2, 1, 0, 3], 1, 2), apart(lambda: order_case(torch.randperm(70).tolist(), 2))],
    unshuffled(np.argsort),
    {
        "shuffled_again": unshuffled(lambda order: order),
        "left_alone": unshuffled(lambda order: np.arange(len(order))),
        "reversed": unshuffled(lambda order: np.arange(len(order))[::-1].copy()),
        "inverse_reversed": unshuffled(lambda order: np.argsort(order)[::-1].copy()),
    },
    tolerance=1e-6,
)


# Exercise 7: weights and running statistics of both encoders, and the queue, after a step of SGD with momentum.
def step_case(batch, size, width, places, start, temperature, momentum, rate):
    inputs = 3 * size * size
    images = {f"view{v}": torch.rand(batch, 3, size, size) + 0.2 * v for v in range(2)}
    queue = {"queue.ring": unit(torch.randn(places, width)), "queue.next": float(start)}
    return encoders(inputs, width) | images | queue | {"temperature": temperature, "momentum": momentum, "learning_rate": rate}


def stepped(swapped=False, key_of_itself=False, key_train=True, query_train=True, update=True, follow=True, follow_first=False, follow_before=False, fill_first=False, fill=True, new_keys=False, queries_remembered=False):
    """Two steps, so that the optimizer's memory counts."""

    def after(temperature, momentum, learning_rate, **state):
        views = [state["view0"], state["view1"]][:: -1 if swapped else 1]
        query, key = Network(state, "query").train(query_train), Network(state, "key").train(key_train)
        optimizer = torch.optim.SGD(query.parameters(), learning_rate, 0.9)
        queue, losses = {"keys": state["queue.ring"], "next": state["queue.next"]}, []

        def following(source):
            with torch.no_grad():
                for name, value in key.state_dict().items():
                    if name in WEIGHTS + BUFFERS:
                        value.copy_(mean(value, source[name], momentum))

        def remember(keys):
            after = enqueued()(queue["keys"], queue["next"], batch0=keys.detach())
            queue.update(keys=torch.from_numpy(np.asarray(after["keys"])), next=after["next"])

        for _ in range(2):
            before = {name: value.clone() for name, value in query.state_dict().items()}
            if follow_before:
                following(before)
            q = unit(query(views[0]))
            k = unit((query if key_of_itself else key)(views[1])).detach()
            if fill_first:
                remember(k)
            loss = F.cross_entropy(logits(q, k, queue["keys"], temperature)["logits"], own(q))
            losses.append(loss.item())
            if update:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            if follow and not follow_before:
                following(before | {name: query.state_dict()[name] for name in BUFFERS} if follow_first else query.state_dict())
            if fill and not fill_first:
                remember(unit(key(views[1])) if new_keys else q if queries_remembered else k)
        weights = query.named("query") | key.named("key")
        return {"losses": np.array(losses)} | weights | {"queue.ring": queue["keys"], "queue.next": np.array([queue["next"]], dtype=np.float32)}

    return after


golden.check(
    "after_a_step",
    [step_case(5, 2, 3, 7, 4, 0.3, 0.9, 0.5), step_case(3, 1, 4, 11, 0, 0.5, 0.5, 0.8), step_case(4, 1, 2, 5, 3, 1.5, 0.99, 0.3)],
    stepped(),
    {
        "views_swapped": stepped(swapped=True),
        "keys_by_the_query_encoder": stepped(key_of_itself=True),
        "keys_in_evaluation_mode": stepped(key_train=False),
        "queries_in_evaluation_mode": stepped(query_train=False),
        "both_in_evaluation_mode": stepped(query_train=False, key_train=False),
        "no_update": stepped(update=False),
        "key_encoder_left_alone": stepped(follow=False),
        "follows_before_the_update": stepped(follow_first=True),
        "follows_before_the_keys": stepped(follow_before=True),
        "queue_before_the_loss": stepped(fill_first=True),
        "queue_left_alone": stepped(fill=False),
        "other_keys_remembered": stepped(new_keys=True),
        "queries_remembered": stepped(queries_remembered=True),
    },
    # Where keys meet themselves in the queue, f32 is 2e-5 off f64 after two steps.
    tolerance=1e-4,
)


# Exercise 8. One image, all images, images in any order.
def bank_case(count, width, images, momentum):
    return {"memory": unit(torch.randn(count, width)), "images": np.array(images, dtype=np.int64), "v": torch.randn(len(images), width) * 2, "momentum": momentum}


def remembered(new=lambda m, v, momentum: unit(momentum * m + (1 - momentum) * v), rows=lambda images: images):
    def bank(memory, images, v, momentum):
        after = memory.clone()
        for row, image in enumerate(rows(images.astype(np.int64))):
            after[image] = new(memory[image], v[row], momentum)
        return {"memory": after}

    return bank


def whole_bank(memory, images, v, momentum):
    after = momentum * memory
    for row, image in enumerate(images):
        after[image] += (1 - momentum) * v[row]
    return {"memory": unit(after)}


longer, nothing = bank_case(4, 3, [3, 1], 0.7), bank_case(3, 2, [1, 2], 0.0)
longer["memory"] = 2.5 * longer["memory"]
nothing["v"][0] = 0
long_kept, short = apart(lambda: bank_case(3, 4, [2, 0], 1.0)), apart(lambda: bank_case(5, 3, [1, 4], 0.0))
long_kept["memory"], short["v"] = 2.5 * long_kept["memory"], 1e-4 * short["v"]
golden.check(
    "remembered",
    [bank_case(7, 3, [4, 0, 5], 0.5), bank_case(5, 2, [3], 0.9), bank_case(4, 5, [2, 3, 1, 0], 0.25), bank_case(3, 4, [1, 2], 0.0), bank_case(3, 2, [2, 0], 1.0), longer, nothing, apart(lambda: bank_case(90, 3, torch.randperm(90)[:40].tolist(), 0.6)), long_kept, short],
    remembered(),
    {
        "not_normalized": remembered(lambda m, v, momentum: momentum * m + (1 - momentum) * v),
        "momentum_reversed": remembered(lambda m, v, momentum: unit((1 - momentum) * m + momentum * v)),
        "replaced": remembered(lambda m, v, momentum: unit(v)),
        "left_alone": remembered(lambda m, v, momentum: m),
        "v_normalized_first": remembered(lambda m, v, momentum: unit(momentum * m + (1 - momentum) * unit(v))),
        "first_rows": remembered(rows=lambda images: np.arange(len(images))),
        "sorted_images": remembered(rows=np.sort),
        "all_rows": whole_bank,
        "old_forgotten": remembered(lambda m, v, momentum: unit(m + v)),
    },
    tolerance=1e-6,
)


# Exercise 10.
def pirl_case(batch, width, count, temperature, weight):
    tensors = {name: torch.randn(batch, width) for name in ("memory", "patches", "image")}
    return tensors | {"negatives": torch.randn(count, width), "temperature": temperature, "lambda": weight}


def term(v, m, negatives, temperature, cut=torch.detach):
    return F.cross_entropy(logits(v, m, negatives, temperature, cut, cut)["logits"], own(v))


def pirl(of):
    def loss(memory, patches, image, negatives, temperature, **weight):
        nce = lambda v, m, **how: term(v, m, negatives, temperature, **how)
        return {"loss": of(nce, memory, patches, image, weight["lambda"])}

    return loss


golden.check(
    "pirl_loss",
    [pirl_case(5, 3, 4, 0.2, 0.5), pirl_case(1, 7, 2, 0.5, 0.25), pirl_case(4, 2, 9, 1.5, 0.8), pirl_case(3, 5, 3, 0.7, 0.9), apart(lambda: pirl_case(20, 12, 50, 0.4, 0.6))],
    pirl(lambda nce, m, p, i, w: w * nce(p, m) + (1 - w) * nce(i, m)),
    {
        "lambda_reversed": pirl(lambda nce, m, p, i, w: (1 - w) * nce(p, m) + w * nce(i, m)),
        "summed": pirl(lambda nce, m, p, i, w: nce(p, m) + nce(i, m)),
        "halves": pirl(lambda nce, m, p, i, w: (nce(p, m) + nce(i, m)) / 2),
        "patches_only": pirl(lambda nce, m, p, i, w: nce(p, m)),
        "image_only": pirl(lambda nce, m, p, i, w: nce(i, m)),
        "image_instead_of_memory": pirl(lambda nce, m, p, i, w: w * nce(p, i) + (1 - w) * nce(i, m)),
        "gradient_into_memory": pirl(lambda nce, m, p, i, w: w * nce(p, m, cut=lambda x: x) + (1 - w) * nce(i, m, cut=lambda x: x)),
        "memory_is_the_query": pirl(lambda nce, m, p, i, w: w * nce(m, p, cut=lambda x: x) + (1 - w) * nce(m, i, cut=lambda x: x)),
    },
    gradients=["patches", "image"],
    leaks=["memory", "negatives"],
)

golden.check(
    "one_term_only",
    [pirl_case(3, 5, 3, 0.7, 1.0), pirl_case(2, 3, 5, 0.3, 0.0)],
    pirl(lambda nce, m, p, i, w: w * nce(p, m) + (1 - w) * nce(i, m)),
)

# Scores in the hundreds and beyond.
golden.check(
    "great_scores_of_terms",
    [case | {"memory": 20 * case["memory"]} for case in (apart(lambda: pirl_case(4, 3, 5, 0.05, 0.4)), apart(lambda: pirl_case(2, 5, 3, 0.04, 0.7)))],
    pirl(lambda nce, m, p, i, w: w * nce(p, m) + (1 - w) * nce(i, m)),
    tolerance=2e-4,
)


# Exercise 11.
def pair(batch, width, noise):
    a = torch.randn(batch, width) + torch.linspace(0, 3, width)
    return {"a": a, "b": 0.5 * a + noise * torch.randn(batch, width) - 1}


def alike(of):
    return lambda a, b: {"invariance": float(of(a.double(), b.double()))}


def centered(x):
    return x - x.mean(0)


def cosine(a, b):
    return (unit(a) * unit(b)).sum(1).mean()


same = pair(4, 3, 0.0)
# A row that is the mean of all has no direction.
middle = {"a": torch.tensor([[1.5, 0.5], [-0.5, -1.5], [0.5, -0.5]]), "b": torch.tensor([[2.0, 1.0], [1.0, 3.0], [0.5, 0.25]])}
golden.check(
    "invariance",
    [pair(7, 3, 0.4), pair(3, 5, 1.0), pair(300, 2, 2.0), pair(2, 4, 0.3), same, {"a": same["a"], "b": 0.3 * same["a"].flip(0) - same["a"]}, middle, {name: 1e-4 * x for name, x in apart(lambda: pair(5, 3, 0.6)).items()}],
    alike(lambda a, b: cosine(centered(a), centered(b))),
    {
        "not_centered": alike(cosine),
        "one_side_centered": alike(lambda a, b: cosine(centered(a), b)),
        "centered_together": alike(lambda a, b: cosine(*(x - (a + b).mean(0) / 2 for x in (a, b)))),
        "centered_within_rows": alike(lambda a, b: cosine(a - a.mean(1, keepdim=True), b - b.mean(1, keepdim=True))),
        "one_mean_for_all": alike(lambda a, b: cosine(a - a.mean(), b - b.mean())),
        "not_normalized": alike(lambda a, b: (centered(a) * centered(b)).sum(1).mean()),
        "summed": alike(lambda a, b: len(a) * cosine(centered(a), centered(b))),
        "columns": alike(lambda a, b: cosine(centered(a).T, centered(b).T)),
        "all_pairs": alike(lambda a, b: (unit(centered(a)) @ unit(centered(b)).T).mean()),
        "mean_over_dimensions": alike(lambda a, b: cosine(centered(a), centered(b)) / a.shape[1]),
        "absolute": alike(lambda a, b: (unit(centered(a)) * unit(centered(b))).sum(1).abs().mean()),
    },
    tolerance=1e-4,
)

golden.check("one_picture", [apart(lambda: pair(1, 3, 0.5))], alike(lambda a, b: cosine(centered(a), centered(b))), tolerance=1e-4)

# Exercise 5: how often each order of four rows comes, in the order of `itertools.permutations`.
ORDERS = list(itertools.permutations(range(4)))


def orders(shares, places=None, neighbors=1 / 10, follow=1.0, once=1.0, same=1.0):
    values = {"rows follow the order (1 is yes)": follow, "each row comes once (1 is yes)": once, "the same state of rng gives the same (1 is yes)": same}
    places = np.full((11, 11), 1 / 11) if places is None else places
    of_eleven = {"share of each of 11 rows at each place": places, "share of rows behind their neighbor": neighbors}
    return lambda batch: {"share of each order": np.array(shares, dtype=np.float64)} | of_eleven | values


def share_of(*kinds):
    return [float(order in kinds) / len(kinds) for order in ORDERS]


golden.check(
    "orders",
    [{"batch": 4.0}],
    orders([1 / 24] * 24),
    {
        "not_shuffled": orders(share_of((0, 1, 2, 3)), np.eye(11), 1.0),
        "rotated": orders(share_of(*(tuple((i + k) % 4 for i in range(4)) for k in range(4))), neighbors=1.0),
        "rotated_by_something": orders(share_of(*(tuple((i + k) % 4 for i in range(4)) for k in range(1, 4))), (1 - np.eye(11)) / 10, 1.0),
        "reversed": orders(share_of((3, 2, 1, 0)), np.eye(11)[::-1].copy(), 0.0),
        "inverse_order": orders([1 / 24] * 24, follow=0.0),
        "with_replacement": orders([1 / 256] * 24, neighbors=1 / 11, once=0.0),
        "own_seed": orders([-1.0] * 24, np.full((11, 11), -1.0), -1.0),
    },
    tolerance=0.009,
)
golden.check(
    "larger_batches",
    [{"seed": 4.0}],
    lambda seed: {
        "how far a row moves, of 64": (64**2 - 1) / (3 * 64) / 64,
        "share of even orders of 6 rows": 0.5,
        "a shuffle of 64 rows takes more than 32 bits of rng (1 is yes)": 1.0,
        "batches of any rank (1 is yes)": 1.0,
    },
    tolerance=0.02,
)


# Exercise 7, what chance decides.
def seen(others=1.0, queries=1.0, own=1.0, several=1.0, turned=0.0, same=1.0):
    return lambda batch, seed: {
        "the key encoder sees another order (1 is yes)": others,
        "the query encoder sees the batch as it is (1 is yes)": queries,
        "keys belong to their queries (1 is yes, ½ is another loss)": own,
        "every step draws its own order (1 is yes)": several,
        "the keys are turned only (1 is yes)": turned,
        "the same state of rng gives the same (1 is yes)": same,
    }


golden.check(
    "shuffled_keys",
    [{"batch": 7.0, "seed": 3.0}],
    seen(),
    {
        "keys_not_shuffled": seen(others=0.0, several=0.0, turned=1.0),
        "keys_not_put_back": seen(own=0.0),
        "queries_shuffled_too": seen(queries=0.0),
        "one_order_for_all_steps": seen(several=0.0),
    },
    tolerance=1e-6,
)
golden.check(
    "orders_of_keys",
    [{"seed": 2.0}],
    lambda seed: {
        "share of 7 images that stay where they are": 1 / 7,
        "a step with 20 images takes more than 32 bits of rng (1 is yes)": 1.0,
        "a step draws one order and nothing else (1 is yes)": 1.0,
    },
    tolerance=0.05,
)


# Exercise 9: how often each image and each pair of images are negatives.
def shares(of_image, of_pair, different=1.0, same=1.0):
    def values(images, batch, count):
        every, pairs = range(int(images)), itertools.combinations(range(int(images)), 2)
        others = [i for i in every if i not in batch]
        return {
            "share of each image": np.array([of_image(i, others, int(images), int(count)) for i in every], dtype=np.float64),
            "share of each pair": np.array([of_pair(a, b, others, int(images), int(count)) for a, b in pairs], dtype=np.float64),
            "negatives differ (1 is yes)": different,
            "the same state of rng gives the same (1 is yes)": same,
        }

    return values


def among(candidates):
    """Shares where `count` of the candidates are drawn without putting any back."""
    one = lambda i, others, images, count: float(i in candidates(others, images)) * count / len(candidates(others, images))

    def two(a, b, others, images, count):
        drawn_from = candidates(others, images)
        return float(a in drawn_from and b in drawn_from) * count * (count - 1) / (len(drawn_from) * max(len(drawn_from) - 1, 1))

    return one, two


golden.check(
    "negatives",
    [{"images": 7.0, "batch": np.array([4, 1], dtype=np.int64), "count": 2.0}, {"images": 6.0, "batch": np.array([5, 0, 3], dtype=np.int64), "count": 3.0}, {"images": 8.0, "batch": np.array([3, 0, 3], dtype=np.int64), "count": 2.0}, {"images": 8.0, "batch": np.array([3, 0, 3], dtype=np.int64), "count": 6.0}, {"images": 8.0, "batch": np.array([5, 2], dtype=np.int64), "count": 3.0}],
    shares(*among(lambda others, images: others)),
    {
        "own_images_too": shares(*among(lambda others, images: range(images))),
        "first_images": shares(lambda i, o, n, c: float(i in o[:c]), lambda a, b, o, n, c: float(a in o[:c] and b in o[:c])),
        "places_for_images": shares(*among(lambda others, images: range(len(others)))),
        "first_places_left_out": shares(*among(lambda others, images: range(images - len(others), images))),
        "with_replacement": shares(
            lambda i, o, n, c: float(i in o) * c / len(o),
            lambda a, b, o, n, c: float(a in o and b in o) * (1 - 2 * (1 - 1 / len(o)) ** c + (1 - 2 / len(o)) ** c),
            different=0.0,
        ),
        # Where there is no choice, everything is right.
        "own_seed": shares(
            lambda i, o, n, c: -1.0 if c < len(o) else float(i in o), lambda a, b, o, n, c: -1.0 if c < len(o) else float(a in o and b in o)
        ),
    },
    tolerance=0.016,
)
golden.check(
    "many_images",
    [{"seed": 3.0}],
    lambda seed: {
        "share of the second half": 0.5,
        "none of the batch (1 is yes)": 1.0,
        "10 of 1,000 images take more than 32 bits of rng (1 is yes)": 1.0,
        "negatives if none are asked for": 0.0,
    },
    tolerance=0.04,
)

golden.save()

"""Golden values of lab 02, from PyTorch and NumPy: patches by slicing, normalization by `instance_norm`, puzzles by indexing."""

import numpy as np
import torch
import torch.nn.functional as F

from golden import Golden

torch.manual_seed(2)
rng = np.random.default_rng(2)
golden = Golden(__file__)


# Exercise 1. No two sides are equal; cells that leave a rest; a single image, a single cell, one channel; no jitter is 0 throughout.
def images_case(batch, channels, height, width, grid, patch, gap):
    room = np.array([height // grid, width // grid]) - gap - patch
    jitter = rng.integers(0, room + 1, (batch * grid * grid, 2))
    return {
        "images": torch.rand(batch, channels, height, width),
        "grid": grid,
        "patch": patch,
        "gap": gap,
        "jitter": jitter.astype(np.int64),
    }


def patches_of(place=lambda r, c: (r, c), cell_of=lambda side, grid, gap: side // grid, jitter_of=lambda j, b, t, n, k: j[b * n + t]):
    def patches(images, grid, patch, gap, jitter):
        height, width = (cell_of(side, grid, gap) for side in images.shape[2:])
        cut = []
        for b, image in enumerate(images):
            for t in range(grid * grid):
                row, column = place(t // grid, t % grid)
                dy, dx = jitter_of(jitter, b, t, grid * grid, len(images))
                top, left = row * height + dy, column * width + dx
                cut.append(image[:, top : top + patch, left : left + patch])
        return {"patches": torch.stack(cut).reshape(len(images), grid * grid, -1, patch, patch)}

    return patches


golden.check(
    "patches",
    [
        images_case(2, 3, 17, 23, 3, 3, 1),
        images_case(5, 3, 14, 11, 2, 3, 1),
        images_case(1, 1, 9, 8, 1, 5, 2),
        images_case(3, 2, 26, 28, 4, 3, 0),
    ],
    patches_of(),
    {
        "column_major": patches_of(place=lambda r, c: (c, r)),
        "jitter_swapped": patches_of(jitter_of=lambda j, b, t, n, k: j[b * n + t][::-1]),
        "jitter_forgotten": patches_of(jitter_of=lambda j, b, t, n, k: (0, 0)),
        "jitter_of_the_first_image": patches_of(jitter_of=lambda j, b, t, n, k: j[t]),
        "one_jitter_an_image": patches_of(jitter_of=lambda j, b, t, n, k: j[b * n]),
        "jitter_cell_by_cell": patches_of(jitter_of=lambda j, b, t, n, k: j[t * k + b]),
        "gap_between_cells": patches_of(cell_of=lambda side, grid, gap: side // grid + gap),
        "gap_off_the_cell": patches_of(cell_of=lambda side, grid, gap: side // grid - gap),
        "gap_above_and_left": lambda gap, jitter, **c: patches_of()(gap=gap, jitter=jitter + gap, **c),
        "cells_as_large_as_patches": lambda images, grid, patch, gap, jitter: patches_of(cell_of=lambda *_: patch)(images, grid, patch, gap, jitter),
    },
    tolerance=0,
)


# Exercise 2. No two axes are equal; then a patch without contrast.
def patches_case(*shape):
    return {"patches": 2 * torch.randn(shape) + torch.rand(shape[:3]).reshape(*shape[:3], 1, 1)}


def normalized(patches, axes=(3, 4), correction=0, root=True, epsilon=1e-5, cut=lambda x: x):
    mean, variance = patches.mean(axes, keepdim=True), patches.var(axes, keepdim=True, correction=correction)
    scale = (variance + epsilon).sqrt() if root else variance + epsilon
    return {"normalized": (patches - cut(mean)) / cut(scale)}


def by_instance_norm(patches):
    batch, tiles, channels, size, _ = patches.shape
    flat = F.instance_norm(patches.reshape(batch * tiles, channels, size, size), eps=1e-5)
    return {"normalized": flat.reshape(patches.shape)}


golden.check(
    "normalized",
    [patches_case(2, 4, 3, 5, 5), patches_case(1, 9, 3, 4, 4), patches_case(5, 1, 2, 3, 3), patches_case(3, 3, 3, 3, 3)],
    by_instance_norm,
    {
        "whole_image": lambda patches: normalized(patches, axes=(1, 3, 4)),
        "channels_together": lambda patches: normalized(patches, axes=(2, 3, 4)),
        "whole_batch": lambda patches: normalized(patches, axes=(0, 3, 4)),
        "everything_together": lambda patches: normalized(patches, axes=(0, 1, 2, 3, 4)),
        "sample_variance": lambda patches: normalized(patches, correction=1),
        "not_rooted": lambda patches: normalized(patches, root=False),
        "centered_only": lambda patches: {"normalized": patches - patches.mean((3, 4), keepdim=True)},
        "scaled_only": lambda patches: {"normalized": patches / (patches.var((3, 4), keepdim=True, correction=0) + 1e-5).sqrt()},
        "statistics_detached": lambda patches: normalized(patches, cut=torch.detach),
    },
    gradients=["patches"],
)
flat = patches_case(2, 2, 3, 4, 4)
flat["patches"][1, 0] = 0.5
flat["patches"][0, 1, 2] = 0.0
# An ε outside the root would make these patches 0.06 times as high.
faint = {"patches": 0.0003 * patches_case(1, 3, 2, 5, 5)["patches"]}
golden.check(
    "flat_patches",
    [flat, faint],
    normalized,
    {
        "no_epsilon": lambda patches: normalized(patches, epsilon=0),
        "epsilon_outside": lambda patches: {
            "normalized": (patches - patches.mean((3, 4), keepdim=True)) / (patches.var((3, 4), keepdim=True, correction=0).sqrt() + 1e-5)
        },
    },
    tolerance=1e-4,
    gradients=["patches"],
)


# Exercise 3. All cells of a board around several centers, at its border too; −1 for none.
def numbered(center, neighbor):
    places = {(-1, -1): 0, (-1, 0): 1, (-1, 1): 2, (0, -1): 3, (0, 1): 4, (1, -1): 5, (1, 0): 6, (1, 1): 7}
    return places.get((neighbor[0] - center[0], neighbor[1] - center[1]), -1)


def board(center, size=5):
    cells = np.array([(r, c) for r in range(size) for c in range(size)])
    return {"center": np.array(center), "cells": cells}


def positions(number):
    return lambda center, cells: {"positions, −1 for None": np.array([number(center, cell) for cell in cells], dtype=np.float64)}


def with_center(center, neighbor):
    place = numbered(center, neighbor)
    return place + (place > 3)


def wrapping(center, neighbor):
    """As if numbers below 0 were 0 or began again: distances are taken modulo 3."""
    place = 3 * ((neighbor[0] + 1 - center[0]) % 3) + (neighbor[1] + 1 - center[1]) % 3
    return -1 if place == 4 else place - (place > 4)


# Beyond what a byte holds: one or 256 rows apart is not the same.
far = {"center": np.array([300, 260]), "cells": np.array([(r, c) for r in (44, 299, 300, 301) for c in (4, 259, 260, 261)])}
golden.check(
    "positions",
    [board((1, 1)), board((2, 3)), board((0, 0)), board((4, 2)), board((5, 7), 12), board((6, 0), 12), far],
    positions(numbered),
    {
        "column_major": positions(lambda center, cell: numbered(center[::-1], cell[::-1])),
        "seen_from_the_neighbor": positions(lambda center, cell: numbered(cell, center)),
        "center_counted": positions(with_center),
        "distance_forgotten": positions(wrapping),
        "from_one": positions(lambda center, cell: numbered(center, cell) + (numbered(center, cell) >= 0)),
        "same_cell_numbered": positions(lambda center, cell: 4 if tuple(cell) == tuple(center) else numbered(center, cell)),
        "rows_only": positions(lambda center, cell: numbered(center, cell) if abs(cell[0] - center[0]) + abs(cell[1] - center[1]) < 2 else -1),
    },
    tolerance=0,
)


# Exercise 4. What the check finds out of permutations; by which rule they were chosen: 1 the least distance, 2 the mean, 0 neither.
def found(rule=1.0, permutations=1.0, distinct=1.0, repeats=1.0, differs=1.0, moves=1.0):
    return lambda tiles, count: {
        "each is a permutation of 0 to T − 1 (1 is yes)": permutations,
        "all differ (1 is yes)": distinct,
        "each the farthest from the nearest before it (1 is yes, 2: the greatest mean)": rule,
        "the same state of rng gives the same (1 is yes)": repeats,
        "another state gives others (1 is yes)": differs,
        "the state goes on (1 is yes)": moves,
    }


golden.check(
    "permutations",
    [{"tiles": tiles, "count": count} for tiles, count in [(5, 12), (6, 25), (7, 1), (6, 70)]],
    lambda tiles, count: found()(tiles, count),
    {
        "too_close": lambda tiles, count: found(rule=1.0 if count == 1 else 0.0)(tiles, count),
        "mean": lambda tiles, count: found(rule=1.0 if count == 1 else 2.0)(tiles, count),
        "with_repeats": lambda tiles, count: found(rule=0.0 if count > 1 else 1.0, distinct=0.0 if count > 1 else 1.0)(tiles, count),
        "generator_untouched": found(differs=0.0, moves=0.0),
        "random_elsewhere": found(repeats=0.0, moves=0.0),
        "generator_copied": found(moves=0.0),
    },
    tolerance=0,
)
golden.check(
    "all_and_none",
    [{"tiles": tiles, "count": count} for tiles, count in [(4, 24), (3, 6), (1, 1), (5, 0)]],
    lambda tiles, count: {"different permutations": float(count)},
    {"one_for_none": lambda tiles, count: {"different permutations": float(max(count, 1))}},
    tolerance=0,
)
# Few enough that a function that compares each candidate with all chosen ones is done in a second.
golden.check("far_apart", [{"tiles": 9, "count": 24}], lambda tiles, count: {"least distance up to 6": 6.0}, tolerance=0)


# Exercise 5. No permutation is its own inverse.
def puzzle_case(batch, channels, size, permutations, labels):
    shape = (batch, len(permutations[0]), channels, size, size)
    return {"patches": torch.rand(shape), "permutations": np.array(permutations), "labels": np.array(labels)}


def shuffled(order_of):
    def patches(patches, permutations, labels):
        return {"shuffled": torch.stack([patch[order_of(permutations, labels, i)] for i, patch in enumerate(patches)])}

    return patches


FOURS = [[1, 2, 0, 3], [3, 0, 1, 2], [2, 3, 1, 0], [0, 2, 3, 1], [1, 3, 0, 2]]
NINES = [[4, 0, 7, 2, 8, 1, 3, 6, 5], [8, 6, 0, 1, 2, 3, 4, 5, 7], [1, 2, 3, 4, 5, 6, 7, 8, 0]]
golden.check(
    "shuffled",
    [
        puzzle_case(5, 3, 2, FOURS, [2, 0, 4, 1, 1]),
        puzzle_case(2, 2, 3, NINES, [2, 0]),
        puzzle_case(1, 1, 4, NINES, [1]),
        puzzle_case(4, 3, 1, FOURS[:3], [1, 2, 2, 0]),
        puzzle_case(3, 1, 2, [FOURS[i % 5] for i in range(300)], [257, 298, 3]),
    ],
    shuffled(lambda p, labels, i: p[labels[i]]),
    {
        "inverse": shuffled(lambda p, labels, i: np.argsort(p[labels[i]])),
        "one_for_the_batch": shuffled(lambda p, labels, i: p[labels[0]]),
        "labels_ignored": shuffled(lambda p, labels, i: p[i % len(p)]),
        "unshuffled": lambda patches, **_: {"shuffled": patches},
        "backwards": shuffled(lambda p, labels, i: p[labels[i]][::-1].copy()),
        "image_forgotten": lambda patches, permutations, labels: {"shuffled": torch.stack([patches[0][permutations[y]] for y in labels])},
    },
    tolerance=1e-6,
    gradients=["patches"],
)


# Exercise 6. An encoder that takes away the batch's mean while it trains, and a mean of its own afterwards.
def encoder_case(batch, tiles, size, width, train):
    patches = torch.rand(batch, tiles, 2, size, size)
    weight, mean = torch.randn(width, 2 * size * size), torch.randn(width)
    return {"patches": patches, "weight": weight, "mean": mean, "train": float(train)}


def joined(join=lambda h: h.flatten(1), mode=lambda train: train, parts=lambda x: [x], cut=lambda x: x, back=None):
    def features(patches, weight, mean, train):
        def encode(x):
            h = x.flatten(1) @ weight.T
            return F.relu(h - (h.mean(0) if mode(bool(train)) else mean)) - 0.5

        batch, tiles = patches.shape[:2]
        if back is None:
            encoded = [encode(part.flatten(0, 1)).reshape(batch, -1, len(weight)) for part in parts(patches)]
            h = torch.cat(encoded, 1 if len(encoded) < 2 or encoded[0].shape[0] == batch else 0)
        else:
            h = back(encode(patches.flatten(0, 1)), batch, tiles)
        return {"features": cut(join(h))}

    return features


def image_by_image(patches, weight, mean, train):
    each = [joined()(patches[i : i + 1], weight, mean, train)["features"] for i in range(len(patches))]
    return {"features": torch.cat(each)}


golden.check(
    "features",
    [encoder_case(3, 4, 2, 5, True), encoder_case(5, 2, 3, 4, False), encoder_case(1, 9, 1, 3, True), encoder_case(2, 3, 2, 7, True)],
    joined(),
    {
        "averaged": joined(join=lambda h: h.mean(1)),
        "summed": joined(join=lambda h: h.sum(1)),
        "tile_by_tile": joined(parts=lambda x: x.split(1, 1)),
        "image_by_image": image_by_image,
        "batch_and_tile_mixed": joined(back=lambda h, batch, tiles: h.reshape(tiles, batch, -1).transpose(0, 1)),
        "features_interleaved": joined(join=lambda h: h.transpose(1, 2).flatten(1)),
        "evaluation_mode": joined(mode=lambda train: False),
        "training_mode": joined(mode=lambda train: True),
        "not_joined": joined(join=lambda h: h),
        "detached": joined(cut=torch.detach),
    },
    gradients=["weight", "patches"],
)

golden.save()

"""Writes golden values: cases, expected answers, and what each known mistake gives.

Every script beside this file builds a `Golden`, adds its cases and saves them as a safetensors file of its own name. A lab's names read
CHECK/INDEX/case/NAME, CHECK/INDEX/expected/NAME and CHECK/INDEX/mistake/ID/NAME; those of the shared crates' tests read
CASE/case/NAME and CASE/expected/NAME.
"""

import hashlib
import platform
from pathlib import Path

import numpy as np
import safetensors
import torch
from safetensors.numpy import save_file

# A mistake must be this many tolerances away from the truth and from every other mistake.
SEPARATION = 10


def to_array(value):
    """A contiguous array; whole numbers that are classes become u32, single numbers f64."""
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    array = np.array(value, dtype=np.float64) if isinstance(value, (int, float)) else np.asarray(value)
    if array.dtype == np.int64:
        array = array.astype(np.uint32)
    # `ascontiguousarray` would give a single number a dimension.
    return array.copy(order="C")


def same(a, b, tolerance):
    """Whether the judge would take `a` for `b`."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        close = np.isfinite(b) & (np.abs(a - b) <= tolerance * (1 + np.abs(b)))
    return bool(np.all(close | (a == b) | (np.isnan(a) & np.isnan(b))))


def weighted_sum(y):
    """All elements of an output count, each with a weight of its own, so that errors can't cancel: as `Values::with_gradients`."""
    weights = 1 + (7 * torch.arange(y.numel()) % 11) / 11
    return (y * weights.reshape(y.shape)).sum()


def evaluate(function, inputs, gradients, leaks=()):
    """What a function gives for a case: its outputs by name and the gradients of the first of them; those of `leaks` are 0 where none arrives."""
    names = [*gradients, *leaks]
    leaves = {k: v.detach().clone().requires_grad_() if k in names else v for k, v in inputs.items()}
    outputs = function(**leaves)
    values = dict(outputs)
    if names:
        y = next(iter(outputs.values()))
        wanted = [leaves[name] for name in names]
        got = torch.autograd.grad(weighted_sum(y), wanted, allow_unused=True) if y.requires_grad else [None] * len(wanted)
        got = dict(zip(names, got))
        values |= {f"gradient of {name}": got[name] for name in gradients if got[name] is not None}
        values |= {f"gradient into {name}": torch.zeros_like(leaves[name]) if got[name] is None else got[name] for name in leaks}
    return {name: to_array(value) for name, value in values.items()}


def apart(make):
    """What `make` draws, without changing what is drawn after it."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return make()


def alike(a, b, tolerance):
    """Whether the judge would take the answers to one case for each other."""
    if a is None or b is None:
        return a is b
    return a.keys() == b.keys() and all(same(a[name], b[name], tolerance) for name in a)


class Golden:
    def __init__(self, script):
        self.script = Path(script)
        self.arrays = {}

    def case(self, name, inputs, expected):
        """Adds one case of a shared crate's test."""
        for key, value in inputs.items():
            self.arrays[f"{name}/case/{key}"] = to_array(value)
        for key, value in expected.items():
            self.arrays[f"{name}/expected/{key}"] = to_array(value)

    def check(self, name, cases, truth, mistakes=None, tolerance=1e-5, gradients=(), leaks=()):
        """Adds the cases of a lab's check: `truth` and each of `mistakes` map a case's inputs to outputs by name.

        A mistake may fail on some cases, as a wrong shape does; it is then expected to fail in Rust as well. No two mistakes, nor a
        mistake and the truth, may be closer than ten tolerances in all cases.
        """
        mistakes = mistakes or {}
        answers = {id: [] for id in ["the truth", *mistakes]}
        for index, inputs in enumerate(cases):
            place = f"{name}/{index}"
            for key, value in inputs.items():
                self.arrays[f"{place}/case/{key}"] = to_array(value)
            answers["the truth"].append(evaluate(truth, inputs, gradients, leaks))
            for key, value in answers["the truth"][-1].items():
                self.arrays[f"{place}/expected/{key}"] = value
            for id, mistake in mistakes.items():
                try:
                    values = evaluate(mistake, inputs, gradients, leaks)
                except (RuntimeError, ValueError, IndexError):
                    values = None
                answers[id].append(values)
                for key, value in (values or {}).items():
                    self.arrays[f"{place}/mistake/{id}/{key}"] = value
        for first, a in answers.items():
            for second, b in answers.items():
                if first < second and all(alike(x, y, SEPARATION * tolerance) for x, y in zip(a, b)):
                    raise ValueError(f"{name}: {first} and {second} can't be told apart")

    def save(self):
        metadata = {
            "script_sha256": hashlib.sha256(self.script.read_bytes()).hexdigest(),
            "python": platform.python_version(),
            "numpy": np.__version__,
            "torch": torch.__version__,
            "safetensors": safetensors.__version__,
        }
        path = self.script.with_suffix(".safetensors")
        save_file(self.arrays, path, metadata=metadata)
        print(f"{path.name}: {len(self.arrays)} arrays")

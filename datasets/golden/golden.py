"""Writes golden values: cases, expected answers, and what each known mistake gives.

Every `NN_topic.py` beside this file builds a `Golden`, adds its cases and saves them as `NN_topic.safetensors`. Names in
the file read CHECK/case/NAME, CHECK/expected/NAME and CHECK/mistake/ID/NAME.
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


class Golden:
    def __init__(self, script):
        self.script = Path(script)
        self.arrays = {}

    def case(self, check, inputs, expected, mistakes, tolerance):
        """Adds a case; `mistakes` maps an id to the values that differ from the expected ones."""
        expected = {name: to_array(value) for name, value in expected.items()}
        answers = {"the truth": expected}
        for mistake, values in mistakes.items():
            answers[mistake] = {name: to_array(value) for name, value in values.items()}
        for first, a in answers.items():
            for second, b in answers.items():
                names = a.keys() & b.keys()
                if first != second and all(same(a[n], b[n], SEPARATION * tolerance) for n in names):
                    raise ValueError(f"{check}: {first} and {second} can't be told apart")
        for name, value in inputs.items():
            self.arrays[f"{check}/case/{name}"] = to_array(value)
        for name, value in expected.items():
            self.arrays[f"{check}/expected/{name}"] = value
        for mistake, values in answers.items():
            if mistake != "the truth":
                for name, value in values.items():
                    self.arrays[f"{check}/mistake/{mistake}/{name}"] = value

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

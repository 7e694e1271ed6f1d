"""A network small enough to be compared weight by weight after a training step: a linear layer and batch norm."""

import math

import torch
from torch import nn

WEIGHTS = ["linear.weight", "linear.bias", "norm.weight", "norm.bias"]
BUFFERS = ["norm.running_mean", "norm.running_var"]


def network_case(inputs, width):
    """Weights and running statistics by name."""
    return {
        "linear.weight": torch.randn(width, inputs) / math.sqrt(inputs),
        "linear.bias": torch.randn(width) / 4,
        "norm.weight": torch.rand(width) + 0.5,
        "norm.bias": torch.rand(width) - 0.5,
        "norm.running_mean": torch.randn(width) / 4,
        "norm.running_var": torch.rand(width) + 0.5,
    }


def twins_case(inputs, width, twins=("online", "target")):
    """Two networks with weights of their own."""
    return {f"{twin}.{name}": value for twin in twins for name, value in network_case(inputs, width).items()}


class Network(nn.Module):
    """The network whose values a case holds under `prefix`."""

    def __init__(self, state, prefix):
        super().__init__()
        width, inputs = state[f"{prefix}.linear.weight"].shape
        self.linear, self.norm = nn.Linear(inputs, width), nn.BatchNorm1d(width)
        own = {name.removeprefix(f"{prefix}."): value for name, value in state.items() if name.startswith(f"{prefix}.")}
        self.load_state_dict(own, strict=False)

    def forward(self, images):
        return self.norm(self.linear(images.flatten(1)))

    def named(self, prefix):
        """Copies of its values by name."""
        return {f"{prefix}.{k}": v.detach().clone() for k, v in self.state_dict().items() if k != "norm.num_batches_tracked"}

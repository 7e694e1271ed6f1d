"""Golden values of the lab of this name, from PyTorch."""

import torch
import torch.nn.functional as F

from golden import Golden

torch.manual_seed(0)
golden = Golden(__file__)


def of(function):
    return lambda predictions, targets: {"loss": function(predictions, targets)}


golden.check(
    "squared_error",
    [{"predictions": torch.randn(count), "targets": torch.randn(count)} for count in (7, 1, 270)],
    of(F.mse_loss),
    {
        "summed": of(lambda p, t: F.mse_loss(p, t, reduction="sum")),
        "absolute": of(F.l1_loss),
        "rooted": of(lambda p, t: F.mse_loss(p, t).sqrt()),
    },
    gradients=["predictions"],
)
golden.save()

"""Golden values of the lab of this name, from PyTorch."""

import torch
import torch.nn.functional as F

from golden import Golden

torch.manual_seed(0)
golden = Golden(__file__)

predictions, targets = torch.randn(7), torch.randn(7)
golden.case(
    "squared_error",
    {"predictions": predictions, "targets": targets},
    {"loss": F.mse_loss(predictions, targets)},
    {
        "summed": {"loss": F.mse_loss(predictions, targets, reduction="sum")},
        "absolute": {"loss": F.l1_loss(predictions, targets)},
        "rooted": {"loss": F.mse_loss(predictions, targets).sqrt()},
    },
    1e-5,
)
golden.save()

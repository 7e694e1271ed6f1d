"""The labs' methods on two views in PyTorch and lightly: network, loss, and what follows a step. `against_torch.py` trains them, and
those of `torch_pretext.py`."""

import copy
import math

import torch
import torch.nn.functional as F
from lightly.loss import BarlowTwinsLoss, NegativeCosineSimilarity, NTXentLoss, SwaVLoss, VICRegLoss
from lightly.models.utils import update_momentum
from torch import nn


class ConvNet4(nn.Module):
    features = 256

    def __init__(self, colors=3):
        super().__init__()
        blocks, channels = [], [colors, 32, 64, 128, 256]
        for i, stride in enumerate([1, 2, 2, 2]):
            conv = nn.Conv2d(channels[i], channels[i + 1], 3, stride, 1, bias=False)
            blocks += [conv, nn.BatchNorm2d(channels[i + 1]), nn.ReLU(inplace=True)]
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x):
        return self.blocks(x).mean((2, 3))

    def at_every_depth(self, x):
        """The maps after each block."""
        maps = []
        for start in range(0, len(self.blocks), 3):
            x = self.blocks[start : start + 3](x)
            maps.append(x)
        return maps


def mlp(widths, *output):
    """A hidden layer with batch norm and ReLU, then `output` behind a linear layer."""
    hidden = [nn.Linear(widths[0], widths[1], bias=False), nn.BatchNorm1d(widths[1]), nn.ReLU(inplace=True)]
    return nn.Sequential(*hidden, nn.Linear(widths[1], widths[2], bias=not output), *output)


class Method(nn.Module):
    """A backbone with what it is trained by. Where a method says nothing else, it sees two views of every image."""

    augmented = True
    # Channels of what the backbone sees.
    colors = 3
    # Of the training, where flags say nothing else.
    learning_rate, weight_decay = 0.002, 1e-4

    def optimizer(self, groups):
        return torch.optim.AdamW(groups)

    def begin(self, images):
        """Looks at some of the training images `[N, 3, H, W]` before the first step."""

    def shown(self, images):
        """What the backbone sees of images `[B, 3, H, W]`."""
        return images

    def loss(self, views, step):
        raise NotImplementedError

    def after(self, step):
        """What follows a step."""

    def judge(self, images):
        """How well the method does what it is trained for, on images `[N, 3, H, W]`."""


class SimCLR(Method):
    def __init__(self, total):
        super().__init__()
        self.backbone = ConvNet4()
        self.head = nn.Sequential(nn.Linear(256, 256), nn.ReLU(inplace=True), nn.Linear(256, 128))
        self.criterion = NTXentLoss(temperature=0.1)

    def loss(self, views, step):
        return self.criterion(*self.head(self.backbone(torch.cat(views))).chunk(2))


class SimSiam(Method):
    def __init__(self, total):
        super().__init__()
        self.backbone = ConvNet4()
        self.projector = mlp([256, 256, 128], nn.BatchNorm1d(128, affine=False))
        self.predictor = mlp([128, 32, 128])
        self.criterion = NegativeCosineSimilarity()

    def loss(self, views, step):
        z = [self.projector(self.backbone(view)) for view in views]
        p = [self.predictor(z) for z in z]
        return (self.criterion(p[0], z[1].detach()) + self.criterion(p[1], z[0].detach())) / 2


class BYOL(Method):
    width = 128

    def __init__(self, total):
        super().__init__()
        self.total = total
        self.backbone = ConvNet4()
        self.projector = mlp([256, 256, self.width])
        self.predictor = mlp([self.width, 256, self.width])
        self.target = copy.deepcopy(nn.Sequential(self.backbone, self.projector)).requires_grad_(False)
        self.criterion = NegativeCosineSimilarity()

    def loss(self, views, step):
        p = self.predict([self.projector(self.backbone(view)) for view in views])
        t = [self.target(view) for view in views]
        # ‖p̂ − t̂‖² = 2 − 2 cos, once for each direction
        return 4 + 2 * (self.criterion(p[0], t[1]) + self.criterion(p[1], t[0]))

    def predict(self, z):
        return [self.predictor(z) for z in z]

    def momentum(self, step):
        return 1 - (1 - 0.99) * (math.cos(math.pi * step / self.total) + 1) / 2

    def after(self, step):
        online = nn.Sequential(self.backbone, self.projector)
        update_momentum(online, self.target, self.momentum(step))
        for slow, fast in zip(self.target.buffers(), online.buffers()):
            slow.copy_(fast)


class DirectPred(BYOL):
    """BYOL whose predictor is set: eigenvectors of the features' correlation, roots of its eigenvalues."""

    width, rho, epsilon = 64, 0.9, 0.1

    def __init__(self, total):
        super().__init__(total)
        self.predictor = None
        self.correlation = torch.zeros(self.width, self.width)

    def predict(self, z):
        with torch.no_grad():
            f = torch.cat(z)
            self.correlation = self.rho * self.correlation + (1 - self.rho) * f.T @ f / len(f)
            s, u = torch.linalg.eigh(self.correlation)
            w = u * ((s.clamp(min=0) / s.max()).sqrt() + self.epsilon) @ u.T
        return [z @ w for z in z]

    def momentum(self, step):
        return 0.99


class SwAV(Method):
    def __init__(self, total):
        super().__init__()
        self.frozen = int(0.05 * total)
        self.backbone = ConvNet4()
        self.projector = mlp([256, 256, 128])
        self.prototypes = nn.Linear(128, 60, bias=False)
        self.criterion = SwaVLoss()

    def loss(self, views, step):
        self.prototypes.requires_grad_(step >= self.frozen)
        directions = F.normalize(self.prototypes.weight, dim=1)
        z = [F.normalize(self.projector(self.backbone(view)), dim=1) for view in views]
        return self.criterion([z @ directions.T for z in z], []).squeeze()


class MoCo(Method):
    groups, momentum = 4, 0.99

    def __init__(self, total):
        super().__init__()
        self.backbone = ConvNet4()
        self.projector = mlp([256, 256, 128])
        self.key = copy.deepcopy(nn.Sequential(self.backbone, self.projector)).requires_grad_(False)
        # Each query finds its key among those of the batches before, which the loss remembers.
        self.criterion = NTXentLoss(temperature=0.1, memory_bank_size=(4096, 128))

    def in_groups(self, encode, images):
        return torch.cat([encode(group) for group in images.chunk(self.groups)])

    def loss(self, views, step):
        order = torch.randperm(len(views[1]))
        keys = self.in_groups(self.key, views[1][order])[order.argsort()]
        return self.criterion(self.in_groups(nn.Sequential(self.backbone, self.projector), views[0]), keys)

    def after(self, step):
        update_momentum(nn.Sequential(self.backbone, self.projector), self.key, self.momentum)


class Correlated(Method):
    """Barlow Twins and VICReg: a backbone and a projector, and nothing beside the loss."""

    def __init__(self, criterion):
        super().__init__()
        self.backbone = ConvNet4()
        self.projector = mlp([256, 256, 128])
        self.criterion = criterion

    def loss(self, views, step):
        return self.criterion(*(self.projector(self.backbone(view)) for view in views))


# Barlow Twins' λ, as the lab's default.
LAMBDA = 0.0078

OF_VIEWS = {
    # The same loss and network; the labs differ in what students write.
    "info-nce": SimCLR,
    "simclr": SimCLR,
    "simsiam": SimSiam,
    "byol": BYOL,
    "swav": SwAV,
    "moco": MoCo,
    "barlow": lambda total: Correlated(BarlowTwinsLoss(LAMBDA)),
    "vicreg": lambda total: Correlated(VICRegLoss()),
    "directpred": DirectPred,
}

"""The labs' pretext tasks in PyTorch: rotation, jigsaw and colorization, of images as they are. `against_torch.py` trains them."""

import itertools

import torch
import torch.nn.functional as F
from torch import nn
from torch_methods import ConvNet4, Method


class Rotation(Method):
    augmented = False
    learning_rate, weight_decay = 0.1, 5e-4

    def __init__(self, total):
        super().__init__()
        self.backbone = ConvNet4()
        self.head = nn.Linear(256, 4)

    def optimizer(self, groups):
        return torch.optim.SGD(groups, momentum=0.9)

    def answers(self, images):
        """Logits and truth of all images at all four rotations."""
        turned = torch.cat([images.rot90(turns, (2, 3)) for turns in range(4)])
        return self.head(self.backbone(turned)), torch.arange(4).repeat_interleave(len(images))

    def loss(self, views, step):
        return F.cross_entropy(*self.answers(views[0]))

    def judge(self, images):
        return share_right(self.answers, images)


class Jigsaw(Method):
    """All 24 orders of four tiles, cut and shown as lab 02 does."""

    augmented = False
    patch, jitter, channel_jitter = 11, 2, 1
    grayscale, relight = 0.3, 0.3

    def __init__(self, total):
        super().__init__()
        self.orders = torch.tensor(list(itertools.permutations(range(4))))
        self.backbone = ConvNet4()
        self.head = nn.Sequential(nn.Linear(4 * 256, 256), nn.ReLU(inplace=True), nn.Linear(256, len(self.orders)))

    def cut(self, images):
        """A patch of each quarter, `[B, 4, 3, P, P]`; its channels lie a pixel apart."""
        batch, _, height, width = images.shape
        apart = torch.randint(self.jitter + 1, (2, batch, 4, 1)) + torch.randint(self.channel_jitter + 1, (2, batch, 4, 3))
        corners = torch.tensor([[0, 0, 1, 1], [0, 1, 0, 1]]) * torch.tensor([[height // 2], [width // 2]])
        down, across = (corners[:, None, :, None] + apart)[..., None] + torch.arange(self.patch)  # [B, 4, 3, P]
        image, channel = torch.arange(batch)[:, None, None, None, None], torch.arange(3)[:, None, None]
        return images[image, channel, down[..., None], across[..., None, :]]

    def puzzles(self, images):
        images = torch.where(torch.rand(len(images), 1, 1, 1) < self.grayscale, luminance(images), images)
        labels = torch.randint(len(self.orders), (len(images),))
        patches = self.cut(images)[torch.arange(len(images))[:, None], self.orders[labels]]
        slopes = self.relight * (2 * torch.rand(2, *patches.shape[:2], 1, 1, 1) - 1)
        ramp = (2 * torch.arange(self.patch) + 1) / self.patch - 1
        return normalized(patches * (1 + slopes[0] * ramp[:, None] + slopes[1] * ramp)), labels

    def shown(self, images):
        return normalized(images)

    def answers(self, images):
        patches, labels = self.puzzles(images)
        return self.head(self.backbone(patches.flatten(0, 1)).reshape(len(images), -1)), labels

    def loss(self, views, step):
        return F.cross_entropy(*self.answers(views[0]))

    def judge(self, images):
        return share_right(self.answers, images)


class Colorization(Method):
    """Rebalanced classification of the color of every square of four by four pixels."""

    augmented, colors = False, 1
    square, step, neighbors, sigma = 4, 10, 5, 5.0
    temperature, mode, rare = 0.38, 0.01, 0.01

    def __init__(self, total):
        super().__init__()
        self.bins = bins_of_gamut(self.step)
        self.backbone = ConvNet4(self.colors)
        self.sides = nn.ModuleList(nn.Conv2d(channels, 64, 1) for channels in [64, 128, 256])
        self.head = nn.Conv2d(64, len(self.bins), 1)

    def begin(self, images):
        self.prior = self.targets(lab_of(images)).mean((0, 2, 3))
        weights = 1 / (0.5 * self.prior + 0.5 / len(self.bins))
        self.weights = weights / (self.prior * weights).sum()

    def mean_ab(self, lab):
        return F.avg_pool2d(lab[:, 1:], self.square)

    def soft(self, ab, neighbors):
        """Distributions over bins `[B, Q, H, W]`: the nearest ones, by a softmax of −d² / 2σ²."""
        pixels = ab.permute(0, 2, 3, 1).reshape(-1, 2)
        distances, nearest = torch.cdist(pixels, self.bins).topk(neighbors, largest=False)
        shares = (-distances.square() / (2 * self.sigma**2)).softmax(1)
        soft = torch.zeros(len(pixels), len(self.bins)).scatter(1, nearest, shares)
        return soft.reshape(len(ab), *ab.shape[2:], -1).permute(0, 3, 1, 2)

    def targets(self, lab):
        return self.soft(self.mean_ab(lab), self.neighbors)

    def shown(self, images):
        return lightness(lab_of(images))

    def paint(self, lab):
        size = [side // self.square for side in lab.shape[2:]]
        blocks = self.backbone.at_every_depth(lightness(lab))[1:]
        maps = (
            F.interpolate(side(block), size, mode="bilinear", align_corners=False) for side, block in zip(self.sides, blocks)
        )
        return self.head(F.relu(sum(maps)))

    def loss(self, views, step):
        lab = lab_of(views[0])
        targets = self.targets(lab)
        losses = F.cross_entropy(self.paint(lab), targets, reduction="none")
        return (losses * self.weights[targets.argmax(1)]).mean()

    def painted(self, logits, temperature):
        return torch.einsum("bqhw,qc->bchw", (logits / temperature).softmax(1), self.bins)

    @torch.no_grad()
    def judge(self, images):
        """Mean chroma of what is painted ÷ the truth's, the mean error, and the share of right bins, of all and of rare ones."""
        sums = torch.zeros(6)
        for batch in images.split(100):
            lab = lab_of(batch)
            logits, truth, bins = self.paint(lab), self.mean_ab(lab), self.targets(lab).argmax(1)
            painted = self.painted(logits, self.temperature)
            right = self.soft(self.painted(logits, self.mode), 1).argmax(1) == bins
            rare = self.prior[bins] < self.rare
            lengths = [painted.norm(dim=1), truth.norm(dim=1), (painted - truth).norm(dim=1)]
            sums += torch.stack([part.sum() for part in [*lengths, right, right & rare, rare]])
        squares = len(images) * (images.shape[2] // self.square) * (images.shape[3] // self.square)
        return [number.item() for number in (sums[0] / sums[1], sums[2] / squares, sums[3] / squares, sums[4] / sums[5])]


@torch.no_grad()
def share_right(answers, images):
    """The share of images for which the greatest logit is the right one."""
    right = total = 0
    for batch in images.split(100):
        logits, labels = answers(batch)
        right, total = right + (logits.argmax(1) == labels).sum().item(), total + len(labels)
    return right / total


def luminance(images):
    return (images * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(1, keepdim=True)


def normalized(patches):
    """Mean 0 and standard deviation 1 of each channel of each patch."""
    variance, mean = torch.var_mean(patches, (-2, -1), correction=0, keepdim=True)
    return (patches - mean) / (variance + 1e-5).sqrt()


# Linear RGB → XYZ of sRGB, and the white D65.
XYZ = torch.tensor([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
WHITE = torch.tensor([0.95047, 1.0, 1.08883])
DELTA = 6 / 29


def lab_of(images):
    """sRGB `[B, 3, H, W]` in CIELAB."""
    linear = torch.where(images <= 0.04045, images / 12.92, ((images + 0.055) / 1.055) ** 2.4)
    xyz = torch.einsum("dc,bchw->bdhw", XYZ / WHITE[:, None], linear)
    x, y, z = torch.where(xyz > DELTA**3, xyz.pow(1 / 3), xyz / (3 * DELTA**2) + 4 / 29).unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def lightness(lab):
    return lab[:, :1] / 50 - 1


def bins_of_gamut(step):
    """Multiples of `step` for a and b of colors that lie within sRGB at some lightness."""
    marks = torch.arange(-110, 111, step).float()
    light, a, b = torch.meshgrid(torch.arange(101).float(), marks, marks, indexing="ij")
    y = (light + 16) / 116
    f = torch.stack([y + a / 500, y, y - b / 200], -1)
    xyz = torch.where(f > DELTA, f**3, 3 * DELTA**2 * (f - 4 / 29)) * WHITE
    linear = xyz @ XYZ.inverse().T
    inside = ((linear >= 0) & (linear <= 1)).all(-1).any(0)
    return torch.stack([a[0], b[0]], -1)[inside]


OF_IMAGES = {"rotation": Rotation, "jigsaw": Jigsaw, "colorization": Colorization}

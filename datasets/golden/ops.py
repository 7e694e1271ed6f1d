"""Golden values of `ssl_nn`: operations, networks and optimizers, from PyTorch."""

import itertools

import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision

from golden import Golden

torch.manual_seed(2)
golden = Golden(__file__)


def case(name, inputs, function, numbers=None):
    """The value of `function` and the gradients of its sum, weighted so that all elements count differently."""
    inputs = {key: value.requires_grad_(value.is_floating_point()) for key, value in inputs.items()}
    y = function(**inputs)
    upstream = torch.randn(y.shape)
    y.backward(upstream)
    gradients = {f"gradient of {key}": value.grad for key, value in inputs.items() if value.grad is not None}
    golden.case(name, {**inputs, "upstream": upstream, **(numbers or {})}, {"y": y, **gradients})


# Convolutions: kernel, stride, padding, size. One pixel, not square, one image, channels that are no multiple of eight.
shapes = [(1, 3, 1, 1), (2, 3, 5, 7), (3, 8, 8, 8), (1, 13, 9, 4), (20, 4, 4, 4)]
for number, ((batch, channels, height, width), (kernel, stride)) in enumerate(
    itertools.product(shapes, [(3, 1), (3, 2), (1, 1), (1, 2)])
):
    padding = kernel // 2
    inputs = {"x": torch.randn(batch, channels, height, width), "weight": torch.randn(5, channels, kernel, kernel)}
    case(
        f"conv2d_{number}",
        inputs,
        lambda x, weight: F.conv2d(x, weight, stride=stride, padding=padding),
        {"stride": stride, "padding": padding},
    )
case(
    "conv2d_padding_2",
    {"x": torch.randn(2, 3, 6, 5), "weight": torch.randn(4, 3, 3, 3)},
    lambda x, weight: F.conv2d(x, weight, stride=3, padding=2),
    {"stride": 3, "padding": 2},
)

# Batch norm, in training and in evaluation, with and without the ReLU after it.
for relu, train in itertools.product([False, True], repeat=2):
    mean, variance = torch.randn(5), torch.rand(5) + 0.5

    def batch_norm(x, gamma, beta):
        y = F.batch_norm(x, mean.clone(), variance.clone(), gamma, beta, training=train, eps=1e-5)
        return F.relu(y) if relu else y

    case(
        f"batch_norm_{'train' if train else 'eval'}{'_relu' if relu else ''}",
        {"x": 3 * torch.randn(4, 5, 3, 7) + 10, "gamma": torch.randn(5), "beta": torch.randn(5)},
        batch_norm,
        {"mean": mean, "variance": variance, "relu": int(relu), "train": int(train)},
    )

case("relu", {"x": torch.tensor([[-1.5, -0.0, 0.0, 2.0, 1e-30]])}, lambda x: F.relu(x))
case("global_avg_pool2d", {"x": torch.randn(3, 5, 4, 7)}, lambda x: x.mean((2, 3)))
for kernel, stride in [(2, 2), (3, 2), (2, 1), (3, 3)]:
    numbers = {"kernel": kernel, "stride": stride}
    case(f"max_pool2d_{kernel}_{stride}", {"x": torch.randn(2, 3, 7, 6)}, lambda x: F.max_pool2d(x, kernel, stride), numbers)
    case(f"avg_pool2d_{kernel}_{stride}", {"x": torch.randn(2, 3, 7, 6)}, lambda x: F.avg_pool2d(x, kernel, stride), numbers)
case("max_pool2d_tie", {"x": torch.ones(1, 1, 4, 4)}, lambda x: F.max_pool2d(x, 2), {"kernel": 2, "stride": 2})

# A head of two layers with a ReLU between them.
case(
    "mlp",
    {
        "x": torch.randn(7, 5),
        "weight_0": torch.randn(6, 5),
        "bias_0": torch.randn(6),
        "weight_1": torch.randn(3, 6),
        "bias_1": torch.randn(3),
    },
    lambda x, weight_0, bias_0, weight_1, bias_1: F.linear(F.relu(F.linear(x, weight_0, bias_0)), weight_1, bias_1),
)

case("add_relu", {"x": torch.randn(2, 3, 4, 5), "shortcut": torch.randn(2, 3, 4, 5)}, lambda x, shortcut: F.relu(x + shortcut))


def conv_batch_norm_case(name, shape, outputs, kernel, stride, relu):
    def conv_batch_norm(x, weight, gamma, beta):
        y = F.batch_norm(F.conv2d(x, weight, None, stride, kernel // 2), None, None, gamma, beta, training=True, eps=1e-5)
        return F.relu(y) if relu else y

    inputs = {
        "x": torch.randn(shape),
        "weight": torch.randn(outputs, shape[1], kernel, kernel),
        "gamma": torch.randn(outputs),
        "beta": torch.randn(outputs),
    }
    case(name, inputs, conv_batch_norm, {"stride": stride, "padding": kernel // 2, "relu": relu})


# A convolution followed by batch norm: maps of several strips, of several images a product, and odd ones.
shapes = [(2, 3, 40, 33), (19, 4, 8, 8), (5, 3, 5, 7), (1, 2, 3, 1)]
for number, (shape, (kernel, stride)) in enumerate(itertools.product(shapes, [(3, 1), (3, 2), (1, 2)])):
    conv_batch_norm_case(f"conv_batch_norm_{number}", shape, 6, kernel, stride, number % 2)


def filled(shape, bound):
    """Numbers in [-bound, bound) that need no storing: both sides compute them, exactly."""
    count = torch.Size(shape).numel()
    return torch.tensor([((i * 2654435761) % 2**32 / 2**32 * 2 - 1) * bound for i in range(count)]).reshape(shape)


class ConvNet4(nn.Module):
    def __init__(self):
        super().__init__()
        channels = [3, 32, 64, 128, 256]
        for i, stride in enumerate([1, 2, 2, 2], start=1):
            setattr(self, f"conv{i}", nn.Conv2d(channels[i - 1], channels[i], 3, stride, 1, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(channels[i]))

    def forward(self, x):
        for i in range(1, 5):
            x = F.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)))
        return x.mean((2, 3))


# Whole networks: features in training, the first and the last layer's gradients, features in evaluation afterwards.
resnet = torchvision.models.resnet18()
resnet.conv1, resnet.maxpool, resnet.fc = nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.Identity(), nn.Identity()
for name, network, first, last in [
    ("convnet4", ConvNet4(), "conv1.weight", "bn4.bias"),
    ("resnet18", resnet, "conv1.weight", "layer4.1.bn2.bias"),
]:
    parameters = dict(network.named_parameters())
    with torch.no_grad():
        for parameter in parameters.values():
            if parameter.dim() == 4:
                parameter.copy_(filled(parameter.shape, (3 / parameter[0].numel()) ** 0.5))
    images = filled((5, 3, 16, 16), 1.0)
    features = network.train()(images)
    (features * filled(features.shape, 1.0)).sum().backward()
    expected = {"features": features, "first": parameters[first].grad, "last": parameters[last].grad}
    with torch.no_grad():
        expected["evaluated"] = network.eval()(images)
    count = sum(parameter.numel() for parameter in parameters.values())
    golden.case(f"network_{name}", {"parameters": count}, expected)

# Three steps of SGD and of AdamW on Σ w⁴, decay on the weights only.
for name, optimizer_of in [
    ("sgd", lambda groups: torch.optim.SGD(groups, lr=0.02, momentum=0.9)),
    ("adamw", lambda groups: torch.optim.AdamW(groups, lr=0.02)),
]:
    weight, bias = torch.randn(3, 4, requires_grad=True), torch.randn(4, requires_grad=True)
    start = {"weight": weight.detach().clone(), "bias": bias.detach().clone()}
    groups = [{"params": [weight], "weight_decay": 0.1}, {"params": [bias], "weight_decay": 0.0}]
    optimizer = optimizer_of(groups)
    for _ in range(3):
        optimizer.zero_grad()
        ((weight**4).sum() + (bias**4).sum()).backward()
        optimizer.step()
    golden.case(name, start, {"weight": weight, "bias": bias})

# Stride 1 between many channels: maps of one block of 2×2, of several, not square.
for number, (shape, outputs) in enumerate([((1, 16, 2, 2), 17), ((3, 19, 4, 6), 16), ((2, 16, 10, 8), 20)]):
    inputs = {"x": torch.randn(shape), "weight": torch.randn(outputs, shape[1], 3, 3)}
    geometry = {"stride": 1, "padding": 1}
    case(f"conv2d_channels_{number}", inputs, lambda x, weight: F.conv2d(x, weight, padding=1), geometry)
    conv_batch_norm_case(f"conv_batch_norm_channels_{number}", shape, outputs, 3, 1, number % 2)

# Bilinear upsampling: by 2, to a size that is no multiple, down, from a single pixel.
for number, (shape, size) in enumerate([((2, 3, 4, 5), (8, 10)), ((1, 2, 3, 7), (7, 10)), ((3, 1, 5, 4), (2, 3)), ((1, 2, 1, 1), (3, 2))]):
    case(
        f"upsample2d_{number}",
        {"x": torch.randn(shape)},
        lambda x: F.interpolate(x, size=size, mode="bilinear", align_corners=False),
        {"height": size[0], "width": size[1]},
    )

# A convolution with a bias.
case(
    "biased_conv2d",
    {"x": torch.randn(3, 4, 5, 6), "weight": torch.randn(7, 4, 1, 1), "bias": torch.randn(7)},
    lambda x, weight, bias: F.conv2d(x, weight, bias),
)

# A head with batch norm before its ReLU, and after its last layer, without weights there: in training, then in evaluation.
hidden, last = nn.BatchNorm1d(5), nn.BatchNorm1d(3, affine=False)
inputs = {
    "x": torch.randn(8, 6),
    "0.weight": torch.randn(5, 6),
    "bn0.weight": torch.randn(5),
    "bn0.bias": torch.randn(5),
    "1.weight": torch.randn(3, 5),
}
inputs = {name: value.requires_grad_() for name, value in inputs.items()}


def head(train):
    hidden.weight, hidden.bias = nn.Parameter(inputs["bn0.weight"]), nn.Parameter(inputs["bn0.bias"])
    hidden.train(train), last.train(train)
    return last(F.relu(hidden(inputs["x"] @ inputs["0.weight"].T)) @ inputs["1.weight"].T)


y, upstream = head(True), torch.randn(8, 3)
y.backward(upstream)
expected = {"y": y, "gradient of x": inputs["x"].grad, "gradient of 0.weight": inputs["0.weight"].grad}
with torch.no_grad():
    expected["evaluated"] = head(False)
golden.case("mlp_batch_norm", {**inputs, "upstream": upstream}, expected)

# Logarithms of probabilities over channels: many of them, two, one pixel, logits far apart.
for number, (shape, scale) in enumerate([((2, 3, 4, 5), 1), ((1, 37, 1, 7), 3), ((3, 2, 5, 1), 40), ((2, 5, 3, 11), 150)]):
    case(f"log_softmax_{number}", {"x": scale * torch.randn(shape)}, lambda x: F.log_softmax(x, 1))

# A number for each channel.
for number, shape in enumerate([(2, 3, 4, 5), (1, 17, 1, 3)]):
    inputs = {"x": torch.randn(shape), "bias": torch.randn(shape[1])}
    case(f"add_bias_{number}", inputs, lambda x, bias: x + bias[:, None, None])

golden.save()

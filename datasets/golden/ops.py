"""Golden values of `ssl_nn`: operations, their gradients and SGD, from PyTorch."""

import itertools

import torch
import torch.nn.functional as F

from golden import Golden

torch.manual_seed(2)
golden = Golden(__file__)
TOLERANCE = 1e-4


def case(name, inputs, function, numbers=None):
    """The value of `function` and the gradients of its sum, weighted so that all elements count differently."""
    inputs = {key: value.requires_grad_(value.is_floating_point()) for key, value in inputs.items()}
    y = function(**inputs)
    upstream = torch.randn(y.shape)
    y.backward(upstream)
    gradients = {f"gradient of {key}": value.grad for key, value in inputs.items() if value.grad is not None}
    golden.case(name, {**inputs, "upstream": upstream, **(numbers or {})}, {"y": y, **gradients}, {}, TOLERANCE)


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

# Batch norm, in training and in evaluation, with and without the ReLU behind it.
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

# Three steps of SGD on Σ w⁴, decay on the weights only.
weight, bias = torch.randn(3, 4, requires_grad=True), torch.randn(4, requires_grad=True)
start = {"weight": weight.detach().clone(), "bias": bias.detach().clone()}
groups = [{"params": [weight], "weight_decay": 0.1}, {"params": [bias], "weight_decay": 0.0}]
optimiser = torch.optim.SGD(groups, lr=0.02, momentum=0.9)
for _ in range(3):
    optimiser.zero_grad()
    ((weight**4).sum() + (bias**4).sum()).backward()
    optimiser.step()
golden.case("sgd", start, {"weight": weight, "bias": bias}, {}, TOLERANCE)

golden.save()

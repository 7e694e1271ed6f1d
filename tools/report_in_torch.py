"""A lab's whole experiment in PyTorch, lightly, scikit-learn and matplotlib: from the command to the report.

    python tools/report_in_torch.py DIR --method simclr --out OUT FLAGS

trains as `tools/against_torch.py` does, and the supervised network to compare with; probes four depths and kNN of both and of a random
network; draws what all labs' pages show, and lab 05's t-SNE, each as PNG and SVG, and writes the page. Prints the seconds of each part;
`tools/command_to_report.py` puts ours beside them.
"""

import time
from pathlib import Path

import matplotlib
import torch
import torch.nn.functional as F
from against_torch import Pairs, batches, features as last_features, flags, floats, knn, linear, load, share_at, shuffled, train
from torch import nn
from torch_methods import ConvNet4

matplotlib.use("agg")
from matplotlib import pyplot as plt  # noqa: E402  after the choice of what it draws with
from sklearn.manifold import TSNE  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

# What the lab's baseline trains with.
SUPERVISED = {"batch_size": 128, "lr": 0.1, "momentum": 0.9, "weight_decay": 5e-4}
SUPERVISED_WARMUP = 0.05
# Features that the maps of each depth are averaged to before they are probed.
PROBE_WIDTH = 256
# Images of both sets that are watched with.
WATCHED = (2000, 1000)
# Test images that lab 05 arranges in the plane.
POINTS = 1000


def train_supervised(backbone, shown, images, labels, epochs):
    """Trains a backbone on all labels; it sees what `shown` makes of images."""
    head = nn.Linear(256, 10)
    settings = dict(SUPERVISED)
    batch_size = settings.pop("batch_size")
    optimizer = torch.optim.SGD([*backbone.parameters(), *head.parameters()], **settings)
    total = epochs * (len(images) // batch_size)
    warmup = int(SUPERVISED_WARMUP * total)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: share_at(step, warmup, total))
    labels = torch.from_numpy(labels)
    for _ in range(epochs):
        for chosen in shuffled(len(images), batch_size):
            loss = F.cross_entropy(head(backbone(shown(floats(images[chosen.numpy()])))), labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return backbone.eval()


@torch.no_grad()
def features(backbone, shown, images):
    """At each depth, averaged over a grid of as many cells as make at most PROBE_WIDTH features."""
    depths = []
    for batch in batches(images):
        pooled = []
        for maps in backbone.at_every_depth(shown(floats(batch))):
            doublings = (PROBE_WIDTH // maps.shape[1]).bit_length() - 1
            grid = (2 ** (doublings // 2), 2 ** (doublings - doublings // 2))
            pooled.append(F.adaptive_avg_pool2d(maps, grid).flatten(1))
        depths.append(pooled)
    return [torch.cat(depth).numpy() for depth in zip(*depths)]


def evaluate(backbone, shown, train_set, test_set):
    """Linear accuracy by depth, kNN accuracy and the singular values of the last depth's features."""
    known, new = features(backbone, shown, train_set[0]), features(backbone, shown, test_set[0])
    by_depth = [linear(known, train_set[1], new, test_set[1]) for known, new in zip(known, new)]
    directions = F.normalize(torch.from_numpy(new[-1]), dim=1)
    return by_depth, knn(known[-1], train_set[1], new[-1], test_set[1]), torch.linalg.svdvals(directions)


def watch(model, train_set, test_set):
    """kNN accuracy on few images, which a lab prints after every epoch."""
    (known, truth), (new, labels) = ([part[:count] for part in split] for split, count in zip([train_set, test_set], WATCHED))
    return knn(last_features(model, known), truth, last_features(model, new), labels)


def save(figure, out, name):
    for ending in ["png", "svg"]:
        figure.savefig(out / f"{name}.{ending}")
    plt.close(figure)
    return f'<figure><img src="{name}.png"></figure>'


def curves(out, name, lines):
    figure, axes = plt.subplots()
    for label, values in lines.items():
        axes.plot(range(1, len(values) + 1), values, label=label)
    axes.legend()
    return save(figure, out, name)


def views(out, images, args):
    figure, rows = plt.subplots(2, 8, figsize=(8, 2))
    pairs = Pairs(images[:8], args)
    for column in range(8):
        for row, view in enumerate(pairs[column][:2]):
            rows[row, column].imshow(view.permute(1, 2, 0).clamp(0, 1))
            rows[row, column].axis("off")
    return save(figure, out, "views")


@torch.no_grad()
def before_and_after_the_head(out, model, train_set, test_set):
    """What lab 05's page has besides: what embeddings are good for, and where features lie."""
    known, new = (last_features(model, images) for images, _ in (train_set, test_set))
    z_known, z_new = (model.head(torch.from_numpy(h)).numpy() for h in (known, new))
    accuracies = [measure(z_known, train_set[1], z_new, test_set[1]) for measure in (linear, knn)]
    figure, axes = plt.subplots()
    axes.bar(["linear", "kNN"], accuracies)
    bars = save(figure, out, "after_the_head")
    places = TSNE(random_state=0).fit_transform(StandardScaler().fit_transform(new[:POINTS]))
    figure, axes = plt.subplots()
    axes.scatter(*places.T, c=test_set[1][:POINTS], cmap="tab10")
    return [bars, save(figure, out, "tsne")]


def report(out, images, args, losses, watched, evaluations, more):
    figures = more + [
        views(out, images, args),
        curves(out, "training", {args.method: losses}),
        curves(out, "watched", {args.method: watched}),
        curves(out, "spectrum", {name: values for name, (_, _, values) in evaluations.items()}),
        curves(out, "probe_by_depth", {name: by_depth for name, (by_depth, _, _) in evaluations.items()}),
        curves(out, "knn", {name: [nearest] for name, (_, nearest, _) in evaluations.items()}),
    ]
    (out / "index.html").write_text("".join(figures))


def main():
    began = time.perf_counter()
    parser = flags()
    parser.add_argument("--baseline-epochs", type=int, default=6)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    train_set, test_set = load(args)
    watched = []
    model, losses = train(train_set[0], args, lambda model: watched.append(watch(model, train_set, test_set)))
    judged = model.judge(floats(test_set[0]))
    trained = time.perf_counter()
    random, supervised = (ConvNet4(model.colors).eval() for _ in range(2))
    train_supervised(supervised.train(), model.shown, *train_set, args.baseline_epochs)
    networks = {"random": random, args.method: model.backbone, "supervised": supervised}
    evaluations = {name: evaluate(network, model.shown, train_set, test_set) for name, network in networks.items()}
    evaluated = time.perf_counter()
    more = before_and_after_the_head(args.out, model, train_set, test_set) if args.method == "simclr" else []
    report(args.out, train_set[0], args, losses, watched, evaluations, more)
    drawn = time.perf_counter()
    print("on test images:", judged)
    for name, (by_depth, nearest, _) in evaluations.items():
        print(name, *(f"{100 * accuracy:.1f}" for accuracy in by_depth), f"kNN {100 * nearest:.1f}")
    print(f"seconds: {trained - began:.1f} {evaluated - trained:.1f} {drawn - evaluated:.1f}")


if __name__ == "__main__":
    main()

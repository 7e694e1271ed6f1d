#!/usr/bin/env python3
"""How long a whole experiment takes, from the command to the report, beside the same in PyTorch, lightly, scikit-learn and matplotlib.

    python3 tools/command_to_report.py DIR simclr byol --train-images 10000

One after the other on an idle machine; DIR holds CIFAR-10's binary files. `report_in_torch.py`, beside this script, says what PyTorch's
side does. Epochs and batch size are the labs', where flags say nothing else. Prints a table: seconds for the training of the method, for
the two baselines and all evaluations, and for the plots and the page.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A method's solution, its flags, and the lab's epochs.
METHODS = {
    "rotation": ("rotation", "", 4),
    "jigsaw": ("jigsaw", "", 8),
    "colorization": ("colorization", "", 8),
    "info-nce": ("contrastive", "", 10),
    "simclr": ("simclr", "", 10),
    "swav": ("clustering", "--method swav", 10),
    "byol": ("siamese", "--method byol", 10),
    "simsiam": ("siamese", "--method simsiam", 10),
    "moco": ("moco", "--method moco --queue 4096 --momentum 0.99", 10),
    "barlow": ("decorrelation", "--method barlow", 10),
    "vicreg": ("decorrelation", "--method vicreg", 10),
    "directpred": ("directpred", "", 10),
}
PARTS = ["training", "baselines and evaluation", "plots and page", "all"]


def ours(method, args, out):
    """Seconds of each part: when the files appeared that each leaves last."""
    solution, more, _ = METHODS[method]
    program = ["cargo", "run", "--quiet", "--locked", "-p", f"{solution}-solution", "--"]
    folders = ["--data", f"cifar10:{args.directory}", "--out", out, "--baselines", out / "baselines"]
    began = time.time()
    run([*program, *more.split(), *shared(method, args), *folders])
    over = time.time()
    trained = (out / "backbone.safetensors").stat().st_mtime
    evaluated = max(path.stat().st_mtime for path in (out / "baselines").glob("*.json"))
    return [trained - began, evaluated - trained, over - evaluated, over - began]


def theirs(method, args, out):
    began = time.time()
    script = ROOT / "tools/report_in_torch.py"
    printed = run([args.python, "-W", "ignore", script, args.directory, "--method", method, *shared(method, args), "--out", out])
    over = time.time()
    parts = [float(number) for number in printed.splitlines()[-1].split()[1:]]
    # What Python takes to start and to import belongs to the training, which can't begin before.
    return [parts[0] + over - began - sum(parts), *parts[1:], over - began]


def shared(method, args):
    """The flags of both sides."""
    epochs = METHODS[method][2] if args.epochs is None else args.epochs
    baseline = 6 if args.epochs is None else args.epochs
    lengths = ["--epochs", epochs, "--baseline-epochs", baseline, "--batch-size", args.batch_size]
    return ["--train-images", args.train_images, *lengths]


def run(command):
    done = subprocess.run([str(part) for part in command], cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command[0]}: {done.stderr}")
    return done.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=Path)
    parser.add_argument("methods", nargs="+", choices=METHODS)
    parser.add_argument("--train-images", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, help="of the method and of the supervised baseline")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--python", default=sys.executable, help="one that has PyTorch and the others")
    args = parser.parse_args()
    for solution in {METHODS[method][0] for method in args.methods}:
        subprocess.run(["cargo", "build", "--locked", "-p", f"{solution}-solution"], cwd=ROOT, check=True)
    print("| method |" + "".join(f" {part} |" for part in PARTS) + "\n|---|" + "---|" * len(PARTS), flush=True)
    for method in args.methods:
        with tempfile.TemporaryDirectory() as folder:
            pairs = zip(ours(method, args, Path(folder) / "ours"), theirs(method, args, Path(folder) / "theirs"))
            cells = [f" {our:.1f} s, {their:.1f} s: **{their / our:.1f}** |" for our, their in pairs]
        print(f"| {method} |" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()

"""Checks and measures a GPU with what lies in this folder, a line for each result; `run.sh` unpacks and calls it.

- Every operation beside the CPU's, in each precision.
- Every method's quick run beside the losses of the same run on a CPU, `losses.json`.
- SimCLR's step with ResNet-18, images a second and memory, beside PyTorch's, eager and compiled; the input pipeline; a whole epoch.

What the time does not suffice for is said, and so is what could not be run.
"""

import argparse
import json
import math
import os
import site
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = HERE / "gpu_kit"
# All that was printed by what failed.
ERRORS = HERE / "errors.txt"
PRECISIONS = ["f32", "tf32", "bf16"]
# A quick run is 16 steps or so: how far its mean loss may be from the CPU's, of that loss or, where it is near 0, of a half.
TOLERANCE = 0.05
NEAR_0 = 0.5
# Quick runs at a time: each is too small for a GPU, and evaluates on one core or two.
AT_ONCE = 8
PARTS = ["ops", "step", "views", "epoch", "labs"]
NO_TIME = "not run: no time is left"


class Kit:
    def __init__(self, args):
        self.device, self.batch_size = args.device, args.batch_size
        self.size = ["--batch-size", str(args.batch_size), "--steps", str(args.steps)]
        self.end = time.monotonic() + 60 * args.minutes
        self.precisions = PRECISIONS if self.device != "cpu" else PRECISIONS[:1]
        self.environment = with_libraries()
        self.wrong = 0

    def say(self, name, result, right=True):
        """A line. What there was no time for is not wrong."""
        right = right or result == NO_TIME
        self.wrong += not right
        print(f"{'' if right else 'WRONG '}{name}: {result}", flush=True)

    def run(self, command, seconds, called=None):
        """What a command prints, or why it does not: never longer than `seconds`, nor than there is time. The kit's own program goes by
        the name that it is `called` by: by a solution's name, it is that solution."""
        left = self.end - time.monotonic()
        if left < 5:
            return None, NO_TIME
        options = {"capture_output": True, "text": True, "timeout": min(seconds, left), "env": self.environment}
        try:
            if called:
                done = subprocess.run([called, *command], executable=PROGRAM, **options)
            else:
                done = subprocess.run(command, **options)
        except subprocess.TimeoutExpired:
            return None, f"not finished within {min(seconds, left):.0f} s"
        except OSError as error:
            return None, str(error)
        if done.returncode != 0:
            with ERRORS.open("a") as errors:
                print("$", called or "", *command, file=errors)
                print(done.stdout, done.stderr, file=errors)
            return done.stdout, (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
        return done.stdout, None

    def ops(self):
        for precision in self.precisions:
            out, error = self.run(["ops", "--device", self.device, "--precision", precision], 60, "gpu_kit")
            lines = (out or "").splitlines()
            right = [line for line in lines if line.startswith("ok")]
            for line in lines:
                if not line.startswith("ok"):
                    print(f"  {line}", flush=True)
            self.say(f"operations, {precision}", error or f"all {len(right)} agree with the CPU's", not error)

    def labs(self):
        expected = json.loads((HERE / "losses.json").read_text())
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(1 if self.device == "cpu" else AT_ONCE) as pool:
            for name, result in pool.map(lambda run: (run[0], self.lab(folder, *run)), expected.items()):
                self.say(f"quick run of {name}", *result)

    def lab(self, folder, name, run):
        """The result of a quick run in words, and whether it is the CPU's."""
        program, flags, expected = run
        start = time.monotonic()
        shared = ["--quick", "--device", self.device, "--baselines", f"{folder}/baselines"]
        _, error = self.run([*flags, *shared, "--out", f"{folder}/{name}"], 90, program)
        if error:
            return error, False
        got = losses(Path(folder) / name)
        off = {run: abs(got.get(run, math.inf) - loss) / max(abs(loss), NEAR_0) for run, loss in expected.items()}
        run = max(off, key=off.get)
        words = f"loss {got.get(run, math.nan):.4f}, on the CPU {expected[run]:.4f}, {time.monotonic() - start:.0f} s"
        return words, off[run] <= TOLERANCE

    def step(self):
        for precision in self.precisions:
            flags = ["--device", self.device, "--precision", precision, *self.size]
            torch = [sys.executable, str(HERE / "torch_step.py"), *flags]
            self.measured(f"step, {precision}", ["step", *flags], "gpu_kit")
            # What PyTorch can't do here is no fault of the course's.
            self.measured(f"step, {precision}, PyTorch eager", torch)
            self.measured(f"step, {precision}, PyTorch compiled", [*torch, "--compile"])

    def views(self):
        self.measured("input pipeline", ["views", "--device", self.device], "gpu_kit")

    def measured(self, name, command, called=None):
        with Memory(self.device) as memory:
            out, error = self.run(command, 60, called)
        self.say(name, error or f"{out.strip()}{memory.words()}", not error or not called)

    def epoch(self):
        """Two epochs of the experiment itself; what it evaluates afterwards needs no GPU."""
        with tempfile.TemporaryDirectory() as folder:
            flags = ["--device", self.device, "--backbone", "resnet18", "--batch-size", str(self.batch_size), "--epochs", "2"]
            command = ["simclr-solution", *flags, "--out", folder]
            quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": self.environment}
            with subprocess.Popen(command, executable=PROGRAM, **quiet) as run:
                deadline = min(self.end, time.monotonic() + 90)
                while len(epochs(Path(folder))) < 2 and run.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.2)
                run.kill()
            rates = [f"{epoch['images_per_second'] / 2:.0f}" for epoch in epochs(Path(folder))]
            words = " and ".join(rates) + " images/s (two views of each)" if rates else "no epoch was finished in time"
            self.say("two epochs of the experiment", words, bool(rates) or self.device == "cpu")


class Memory:
    """The most memory that a GPU has in use, seen a few times a second."""

    def __init__(self, device):
        self.most, self.watched = 0, device != "cpu"

    def __enter__(self):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def watch(self):
        query = ["nvidia-smi", "--query-gpu=memory.used", "--format=csv,noheader,nounits"]
        while self.watched and not self.over.wait(0.2):
            try:
                used = subprocess.run(query, capture_output=True, text=True).stdout.split()
                self.most = max([self.most, *map(int, used)])
            except (OSError, ValueError):
                return

    def words(self):
        return f", {self.most} MiB" if self.most else ""


def epochs(folder):
    """What was measured in each epoch that is finished."""
    found = sorted(folder.rglob("metrics.jsonl"))
    lines = found[0].read_text().splitlines() if found else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def losses(folder):
    """The last loss of each training."""
    return {epoch["run"]: epoch["loss"] for epoch in epochs(folder)}


def with_libraries():
    """The environment in which the program finds CUDA's libraries: the machine's own, and those that came with PyTorch."""
    packages = [Path(folder) for folder in site.getsitepackages()]
    folders = [*Path("/usr/local").glob("cuda*/lib64"), *(lib for package in packages for lib in package.glob("nvidia/*/lib"))]
    known = os.environ.get("LD_LIBRARY_PATH")
    return os.environ | {"LD_LIBRARY_PATH": ":".join([*([known] if known else []), *map(str, folders)])}


def facts(device):
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        gpu = "CPU" if device == "cpu" else subprocess.run(query, capture_output=True, text=True).stdout.strip()
    except OSError as error:
        gpu = f"no nvidia-smi ({error})"
    torch = "import torch; print('PyTorch', torch.__version__)"
    version = subprocess.run([sys.executable, "-c", torch], capture_output=True, text=True).stdout.strip()
    return f"{gpu}; {os.cpu_count()} CPU cores; {version or 'no PyTorch'}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda", help="cuda, cuda:N or, to try the kit itself, cpu")
    parser.add_argument("--minutes", type=float, default=8.5, help="all in all; what they do not suffice for is left out")
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what is checked and measured; all of it by default")
    args = parser.parse_args()
    kit = Kit(args)
    kit.say("machine", facts(kit.device))
    for part in args.parts:
        getattr(kit, part)()
    print("all is right" if not kit.wrong else f"{kit.wrong} results are wrong", flush=True)
    sys.exit(kit.wrong > 0)


if __name__ == "__main__":
    main()

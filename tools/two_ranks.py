#!/usr/bin/env python3
"""Trains SimCLR on two ranks, as on two machines, and looks at what comes of it.

- Two ranks and one must tell the same losses, up to rounding; with `--batch-norm share` others.
- A rank that dies must end the other one, and `--resume` must go on with another number of ranks.
- A build without MPI must say so instead of training twice.

    python3 tools/two_ranks.py

Says why and does nothing where MPI or libclang, which its bindings need, are missing.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "target/debug/simclr-solution"
# 96 images a batch: as many views for two ranks as for three.
FLAGS = ["--train-images", "960", "--baseline-epochs", "1", "--epochs", "3", "--batch-size", "96"]
# Ranks share this machine, whoever asks for it.
ENVIRONMENT = os.environ | {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "RAYON_NUM_THREADS": "1",
    "CANDLE_NUM_THREADS": "1",
}
DEADLINE = 300


def missing():
    """What stands in the way, if anything does."""
    if shutil.which("mpirun") is None or shutil.which("mpicc") is None:
        return "no mpirun or mpicc (Debian: libopenmpi-dev, openmpi-bin)"
    places = [Path("/usr/lib"), Path("/usr/local/lib"), Path("/opt/homebrew")]
    if not os.environ.get("LIBCLANG_PATH") and not any(place.rglob("libclang*.so*") for place in places if place.exists()):
        return "no libclang (Debian: libclang-dev)"
    return None


def build(*features):
    command = ["cargo", "build", "--locked", "-p", "simclr-solution", *features]
    print("$", " ".join(command), flush=True)
    subprocess.run(command, cwd=ROOT, check=True)


def command(ranks, out, *flags):
    """The experiment, on some ranks or started by itself."""
    start = ["mpirun", "--oversubscribe", "-n", str(ranks)] if ranks else []
    line = [*start, str(PROGRAM), *FLAGS, "--out", str(out), *flags]
    print("$", " ".join(line), flush=True)
    return line


def train(ranks, out, *flags):
    result = subprocess.run(command(ranks, out, *flags), env=ENVIRONMENT, text=True, capture_output=True, timeout=DEADLINE)
    assert result.returncode == 0, result.stdout + result.stderr
    return losses(out)


def losses(out):
    lines = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    return [line["loss"] for line in lines if line["run"] == "simclr"]


def apart(a, b):
    assert len(a) == len(b) == 3, (a, b)
    return max(abs(x - y) for x, y in zip(a, b))


def kill_a_rank(out):
    """Kills one of two ranks after the first epoch; the other one must not go on alone."""
    process = subprocess.Popen(command(2, out), env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    started = time.monotonic()
    while not (out / "simclr.safetensors").exists():
        assert process.poll() is None and time.monotonic() - started < DEADLINE, "no first epoch"
        time.sleep(0.1)
    ranks = subprocess.run(["pgrep", "-P", str(process.pid)], text=True, capture_output=True).stdout.split()
    os.kill(int(ranks[-1]), signal.SIGKILL)
    said, _ = process.communicate(timeout=DEADLINE)
    assert process.returncode != 0 and "signal 9" in said, said
    while left := [rank for rank in ranks if Path(f"/proc/{rank}/exe").exists()]:
        assert time.monotonic() - started < DEADLINE, f"processes {left} live on"
        time.sleep(0.1)


def main():
    reason = missing()
    if reason:
        print(f"two ranks: skipped, {reason}")
        return
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        build("--features", "mpi")
        one = train(None, folder / "one")
        two = train(2, folder / "two")
        print(f"  one rank {one}\n  two ranks {two}")
        assert apart(one, two) < 2e-3, "two ranks train something else than one"
        share = train(2, folder / "share", "--batch-norm", "share")
        assert apart(one, share) > 3 * apart(one, two), f"--batch-norm share changes nothing: {share}"
        kill_a_rank(folder / "killed")
        resumed = train(3, folder / "killed", "--resume")
        assert apart(one, resumed) < 2e-3, f"resumed on three ranks: {resumed}"
        build()
        result = subprocess.run(command(2, folder / "without"), env=ENVIRONMENT, text=True, capture_output=True, timeout=DEADLINE)
        assert result.returncode != 0 and "--features mpi" in result.stderr, result.stdout + result.stderr
    print("two ranks: as one")


if __name__ == "__main__":
    sys.exit(main())

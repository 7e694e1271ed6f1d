#!/usr/bin/env python3
"""Packs what a machine with a GPU needs to check and measure it, without Rust and without a network, into one folder.

    python3 tools/gpu_kit/make.py DIR

builds `gpu_kit` with CUDA (nvcc must be found; CUDA_COMPUTE_CAP=90 makes code for Hopper alone), takes the losses of every method's quick
run on this CPU, and packs both. There: `bash DIR/run.sh`. With `--cpu`, everything is built for the CPU: `bash DIR/run.sh --device cpu`
then tries the kit itself.
"""

import argparse
import json
import shlex
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

from kit.run import losses

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIMIT = 60 << 20


def build(*flags, folder):
    command = ["cargo", "build", "--locked", "-p", "gpu_kit", "--target-dir", str(ROOT / folder), *flags]
    print("$", shlex.join(command), flush=True)
    subprocess.run(command, cwd=ROOT, check=True)
    return ROOT / folder / "debug/gpu_kit"


def methods():
    """Every run of the course: its name, the solution's program and the flags."""
    for manifest in sorted(ROOT.glob("labs/*/Cargo.toml")):
        package = tomllib.loads(manifest.read_text())["package"]
        for run in package.get("metadata", {}).get("course", {}).get("runs", []):
            yield f"{manifest.parent.name[:2]}_{run['name']}", f"{package['name']}-solution", run["flags"].split()


def losses_on_cpu(program):
    """The last loss of each training of every method's quick run."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, solution, flags in methods():
            out = Path(folder) / name
            shared = ["--quick", "--device", "cpu", "--baselines", f"{folder}/baselines", "--out", str(out)]
            command = [solution, *flags, *shared]
            print("$", shlex.join(command), flush=True)
            subprocess.run(command, executable=program, check=True, stdout=subprocess.DEVNULL)
            found[name] = [solution, flags, losses(out)]
    return found


def pack(program, expected, out):
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        stripped, written = Path(folder) / "gpu_kit", Path(folder) / "losses.json"
        subprocess.run(["strip", "-o", stripped, program], check=True)
        written.write_text(json.dumps(expected, indent=1))
        with tarfile.open(out / "kit.tar.xz", "w:xz", preset=9) as archive:
            for path in [stripped, written, HERE / "kit/run.py", HERE / "kit/torch_step.py"]:
                archive.add(path, path.name)
    (out / "run.sh").write_bytes((HERE / "kit/run.sh").read_bytes())
    size = sum(path.stat().st_size for path in [out / "kit.tar.xz", out / "run.sh"])
    print(f"{out}: {size / (1 << 20):.1f} MiB")
    if size > LIMIT:
        sys.exit(f"expected at most {LIMIT >> 20} MiB")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("out", type=Path)
    parser.add_argument("--cpu", action="store_true", help="built for the CPU, to try the kit itself")
    args = parser.parse_args()
    on_cpu = build(folder="target")
    program = on_cpu if args.cpu else build("--features", "cuda", folder="target-cuda")
    pack(program, losses_on_cpu(on_cpu), args.out)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Does what a newcomer does, and looks at what comes of it.

- Every command of the README's code blocks, as it is written there. Stubs are meant to fail, in words.
- Every solution's experiment with `--quick`: are all files there, and do they hold what they should?
- A new lab: does it verify and run at once?

    python3 tools/try_out.py
"""

import json
import math
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOLUTIONS = sorted(path.name.split("_", 1)[1] for path in (ROOT / "solutions").iterdir())
WITHOUT_BACKBONE = ["tensors"]
# Evaluates several backbones, and keeps none of its own.
EVALUATES = ["linear_probe"]
# What would take an hour is done in short, and what needs a class is given a small one.
INSTEAD = {
    "cargo lab run all --seeds 3": "cargo lab run 01 --seeds 2 --out {folder}/reports -- --epochs 1 --train-images 600 --baseline-epochs 1",
    "cargo lab release --out ../students": "cargo lab release --out {folder}/students",
    "cargo lab grade 04 --submissions DIR --out OUT": "python3 tools/make_class.py 04 {folder}/class --count 4 && "
    "cargo lab grade 04 --submissions {folder}/class --out {folder}/graded",
}


def run(command, fails_with=None):
    """Runs a command; one that is meant to fail must say `fails_with`."""
    print(f"$ {command}", flush=True)
    result = subprocess.run(command, shell=True, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if fails_with is None and result.returncode != 0:
        sys.exit(f"{result.stdout}\n{command} failed")
    if fails_with is not None and (result.returncode == 0 or fails_with not in result.stdout):
        sys.exit(f"{result.stdout}\n{command} was expected to fail with {fails_with!r}")
    return result.stdout


def readme_commands():
    """Lines of the README's code blocks that call cargo, without their comments."""
    blocks = re.findall(r"```\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    lines = [line.split("#")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("cargo ")]


def check_page(out):
    """What every lab leaves: a page and its pictures."""
    page = (out / "index.html").read_text()
    pictures = sorted(path.stem for path in out.glob("*.svg"))
    assert len(pictures) >= 2 and page.count("<figure>") >= 2 and ">NaN" not in page, pictures
    for name in pictures:
        assert (out / f"{name}.png").read_bytes().startswith(b"\x89PNG"), name
    print(f"  {len(pictures)} pictures")


def check_training(out, topic):
    """What a lab that trains a backbone leaves besides: its numbers and its weights."""
    record = json.loads((out / "evaluation.json").read_text())
    names = [row["name"] for row in record["evaluations"]]
    assert names[0] == "random" and names[-1] == "supervised" and len(names) == (4 if topic in EVALUATES else 3), names
    for row in record["evaluations"]:
        for accuracy in [*row["evaluation"]["linear_by_depth"], row["evaluation"]["knn"]]:
            assert 0 <= accuracy <= 1, row
    lines = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert lines and all(math.isfinite(line["loss"]) and line["epoch"] >= 1 for line in lines), lines
    assert any("loss_if_random" in line for line in lines), lines
    assert topic in EVALUATES or (out / "backbone.safetensors").stat().st_size > 1_000_000
    print(f"  {', '.join(names)}")


def quick_folder(folder, topic):
    return Path(folder) / topic / ("quick" if topic not in WITHOUT_BACKBONE else "")


def main():
    labs = {f"cargo test -p {topic}": "to do" for topic in SOLUTIONS}
    labs |= {f"cargo run -p {topic}": "exercise" for topic in SOLUTIONS}
    with tempfile.TemporaryDirectory() as folder:
        for command in readme_commands():
            command = INSTEAD.get(command, command).format(folder=folder)
            print(run(command, fails_with=labs.get(command)), flush=True)
        scores = [line.split(",")[-2] for line in (Path(folder) / "graded/gradebook.csv").read_text().splitlines()]
        assert scores[1:3] == ["100", "0"] and len(scores) == 5, scores
        check_page(Path(folder) / "reports")
        for topic in SOLUTIONS:
            run(f"cargo run -p {topic}-solution -- --quick --out {folder}/{topic}")
            check_page(quick_folder(folder, topic))
            if topic not in WITHOUT_BACKBONE:
                check_training(quick_folder(folder, topic), topic)
        lock = (ROOT / "Cargo.lock").read_bytes()
        try:
            run("cargo lab new 99_brightness")
            run("cargo lab verify 99")
            run(f"cargo run -p brightness-solution -- --quick --out {folder}/brightness")
            check_page(quick_folder(folder, "brightness"))
            check_training(quick_folder(folder, "brightness"), "brightness")
        finally:
            (ROOT / "Cargo.lock").write_bytes(lock)
            for path in ROOT.glob("*/99_brightness"):
                shutil.rmtree(path)
            for path in ROOT.glob("datasets/golden/99_brightness.*"):
                path.unlink()


if __name__ == "__main__":
    main()

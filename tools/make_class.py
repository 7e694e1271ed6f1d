#!/usr/bin/env python3
"""Makes a class of submissions to try the grader on: solutions, stubs, unfinished ones and ones with slips.

    python3 tools/make_class.py 04 DIR --count 22
    cargo lab grade 04 --submissions DIR --out OUT
"""

import argparse
import random
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ANSWER = re.compile(r"( *)// BEGIN SOLUTION (\d+): .*?\n(.*?) *// END SOLUTION\n", re.DOTALL)
# What is typed by mistake: each that is found in an answer makes another submission possible.
SLIPS = [
    (" + ", " - "),
    (" - ", " + "),
    (" * ", " / "),
    ("mean_all", "sum_all"),
    ("mean(", "sum("),
    ("sum_all", "mean_all"),
    ("sqrt()?", "sqr()?"),
    ("D::Minus1", "0"),
    ("1.0", "2.0"),
    ("2.0", "1.0"),
    (".detach()", ""),
    ("?;", ";"),
    (" < ", " > "),
    ("true", "false"),
]


def unfinished(source, exercise):
    """The solution without its answer to one exercise."""
    return ANSWER.sub(lambda m: f'{m[1]}todo!("exercise {m[2]}: later")\n' if m[2] == exercise else m[0], source)


def slips(source):
    """Each solution with one slip in one answer."""
    for match in ANSWER.finditer(source):
        for right, wrong in SLIPS:
            if right in match[3]:
                yield source[: match.start(3)] + match[3].replace(right, wrong, 1) + source[match.end(3) :]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lab", help="number of the lab")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=22)
    arguments = parser.parse_args()
    [solution] = (ROOT / "solutions").glob(f"{arguments.lab}_*/src/lib.rs")
    source = solution.read_text()
    stub = (ROOT / "labs" / solution.parent.parent.name / "src/lib.rs").read_text()
    others = [unfinished(source, match[2]) for match in ANSWER.finditer(source)] + list(slips(source))
    random.Random(0).shuffle(others)
    for i, text in enumerate([source, stub, *others][: arguments.count]):
        path = arguments.folder / f"student_{i:03}" / "src" / "lib.rs"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


if __name__ == "__main__":
    main()

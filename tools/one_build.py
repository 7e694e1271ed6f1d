#!/usr/bin/env python3
"""Makes sure that no crate is built twice, whatever a student types first.

Cargo decides a crate's features anew for each command: from all packages that it builds. Here the unit graphs of the course's
commands are compared, and a crate that one of them would build in another way than the others is named.

    python3 tools/one_build.py
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LABS = sorted(path.name.split("_", 1)[1] for path in (ROOT / "labs").iterdir())
COMMANDS = [
    "build",
    "build -p lab",
    *(f"build -p {lab}" for lab in LABS),
    *(f"build -p {lab}-solution" for lab in LABS),
    "test --no-run",
    *(f"test --no-run -p {lab}" for lab in LABS),
    *(f"test --no-run -p {lab}-solution" for lab in LABS),
    "test --no-run -p ssl-nn",
    "build -p gpu_kit",
    "test --no-run -p gpu_kit",
    "bench --no-run --profile dev -p ssl-nn --bench against_torch",
    "bench --no-run --profile dev -p ssl-eval --bench against_sklearn",
    "bench --no-run --profile dev -p clustering-solution --bench kmeans",
]


def units(command):
    """What a command builds: (crate, target, for which platform) and how."""
    # Unit graphs are for nightly toolchains only, unless one insists.
    environment = {**os.environ, "RUSTC_BOOTSTRAP": "1"}
    arguments = ["cargo", *command.split(), "--locked", "--unit-graph", "-Z", "unstable-options"]
    graph = json.loads(subprocess.run(arguments, env=environment, cwd=ROOT, check=True, capture_output=True).stdout)
    for unit in graph["units"]:
        # A test is built in a way of its own; what it links is not.
        if unit["mode"] in ("build", "run-custom-build"):
            crate = unit["pkg_id"].rsplit("/", 1)[-1]
            what = (crate, unit["target"]["name"], ",".join(unit["target"]["kind"]), str(unit["platform"]), unit["mode"])
            # The test profile is the dev profile under another name.
            profile = {key: value for key, value in unit["profile"].items() if key != "name"}
            how = json.dumps([unit["features"], profile], sort_keys=True)
            yield what, how


def main():
    ways = defaultdict(lambda: defaultdict(list))
    for command in COMMANDS:
        for what, how in units(command):
            ways[what][how].append(command)
    # One command may need two builds of a crate, for the compiler's plugins and for the programs: what counts is that no other
    # command adds a third.
    def needed(how):
        return max(sum(command in commands for commands in how.values()) for command in COMMANDS)

    twice = {what: how for what, how in ways.items() if len(how) > needed(how)}
    for (crate, target, kind, _, mode), how in sorted(twice.items()):
        print(f"{crate} ({kind} {target}, {mode}) is built in {len(how)} ways:")
        for way, commands in how.items():
            features, _ = json.loads(way)
            print(f"    [{', '.join(features)}] by: {'; '.join(sorted(set(commands)))}")
    print(f"{len(COMMANDS)} commands, {len(ways)} units, {len(twice)} built in more than one way")
    return 1 if twice else 0


if __name__ == "__main__":
    sys.exit(main())

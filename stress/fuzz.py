"""Spoils images, videos, checkpoints, caches and commands by the thousand.

Each case has to be used or refused in one line. It runs in a worker process, which is replaced when it dies or hangs,
and is a pure function of the seed and its number:

    python -m stress fuzz --cases 2000 --seed 0
    python -m stress fuzz --only 1234            # repeats one case and prints its output
"""

from __future__ import annotations

import argparse
import collections
import tempfile
from pathlib import Path

from stress import fuzz_cases
from stress.attempts import Outcome, Worker
from stress.world import build

EVERY = 200
"""Number of cases between two tables."""


def table(outcomes: dict[int, tuple[str, Outcome]]) -> str:
    """Counts the results of each kind; adds its peak memory and longest duration."""
    lines = ["| kind | cases | used | refused | faults | peak memory | longest |", "|---|---|---|---|---|---|---|"]
    for kind in fuzz_cases.KINDS:
        own = [outcome for name, outcome in outcomes.values() if name == kind]
        counts = collections.Counter("fault" if o.is_fault else o.result for o in own)
        most = max((o.mib for o in own), default=0.0)
        longest = max((o.seconds for o in own), default=0.0)
        lines.append(
            f"| {kind} | {len(own)} | {counts['used']} | {counts['refused']} | {counts['fault']} "
            f"| {most:.0f} MiB | {longest:.1f} s |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, nargs="+", help="numbers of the cases to repeat")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        world = build(Path(name))
        worker = Worker(world.folder, options.seed)
        outcomes = {}
        for number in options.only or range(options.cases):
            outcome = worker.attempt(number)
            outcomes[number] = (fuzz_cases.kind_of(number), outcome)
            if len(outcomes) % EVERY == 0:
                print(f"after {len(outcomes)} cases\n{table(outcomes)}", flush=True)
            if outcome.is_fault or options.only:
                what = fuzz_cases.make_case(world, number, fuzz_cases.random_of(options.seed, number)).what
                print(f"case {number} ({outcomes[number][0]}, {what}): {outcome.result}\n{outcome.output}", flush=True)
        worker.close()
    print(table(outcomes))
    raise SystemExit(any(outcome.is_fault for _, outcome in outcomes.values()))


if __name__ == "__main__":
    main()

"""The long form: `python -m tests.resilience --runs N --seed S [--minutes M]`.

Results go to a file of JSON lines as they come; started again with the same file it goes on where
it was stopped. At the end, or with `--report`, docs/explanation/resilience.md is
written from the whole file.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.resilience import guest_faults, long_faults
from tests.resilience.load import load
from tests.resilience.plan import ALL, plan_of, possible
from tests.resilience.pool import Job, run_all
from tests.resilience.report import PAGE, code, commit, page
from tests.resilience.run import as_line
from tests.resilience.soak import soak

FOLDER = Path("/var/tmp/resilience")  # noqa: S108  large, and not the temporary folder under test


def main() -> int:
    """0: every invariant held in every run of this call; 1: see the lines."""
    options = _options()
    options.folder.mkdir(parents=True, exist_ok=True)
    results = options.folder / "results.jsonl"
    bad = 0
    place = options.folder / f"other-{time.time():.0f}"
    if options.soak or options.load:
        hours, seed = options.soak, options.seed
        outcome = soak(hours, place, seed) if hours else load(options.load, place, seed)
        with results.open("a") as file:
            file.write(json.dumps({**outcome, "commit": commit(), "code": code()}) + "\n")
        bad = not outcome.get("flat", True)
    elif not options.report:
        bad = _run(options, results)
    PAGE.write_text(page([json.loads(line) for line in results.read_text().splitlines()]))
    return 1 if bad else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.resilience", description=__doc__)
    add = parser.add_argument
    add("--runs", type=int, default=1000, help="random combinations")
    add("--seed", type=int, default=1, help="of the first run; each next run has the next one")
    add("--beside", choices=[kind.name for kind in guest_faults.ALL], help="in each random run")
    add("--minutes", type=float, default=None, help="begin no run after so long")
    add("--parallel", type=int, default=3, help="runs at once")
    add("--folder", type=Path, default=FOLDER, help="results, and the folders of failed runs")
    add("--singly", type=int, default=1, help="how often each fault is then tried alone")
    add("--long", type=int, default=0, help="the same for those that take a minute and more")
    add("--again", metavar="KEY", help="instead: the run of this key, as the page names it")
    add("--soak", type=float, default=0.0, metavar="HOURS", help="instead of runs")
    add("--load", choices=("shares", "cameras"), help="instead of runs: what gives first")
    add("--report", action="store_true", help="only write the page anew")
    return parser.parse_args()


def _run(options: argparse.Namespace, results: Path) -> int:
    done = set()
    if results.exists():
        done = {_key(json.loads(line)) for line in results.read_text().splitlines()}
    until = time.monotonic() + 60 * options.minutes if options.minutes else float("inf")
    jobs = (job for job in _jobs(options) if job.key not in done)
    jobs = (job for job in jobs if time.monotonic() < until)
    bad = 0
    with results.open("a") as file:
        for number, result in enumerate(run_all(jobs, options.folder, options.parallel), 1):
            result.code, result.commit, result.at_once = code(), commit(), options.parallel
            file.write(json.dumps(as_line(result)) + "\n")
            file.flush()
            bad += bool(result.violations)
            print(  # noqa: T201  the progress of a command
                f"{number}: {result.key}: {', '.join(result.faults)}: {result.seconds:.0f} s"
                + "".join(f"\n    {violation}" for violation in result.violations),
                flush=True,
            )
    return bad


def _key(line: dict[str, object]) -> str:
    return str(line.get("key"))


def _jobs(options: argparse.Namespace) -> Iterator[Job]:
    if options.again:
        yield Job.of(options.again)
        return
    beside = [kind for kind in guest_faults.ALL if kind.name == options.beside]
    names = tuple(kind.name for kind in beside)
    for seed in range(options.seed, options.seed + options.runs):
        if wants := plan_of(seed, beside).wants:
            print(f"{seed}: not possible here: {wants}", flush=True)  # noqa: T201
        else:
            yield Job(seed, names, beside=bool(names))
    for times, kinds in ((options.singly, ALL), (options.long, long_faults.ALL)):
        for turn in range(times):
            yield from (Job(options.seed + turn, (kind.name,)) for kind in possible(kinds))


if __name__ == "__main__":
    sys.exit(main())

"""Broken files of every format, thousands of them, read in child processes that may neither hang nor eat memory.

    python -m benchmarks.fuzz [--cases 12000] [--kind "X archive, zip"] [--first 0]

Each case (tests/bot/sources/broken.py) has to be read, or refused in a sentence that helps; anything else is a crash. A
child ends at a case that takes SECONDS, and its memory above its start is limited to MEMORY; the next child goes on
after that case. The seeds of crashes are printed: `--kind … --first <seed> --cases 1` repeats one.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass, field

from benchmarks.fuzz_child import MEMORY, SECONDS
from benchmarks.report import print_report
from tests.bot.sources.formats.broken import FORMATS


@dataclass
class Tally:
    cases: int = 0
    read: int = 0
    refused: int = 0
    slowest: float = 0.0  # ms
    peak: int = 0  # KiB that one case took
    crashes: list[str] = field(default_factory=list)


def try_all(kind: str, first: int, end: int) -> Tally:
    tally = Tally()
    seed = first
    while seed < end:
        command = [sys.executable, "-m", "benchmarks.fuzz_child", kind, str(seed), str(end)]
        limited = os.environ | {"MALLOC_ARENA_MAX": "1"}  # else every thread reserves 64 MiB of address space
        done = subprocess.run(command, capture_output=True, text=True, env=limited)
        seed += count(tally, kind, seed, done.stdout.splitlines())
        if done.returncode and seed < end:
            tally.cases += 1
            tally.crashes.append(f"{kind}, seed {seed}: the child ended with {done.returncode}: {done.stderr[-500:]}")
            seed += 1
    return tally


def count(tally: Tally, kind: str, seed: int, lines: list[str]) -> int:
    """How many cases the lines are of; each is: outcome, ms, KiB, and what was wrong."""
    for line in lines:
        what, ms, kib, wrong = line.split(" ", 3)
        tally.cases += 1
        tally.read += what == "read"
        tally.refused += what == "refused"
        tally.slowest = max(tally.slowest, float(ms))
        tally.peak = max(tally.peak, int(kib))
        if what == "crash":
            tally.crashes.append(f"{kind}, seed {seed}: {wrong}")
        seed += 1
    return len(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=12_000)
    parser.add_argument("--kind", choices=FORMATS)
    parser.add_argument("--first", type=int, default=0)
    args = parser.parse_args()
    kinds = [args.kind] if args.kind else list(FORMATS)
    each = -(-args.cases // len(kinds))
    tallies = {kind: try_all(kind, args.first, args.first + each) for kind in kinds}
    print_report(f"Broken files ({SECONDS} s and {MEMORY >> 20} MiB are crashes too)", [*rows(tallies)])
    crashes = [crash for tally in tallies.values() for crash in tally.crashes]
    print("\n".join(crashes))
    sys.exit(bool(crashes))


def rows(tallies: dict[str, Tally]) -> list[tuple[str, ...]]:
    head = ("format", "cases", "read", "refused", "crashes", "slowest, ms", "peak, MiB")
    return [head, *(row(kind, tally) for kind, tally in tallies.items()), row("all", total(tallies))]


def row(kind: str, tally: Tally) -> tuple[str, ...]:
    counts = (tally.cases, tally.read, tally.refused, len(tally.crashes))
    return (kind, *map(str, counts), f"{tally.slowest:.0f}", f"{tally.peak / 1024:.0f}")


def total(tallies: dict[str, Tally]) -> Tally:
    whole = Tally()
    for tally in tallies.values():
        whole.cases += tally.cases
        whole.read += tally.read
        whole.refused += tally.refused
        whole.slowest = max(whole.slowest, tally.slowest)
        whole.peak = max(whole.peak, tally.peak)
        whole.crashes += tally.crashes
    return whole


if __name__ == "__main__":
    main()

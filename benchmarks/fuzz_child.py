"""The process that benchmarks.fuzz starts: cases of one format, a line each: outcome, ms, KiB, and what was wrong."""

from __future__ import annotations

import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.peak import forget_peak, peak
from tests.bot.sources.formats.broken import make_case, outcome

SECONDS = 5
MEMORY = 256 * 1024**2  # bytes of address space above the start


def child(kind: str, first: int, end: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(10):  # imports are no part of a case
            (place := Path(folder) / f"warm{seed}").mkdir()
            try_one(kind, seed, place)
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
        for seed in range(first, end):
            (place := Path(folder) / str(seed)).mkdir()
            start, began = forget_peak(), time.perf_counter()
            what, wrong = try_one(kind, seed, place)
            ms = 1000 * (time.perf_counter() - began)
            print(f"{what} {ms:.1f} {peak() - start} {wrong}", flush=True)


def try_one(kind: str, seed: int, folder: Path) -> tuple[str, str]:
    """Its outcome, and what was wrong if that is "crash"."""
    case = make_case(kind, seed, folder)
    signal.alarm(SECONDS)
    try:
        return outcome(case), ""
    except Exception as error:  # a crash is what is looked for
        return "crash", repr(error)[:500]
    finally:
        signal.alarm(0)


if __name__ == "__main__":
    child(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))

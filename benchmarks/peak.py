"""How much memory this process has taken at most, from Linux, which forgets it on demand.

Not getrusage(2): its maximum outlives exec, so that a child begins with its parent's.
"""

from __future__ import annotations

import re
from pathlib import Path


def forget_peak() -> int:
    """Resident KiB now, from which the peak is measured on."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> int:
    """KiB since the last `forget_peak`, or the process's start."""
    match = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(match[1]) if match else 0

"""Python, torch, the base model and memory. What only torch knows is asked of it (bot.checking)."""

from __future__ import annotations

import os
import platform
import sqlite3
from pathlib import Path

from bot.checking import ask_trainer
from bot.errors import OperatorError
from bot.settings import Settings
from bot.setup.check import Check, doubtful, fine, size, wrong
from bot.store.database import OLDEST_SQLITE
from trainer.basenames import BUNDLED, is_on_hub
from trainer.findings import BaseFound, Compute, Findings

# Measured: the bot; a worker that serves, and one that trains, without the base model's weights.
BOT_BYTES, SERVE_BYTES, TRAIN_BYTES = 150_000_000, 280_000_000, 900_000_000
WEIGHT_BYTES = {"int8": 1, "bf16": 2, "fp32": 4}
FULL_BYTES = 16  # of a weight that is trained: itself, its gradient, and what the optimizer keeps of it
CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")
INSTALL_TORCH = "Install torch for this machine, as on https://pytorch.org/get-started/locally."


def python() -> Check:
    text = f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        needed = ".".join(map(str, OLDEST_SQLITE))
        return wrong("Python", text, f"Mynah needs SQLite {needed} or newer: install it with a newer Python.")
    return fine("Python", text)


async def machine(settings: Settings) -> list[Check]:
    """torch, base model and memory."""
    try:
        found = await ask_trainer(settings.base_model)
    except OperatorError as error:
        return [wrong("torch", str(error), "Install Mynah again: `make install`, or `pip install --force-reinstall`.")]
    needed = needed_bytes(settings, found)
    return [torch_check(found.compute), base_check(found.base), memory_check(total_memory(), needed)]


def torch_check(found: Compute) -> Check:
    text = f"{found.torch} on {described(found)}"
    if found.idle_gpu:
        return doubtful("torch", f"{text}. {found.idle_gpu}", INSTALL_TORCH if "NVIDIA" in found.idle_gpu else "")
    return fine("torch", text)


def described(found: Compute) -> str:
    """The device in a line."""
    if found.device == "cuda":
        return f"{found.name}, {size(found.n_bytes)}, bf16"
    extras = ["int8 (VNNI)"] * found.vnni + ["bf16"] * found.bf16
    native = f"computes natively in {' and '.join(extras)}" if extras else "neither int8 nor bf16 natively"
    return f"{found.name}, {found.cores} core{'s'[: found.cores != 1]}; {native}; speaks in {found.precision}"


def base_check(found: BaseFound) -> Check:
    name = "Base model"
    if found.problem:
        return wrong(name, found.problem, "")
    if found.folder is None:
        return doubtful(
            name,
            f"{found.name} isn't on this machine yet: the first start downloads it.",
            'Let it, or set base_model = "bundled", which needs no network.',
        )
    files = "its checksums are right" if found.name == BUNDLED else "its files are whole"
    where = f" in {found.folder}" if is_on_hub(found.name) else ""
    figures = f"{found.parameters / 1e6:.1f} M parameters, {size(found.n_bytes)}"
    return fine(name, f"{found.name}{where}: {figures}; {files}")


def needed_bytes(settings: Settings, found: Findings) -> int:
    """What the bot and its two workers take in memory while one trains and the other speaks, about."""
    chosen = settings.generation.precision
    speaking = WEIGHT_BYTES[found.compute.precision if chosen == "auto" else chosen]
    training = FULL_BYTES if settings.training.method == "full" else WEIGHT_BYTES["fp32"]
    if found.compute.device == "cuda":
        speaking = training = WEIGHT_BYTES["bf16"]  # on their way to the GPU
    return BOT_BYTES + SERVE_BYTES + TRAIN_BYTES + (speaking + training) * found.base.parameters


def memory_check(total: int, needed: int) -> Check:
    text = f"{size(total)}; training and talking at once take about {size(needed)}"
    if total < needed:
        return doubtful("Memory", text, "Add memory or swap, or take a smaller base model.")
    return fine("Memory", text)


def total_memory() -> int:
    """Bytes of this machine, or fewer where a container may have fewer."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    try:
        return min(total, int(CGROUP_LIMIT.read_text()))
    except (OSError, ValueError):  # no container; or "max"
        return total

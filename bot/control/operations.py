"""The operation table: what the CLI has a running bot do, or does itself where none runs. A file for each noun."""

from __future__ import annotations

from typing import Any

from bot.control import disk, jobs, models, people
from bot.control.operation import Operation

OPERATIONS: dict[str, Operation[Any, Any]] = {
    operation.name: operation
    for operation in (*disk.OPERATIONS, *jobs.OPERATIONS, *models.OPERATIONS, *people.OPERATIONS)
}

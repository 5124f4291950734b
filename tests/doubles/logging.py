"""The process's logging, for a test that changes it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.logfile import LogFile

LOGGERS = ("", "bot", "trainer", "httpx", "tweepy", "telegram")


@contextmanager
def left_alone() -> Iterator[None]:
    """As it was before, afterwards."""
    root = logging.getLogger()
    handlers, levels = list(root.handlers), {name: logging.getLogger(name).level for name in LOGGERS}
    try:
        yield
    finally:
        for handler in root.handlers:
            if handler not in handlers:
                handler.close()
        root.handlers[:] = handlers
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@dataclass(frozen=True)
class Logging:
    """All that is logged goes into a file."""

    path: Path

    def begin(self, formatter: logging.Formatter) -> None:
        handler = LogFile(self.path, limit=10**6)
        handler.setFormatter(formatter)
        logging.getLogger().addHandler(handler)
        logging.getLogger().setLevel(logging.INFO)

    def read(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text().splitlines()]

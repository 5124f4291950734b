"""Stopping a real `publish` between its BEGIN and its COMMIT: the pointer has moved, the provenance is still to come.

As a script it publishes version 2 of @alice in the file named, says so in the middle, and waits to be killed.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bot.store.sqlite import SqliteStore
from tests.builders import manifest


async def in_the_middle_of_publish(store: SqliteStore, call: Callable[[], None]) -> None:
    """`call` runs in the connection's thread; what it raises fails the statement."""
    await store.database.connection.create_function("call_in_the_middle", 0, call)
    await store.database.fetch(
        "CREATE TEMP TRIGGER middle BEFORE INSERT ON provenance BEGIN SELECT call_in_the_middle(); END"
    )


def _say_and_wait() -> None:
    sys.stdout.write("in the middle\n")
    sys.stdout.flush()
    time.sleep(60)


async def _main(path: Path) -> None:
    async with SqliteStore.open(path) as store:
        await in_the_middle_of_publish(store, _say_and_wait)
        await store.publish("alice", 2, "personas/alice/v2", 2, manifest())


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))

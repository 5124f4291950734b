"""WorkerProcess: one `python -m trainer` child. Spawn, handshake, framing, correlation, cancel, kill the group.

Whatever goes wrong with the process or the protocol becomes WorkerDied for every request under way, and the process
group is killed: there is no half-broken worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from bot import traces
from bot.errors import OperatorError, WorkerDied
from trainer.logs import get_logger
from trainer.protocol import (
    MAX_LINE_BYTES,
    PROTOCOL_VERSION,
    TERMINAL,
    Answer,
    CancelRequest,
    Failed,
    ProtocolError,
    Ready,
    Request,
    decode_answer,
    encode,
)

READY_SECONDS = 120.0  # a first import of torch from a cold, slow disk
WORKER_ENVIRONMENT = {"TOKENIZERS_PARALLELISM": "false", "PYTHONUNBUFFERED": "1"}
GRACE_SECONDS = 5.0  # between a cancel message, SIGTERM and SIGKILL
events = get_logger(__name__)


def worker_command(role: str, base_model: str, threads: int, *options: str) -> list[str]:
    # -P: a folder or file of that name where the person happens to be must not be taken for it
    python = [sys.executable, "-P", "-m", "trainer"]
    return [*python, role, "--base-model", base_model, "--threads", str(threads), *options]


@dataclass
class WorkerProcess:
    """A running worker, past its handshake. Make one with `WorkerProcess.start`."""

    process: asyncio.subprocess.Process
    log: Path  # of its stderr
    grace_seconds: float = GRACE_SECONDS
    on_death: Callable[[], None] = lambda: None
    died: bool = False
    _stopping: bool = False  # we have said so
    _gone: bool = False
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _answers: dict[int, asyncio.Queue[Answer | None]] = field(default_factory=dict)
    _reader: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """For messages: "train", "serve"."""
        return self.log.stem

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        log: Path,
        on_death: Callable[[], None] = lambda: None,
        ready_seconds: float = READY_SECONDS,
    ) -> WorkerProcess:
        """Spawn and wait for Ready; stderr is appended to `log`. `on_death` is called once, before waiters are told.

        Raises WorkerDied, or OperatorError with the worker's own reason, such as a base model that can't be found.
        """
        began = time.monotonic()
        try:
            process = await _spawn(command, log)
        except OSError as error:
            raise OperatorError(f"The {log.stem} worker can't be started: {error}.") from error
        worker = cls(process, log, on_death=on_death)
        try:
            async with asyncio.timeout(ready_seconds):
                await worker._shake_hands(log)
        except TimeoutError:
            await worker.kill()
            raise WorkerDied(
                f"The {worker.name} worker was not ready after {ready_seconds:.0f} s; see {log}."
            ) from None
        except BaseException:
            await worker.kill()
            raise
        worker._reader = asyncio.create_task(worker._read(), name=worker.name)
        events.info("worker started", worker=worker.name, pid=process.pid, seconds=round(time.monotonic() - began, 2))
        return worker

    async def _shake_hands(self, log: Path) -> None:
        answer = await self._next_answer()
        if isinstance(answer, Failed):
            raise OperatorError(answer.message)
        if not isinstance(answer, Ready) or answer.protocol != PROTOCOL_VERSION:
            raise WorkerDied(
                f"The {self.name} worker ended, or spoke another protocol, before it was ready; see {log}."
            )

    async def _next_answer(self) -> Answer | None:
        """None at the end of the output, and for a line that is no answer."""
        assert self.process.stdout is not None
        try:
            line = await self.process.stdout.readline()
            return decode_answer(line) if line else None
        except (ProtocolError, ValueError):
            return None

    async def _read(self) -> None:
        while (answer := await self._next_answer()) is not None:
            queue = self._answers.get(answer.id)
            if queue is not None:
                queue.put_nowait(answer)
        self.died = True
        self.on_death()
        for queue in self._answers.values():
            queue.put_nowait(None)
        await self.kill()
        level, exit_code = logging.INFO if self._stopping else logging.WARNING, self.process.returncode
        events.log(level, "worker ended", worker=self.name, pid=self.process.pid, exit_code=exit_code)

    async def request(self, message: Request) -> AsyncGenerator[Answer, None]:
        """Send a request (its id is set here) and yield its answers up to the terminal one, Failed included.

        Closing the iterator early cancels the request: a message first; a worker that doesn't stop is killed.
        Raises WorkerDied.
        """
        request_id = next(self._ids)
        queue = self._answers[request_id] = asyncio.Queue[Answer | None]()
        over = False
        try:
            await self._send(traces.traced(message).model_copy(update={"id": request_id}))
            while not over:
                answer = None if self.died and queue.empty() else await queue.get()
                over = answer is None or isinstance(answer, TERMINAL)
                if answer is None:
                    raise WorkerDied(
                        f"The {self.name} worker ended in the middle of its work: perhaps there was too little memory. "
                        f"{self.log} may say more. What was there before is not lost."
                    )
                yield answer
        finally:
            if over or self.died:
                del self._answers[request_id]
            else:
                await asyncio.shield(self._cancel(request_id, queue))

    async def _send(self, message: Request) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(encode(message))
            await self.process.stdin.drain()
        except (ConnectionError, RuntimeError):
            raise WorkerDied(f"The {self.name} worker has ended.") from None

    async def _cancel(self, request_id: int, queue: asyncio.Queue[Answer | None]) -> None:
        """Ask, and wait for the request's end; after the grace time stop the whole process."""
        try:
            async with asyncio.timeout(self.grace_seconds):
                await self._send(CancelRequest(id=next(self._ids), target=request_id))
                while (answer := await queue.get()) is not None and not isinstance(answer, TERMINAL):
                    pass
        except (TimeoutError, WorkerDied):
            await self.stop()
        finally:
            del self._answers[request_id]

    async def stop(self) -> None:
        """End the process: SIGTERM to the group, and SIGKILL after the grace time."""
        self._stopping = True
        self._signal(signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.grace_seconds):
                await self.process.wait()
        await self.kill()

    async def kill(self) -> None:
        """SIGKILL to the group; returns when the process is gone."""
        self.died = True
        self._signal(signal.SIGKILL)
        await self.process.wait()
        self._gone = True

    def _signal(self, number: signal.Signals) -> None:
        # The worker leads its own process group, which outlives it for as long as a child of its own lives. Once all
        # are killed, its number may become another group's.
        if self._gone:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)


def _appended(log: Path) -> BinaryIO:
    """Only its owner reads it."""
    return open(log, "ab", opener=lambda path, flags: os.open(path, flags, 0o600))


async def _spawn(command: Sequence[str], log: Path) -> asyncio.subprocess.Process:
    """In a process group of its own, its stderr appended to `log`. Raises OSError."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with _appended(log) as stderr:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            limit=MAX_LINE_BYTES,
            start_new_session=True,
            env=WORKER_ENVIRONMENT | os.environ,
        )

"""The Trainer, Generator and Converter ports, implemented by local worker processes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path

from bot import traces
from bot.errors import BadInput, Busy, DamagedPersona, DiskFull, MynahError, OperatorError, WorkerDied, WrongBase
from bot.workers import READY_SECONDS, WorkerProcess
from trainer.protocol import (
    Adopted,
    AdoptRequest,
    Answer,
    Done,
    ExportRequest,
    Failed,
    Generated,
    GenerateRequest,
    Loaded,
    LoadRequest,
    Piece,
    Progress,
    Reported,
    Request,
    Stats,
    StatsRequest,
    Trained,
    TrainRequest,
    UnloadRequest,
)

PAUSES = (1.0, 5.0, 30.0, 60.0)  # seconds before a worker that is always wanted is started anew: deaths in a row
STEADY_SECONDS = 60.0  # a worker that lived so long counts anew
logger = logging.getLogger(__name__)


@dataclass
class WorkerSlot:
    """A place for one worker: started when first needed, started anew when it has died."""

    command: Sequence[str]
    log: Path
    on_death: Callable[[], None] = lambda: None
    ready_seconds: float = READY_SECONDS
    pauses: Sequence[float] = PAUSES
    _start: asyncio.Task[WorkerProcess] | None = None

    @property
    def is_live(self) -> bool:
        return self._start is not None and not _is_over(self._start)

    @property
    def is_ready(self) -> bool:
        """There is a worker that can be asked."""
        return self._start is not None and self._start.done() and self.is_live

    async def worker(self) -> WorkerProcess:
        """A live worker, started once however many ask. Raises WorkerDied or OperatorError when it can't be started."""
        if self._start is None or not self.is_live:
            start = WorkerProcess.start(self.command, self.log, self.on_death, self.ready_seconds)
            self._start = asyncio.create_task(start, context=traces.nobodys())
        return await asyncio.shield(self._start)

    async def keep(self) -> None:
        """Have a live worker until this is cancelled, or the slot closed: also after deaths, and failed starts."""
        in_a_row = 0
        while True:
            in_a_row = 0 if await self._life() > STEADY_SECONDS else in_a_row
            await asyncio.sleep(self.pauses[min(in_a_row, len(self.pauses) - 1)])
            if self._start is None:
                return
            in_a_row += 1

    async def _life(self) -> float:
        """Seconds that a worker lived; 0: it couldn't be started."""
        try:
            worker = await self.worker()
        except MynahError as error:
            logger.warning("the %s worker can't be started: %s", self.log.stem, error)
            return 0
        began = time.monotonic()
        await worker.process.wait()
        return time.monotonic() - began

    async def answers(self, request: Request) -> AsyncGenerator[Answer, None]:
        """A request's answers, Failed raised as the error that it stands for."""
        async with aclosing((await self.worker()).request(request)) as answers:
            async for answer in answers:
                if isinstance(answer, Failed):
                    raise failure(answer)
                yield answer

    async def close(self) -> None:
        """End the worker, or its start."""
        start, self._start = self._start, None
        if start is not None:
            start.cancel()
            await asyncio.wait([start])
            if not start.cancelled() and start.exception() is None:
                await start.result().stop()


def _is_over(start: asyncio.Task[WorkerProcess]) -> bool:
    return start.done() and (start.cancelled() or start.exception() is not None or start.result().died)


def failure(failed: Failed) -> MynahError:
    """The error that a worker's Failed stands for."""
    match failed.code:
        case "damaged":
            return DamagedPersona(failed.message)
        case "disk_full":
            return DiskFull("The disk is full. Free some space, then try again; nothing that was there is lost.")
        case "wrong_base":
            return WrongBase(failed.message)
        case "blocked" | "not_better" | "refused":
            return BadInput(failed.message)
        case "busy":
            return Busy(failed.message)
        case "not_loaded":
            return WorkerDied(f"The worker that had loaded {failed.message} is gone.")  # a new one answered
        case "internal":
            return OperatorError(f"Something went wrong in a worker ({failed.message}). Its log, in logs/, has more.")
        case _:
            return OperatorError(failed.message)


@dataclass
class TrainerClient:
    """bot.ports.Trainer over a worker."""

    slot: WorkerSlot

    async def warm(self) -> None:
        await self.slot.worker()

    async def rest(self) -> None:
        await self.slot.close()

    async def train(self, request: TrainRequest) -> AsyncGenerator[Progress | Trained | Reported, None]:
        async with aclosing(self.slot.answers(request)) as answers:
            async for answer in answers:
                if isinstance(answer, (Progress, Trained, Reported)):
                    yield answer


@dataclass
class GeneratorClient:
    """bot.ports.Generator over a worker."""

    slot: WorkerSlot

    async def stay_warm(self) -> None:
        await self.slot.keep()

    async def load(self, key: str, folder: Path) -> int:
        async with aclosing(self.slot.answers(LoadRequest(id=0, key=key, folder=str(folder)))) as answers:
            async for answer in answers:
                if isinstance(answer, Loaded):
                    return answer.n_bytes
        raise OperatorError(f"The serving worker gave no answer about {key}.")

    async def unload(self, key: str) -> None:
        await asyncio.shield(self._unload(key))  # the pool has already counted its bytes as free

    async def _unload(self, key: str) -> None:
        if not self.slot.is_live:
            return
        with suppress(WorkerDied):  # then it is unloaded
            async with aclosing(self.slot.answers(UnloadRequest(id=0, key=key))) as answers:
                async for _ in answers:
                    pass

    async def stats(self) -> Stats:
        async with aclosing(self.slot.answers(StatsRequest(id=0))) as answers:
            async for answer in answers:
                if isinstance(answer, Stats):
                    return answer
        raise OperatorError("The serving worker gave no answer about itself.")

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Piece | Generated, None]:
        async with aclosing(self.slot.answers(request)) as answers:
            async for answer in answers:
                if isinstance(answer, (Piece, Generated)):
                    yield answer


@dataclass
class ConverterClient:
    """bot.ports.Converter over a worker."""

    slot: WorkerSlot

    async def export(self, folder: Path, out: Path, merged: bool) -> None:
        request = ExportRequest(id=0, folder=str(folder), out=str(out), merged=merged)
        async with aclosing(self.slot.answers(request)) as answers:
            async for answer in answers:
                if isinstance(answer, Done):
                    return
        raise OperatorError(f"The converting worker gave no answer about {folder}.")

    async def adopt(self, request: AdoptRequest) -> int:
        async with aclosing(self.slot.answers(request)) as answers:
            async for answer in answers:
                if isinstance(answer, Adopted):
                    return answer.n_bytes
        raise OperatorError(f"The converting worker gave no answer about {request.folder}.")

"""The Trainer and Generator ports, implemented by local worker processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import DamagedPersona, DiskFull, MynahError, OperatorError, UserError, WorkerDied
from bot.workers import WorkerProcess
from trainer.protocol import (
    Answer,
    Failed,
    Generated,
    GenerateRequest,
    Loaded,
    LoadRequest,
    Piece,
    Progress,
    Request,
    Trained,
    TrainRequest,
    UnloadRequest,
)


@dataclass
class WorkerSlot:
    """A place for one worker: started when first needed, started anew when it has died."""

    command: Sequence[str]
    log: Path
    on_death: Callable[[], None] = lambda: None
    _worker: WorkerProcess | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def worker(self) -> WorkerProcess:
        """A live worker. Raises WorkerDied or OperatorError when it can't be started."""
        async with self._lock:
            if self._worker is None or self._worker.died:
                self._worker = await WorkerProcess.start(self.command, self.log, self.on_death)
            return self._worker

    async def answers(self, request: Request) -> AsyncGenerator[Answer, None]:
        """A request's answers, Failed raised as the error that it stands for."""
        async with aclosing((await self.worker()).request(request)) as answers:
            async for answer in answers:
                if isinstance(answer, Failed):
                    raise failure(answer)
                yield answer

    async def close(self) -> None:
        async with self._lock:
            if self._worker is not None:
                await self._worker.stop()
                self._worker = None


def failure(failed: Failed) -> MynahError:
    """The error that a worker's Failed stands for."""
    match failed.code:
        case "damaged":
            return DamagedPersona(failed.message)
        case "disk_full":
            return DiskFull("The disk is full. Free some space, then try again; nothing that was there is lost.")
        case "wrong_base":
            return UserError(f"This persona can't speak: {failed.message}. Set base_model back, or train it again.")
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

    async def train(self, request: TrainRequest) -> AsyncGenerator[Progress | Trained, None]:
        async with aclosing(self.slot.answers(request)) as answers:
            async for answer in answers:
                if isinstance(answer, (Progress, Trained)):
                    yield answer


@dataclass
class GeneratorClient:
    """bot.ports.Generator over a worker."""

    slot: WorkerSlot

    async def warm(self) -> None:
        await self.slot.worker()

    async def load(self, key: str, folder: Path) -> int:
        async with aclosing(self.slot.answers(LoadRequest(id=0, key=key, folder=str(folder)))) as answers:
            async for answer in answers:
                if isinstance(answer, Loaded):
                    return answer.n_bytes
        raise OperatorError(f"The serving worker gave no answer about {key}.")

    async def unload(self, key: str) -> None:
        with suppress(WorkerDied):  # then it is unloaded
            async with aclosing(self.slot.answers(UnloadRequest(id=0, key=key))) as answers:
                async for _ in answers:
                    pass

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Piece | Generated, None]:
        async with aclosing(self.slot.answers(request)) as answers:
            async for answer in answers:
                if isinstance(answer, (Piece, Generated)):
                    yield answer

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path

from tests.builders import manifest, report_card
from trainer.manifest import CorpusRecord, checksums, write_manifest
from trainer.protocol import Progress, Reported, Trained, TrainRequest

ADAPTER = "adapter_model.safetensors"


def train_events(n: int = 2) -> list[Progress]:
    return [Progress(stage="train", done=i + 1, total=n, loss=3.0) for i in range(n)]


@dataclass
class FakeTrainer:
    """bot.ports.Trainer that learns nothing: tells `events`, waits for `gate`, then raises `error` or writes a persona.

    After that it waits for `report_gate` and raises `report_error` or tells a report card. `log` has what happened, in
    order: warm, begin pip, end pip (however it ended), rest.
    """

    events: list[Progress] = field(default_factory=train_events)
    error: Exception | None = None
    warm_error: Exception | None = None
    report_error: Exception | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    report_gate: asyncio.Event = field(default_factory=asyncio.Event)
    log: list[str] = field(default_factory=list)
    requests: list[TrainRequest] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate.set()
        self.report_gate.set()

    async def warm(self) -> None:
        self.log.append("warm")
        if self.warm_error is not None:
            raise self.warm_error

    async def rest(self) -> None:
        self.log.append("rest")

    async def train(self, request: TrainRequest) -> AsyncGenerator[Progress | Trained | Reported, None]:
        self.log.append(f"begin {request.persona}")
        self.requests.append(request)
        try:
            for event in self.events:
                yield event
            await self.gate.wait()
            if self.error is not None:
                raise self.error
            yield Trained(id=request.id, n_bytes=write_persona(Path(request.out), request))
            await self.report_gate.wait()
            if self.report_error is not None:
                raise self.report_error
            yield Reported(id=request.id, card=report_card())
        finally:
            self.log.append(f"end {request.persona}")


def write_persona(out: Path, request: TrainRequest) -> int:
    """A folder that looks like a persona; returns its bytes."""
    out.mkdir(parents=True)
    (out / ADAPTER).write_text(f"adapter of {request.persona}")
    corpus = CorpusRecord(accounts=request.accounts, duplicates=0, train_posts=9, held_out_posts=1, train_tokens=99)
    write_manifest(out, manifest(request.persona, corpus=corpus, lineage=request.lineage, files=checksums(out)))
    return (out / ADAPTER).stat().st_size

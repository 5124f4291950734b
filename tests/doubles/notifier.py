from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bot.domain import Job, Persona
from trainer.protocol import Progress


@dataclass
class RecordingNotifier:
    """bot.ports.Notifier that keeps what it was told, and raises `error` after that if there is one."""

    stages: list[Progress] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    error: Exception | None = None
    _ended: dict[int, asyncio.Event] = field(default_factory=dict)

    async def progress(self, job: Job, progress: Progress) -> None:
        self.stages.append(progress)
        self._raise()

    async def trained(self, job: Job, persona: Persona) -> None:
        self._end(job, f"trained {persona.name} v{persona.version}")

    async def reported(self, job: Job, persona: Persona) -> None:
        self.reports.append(f"{persona.name} v{persona.version}")
        self._raise()

    async def failed(self, job: Job, message: str) -> None:
        self._end(job, f"{job.persona}: {message}")

    def _end(self, job: Job, text: str) -> None:
        self.ends.append(text)
        self._event(job.id).set()
        self._raise()

    def _raise(self) -> None:
        if self.error is not None:
            raise self.error

    def _event(self, job_id: int) -> asyncio.Event:
        return self._ended.setdefault(job_id, asyncio.Event())

    async def wait(self, job_id: int) -> None:
        """Until the person was told how this job ended."""
        await self._event(job_id).wait()

"""bot.ports.Notifier: each job's news goes to the messenger where it was asked for."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from bot.domain import Job, Persona
from bot.ports import Notifier
from trainer.protocol import Progress

logger = logging.getLogger(__name__)


@dataclass
class Router:
    """`notifiers` by platform: they come up later than the services that tell them. Without one, the log has it."""

    notifiers: dict[str, Notifier] = field(default_factory=dict)

    async def progress(self, job: Job, progress: Progress) -> None:
        if notifier := self.notifiers.get(job.caller.platform):
            await notifier.progress(job, progress)

    async def trained(self, job: Job, persona: Persona) -> None:
        logger.info("job %d: @%s is ready, version %d", job.id, persona.name, persona.version)
        if notifier := self.notifiers.get(job.caller.platform):
            await notifier.trained(job, persona)

    async def reported(self, job: Job, persona: Persona) -> None:
        if notifier := self.notifiers.get(job.caller.platform):
            await notifier.reported(job, persona)

    async def failed(self, job: Job, message: str) -> None:
        logger.info("job %d: @%s was not trained: %s", job.id, job.persona, message)
        if notifier := self.notifiers.get(job.caller.platform):
            await notifier.failed(job, message)

"""What the service needs from outside, as Protocols. Adapters implement them; use cases know nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path
from typing import Protocol

from bot.domain import AccountSource, Caller, Job, JobState, Persona
from trainer.corpus import Post
from trainer.manifest import Manifest
from trainer.protocol import (
    Generated,
    GenerateRequest,
    Piece,
    Progress,
    ReportCard,
    Reported,
    Stats,
    Trained,
    TrainRequest,
)

FetchProgress = Callable[[int, int], None]  # (done, total) in the source's own units; may be called from a thread


class PostSource(Protocol):
    """One place that posts come from."""

    def resolve(self, handle: str) -> AccountSource | None:
        """Where this account's posts are, if this source has them; cheap."""

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """The account's latest `limit` posts. Raises UserError when there are none or they can't be read."""

    def at_hand(self) -> list[AccountSource]:
        """Accounts whose posts are on this machine."""


class Sources(Protocol):
    """All the places that posts come from."""

    def resolve(self, handle: str) -> AccountSource:
        """The first source that has this account. Raises NotFound, which says what the person can do."""

    def named_file(self, handle: str, path: Path) -> AccountSource:
        """A file that a person names as the place of an account's posts. Raises NotFound or BadInput."""

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """As PostSource.fetch, from the source that the account's reference names."""

    async def kept(self, persona: str, handle: str) -> list[Post]:
        """The posts that a persona's last training kept of an account; none, if they are gone or damaged."""

    def at_hand(self) -> list[AccountSource]:
        """Accounts whose posts are on this machine, each once."""


class Store(Protocol):
    async def personas(self) -> list[Persona]: ...

    async def persona(self, name: str) -> Persona | None: ...

    async def publish(self, name: str, version: int, folder: str, n_bytes: int, manifest: Manifest) -> Persona:
        """Record a version and make it the current one, in one transaction."""

    async def add_report(self, persona: Persona, card: ReportCard) -> Persona:
        """Put a report card into a version's manifest; changes nothing when it was forgotten meanwhile."""

    async def next_version(self, name: str) -> int: ...

    async def forget(self, name: str) -> None: ...

    async def add_job(
        self, accounts: Sequence[AccountSource], persona: str, caller: Caller, fresh: bool = False
    ) -> Job:
        """Raises AlreadyTraining when a job of this persona is queued or running."""

    async def job(self, job_id: int) -> Job | None: ...

    async def active_job(self, persona: str) -> Job | None:
        """The persona's queued or running job."""

    async def jobs(self, limit: int = 20) -> list[Job]:
        """Newest first."""

    async def position(self, job_id: int) -> int:
        """How many jobs are before this one."""

    async def claim_job(self) -> Job | None:
        """The oldest queued job, now running, its attempts counted."""

    async def move_job(self, job_id: int, state: JobState, error: str | None = None) -> bool:
        """Follow one edge of TRANSITIONS; False when the job was not in a state that has it."""

    async def requeue_interrupted(self, max_attempts: int) -> list[Job]:
        """Running jobs → queued; those started `max_attempts` times → failed. Returns them as they are now."""

    async def current_persona(self, channel: str) -> str | None: ...

    async def set_current_persona(self, channel: str, name: str) -> None: ...


class Trainer(Protocol):
    async def warm(self) -> None:
        """Get ready for a job that is about to come. Raises OperatorError."""

    async def rest(self) -> None:
        """No job has come for a while: give memory back until the next one."""

    def train(self, request: TrainRequest) -> AsyncGenerator[Progress | Trained | Reported, None]:
        """Events up to Trained, and then Reported. Closing the iterator cancels. Raises UserError or OperatorError."""


class Generator(Protocol):
    async def warm(self) -> None:
        """Get ready for the first request. Raises OperatorError."""

    async def load(self, key: str, folder: Path) -> int:
        """Make a persona resident; returns its bytes. Raises DamagedPersona and others."""

    async def unload(self, key: str) -> None: ...

    async def stats(self) -> Stats:
        """What it has done since it was started."""

    def generate(self, request: GenerateRequest) -> AsyncGenerator[Piece | Generated, None]:
        """Events up to Generated. Closing the iterator cancels. Raises WorkerDied when the worker is lost."""


class Notifier(Protocol):
    """Tells people about their jobs, wherever they asked."""

    async def progress(self, job: Job, progress: Progress) -> None: ...

    async def trained(self, job: Job, persona: Persona) -> None: ...

    async def reported(self, job: Job, persona: Persona) -> None:
        """The persona has its report card, some time after it was trained."""

    async def failed(self, job: Job, message: str) -> None: ...

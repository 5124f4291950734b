"""What the service needs from outside, as Protocols. Adapters implement them; use cases know nothing else."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from pathlib import Path
from typing import Protocol

from bot.domain import (
    About,
    AccountSource,
    Caller,
    Job,
    JobMessage,
    JobState,
    Letter,
    Outlook,
    Persona,
    Profile,
    Publication,
    Purchase,
    Summary,
    UserRules,
    Version,
    Voice,
)
from bot.policy import Rules
from trainer.corpus import Post
from trainer.manifest import Manifest
from trainer.protocol import (
    AdoptRequest,
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


class FetchProgress(Protocol):
    """Hears how far a source is; may be called from a thread."""

    def __call__(self, done: int, total: int, wait: float | None = None) -> None:
        """`done` of `total`, in the source's own units. `wait`: nothing happens for so many seconds, by its rules."""


def unheard(done: int, total: int, wait: float | None = None) -> None:
    """A FetchProgress for nobody."""


class PostSource(Protocol):
    """One place that posts come from."""

    @property
    def about(self) -> About:
        """What the operator needs to know."""

    def resolve(self, handle: str, keepers: Collection[str] | None = None) -> AccountSource | None:
        """Where this account's posts are, if this source has them; cheap.

        `keepers`: of what personas have kept, only these ones' counts; None: all.
        """

    async def look(self, account: AccountSource, limit: int) -> Outlook:
        """What fetching it would mean, before anything is read or spent on posts. Raises UserError.

        The outlook's account is the one to fetch: it may have another handle than the one that was asked for.
        """

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """The account's latest `limit` posts. Raises UserError when there are none or they can't be read."""

    async def profile(self, account: AccountSource) -> Profile | None:
        """Who the account is, as far as this source knows. Raises UserError when it can't be read."""

    def at_hand(self) -> list[AccountSource]:
        """Accounts whose posts are on this machine."""

    async def here(self, account: AccountSource) -> list[Post]:
        """Posts of one of those, newest first, without asking anybody; none where they can't be read."""


class Sources(Protocol):
    """All the places that posts come from."""

    def resolve(self, voice: Voice, keepers: Collection[str] | None = None) -> AccountSource:
        """The first source that has this account. Raises NotFound, which says what the person can do."""

    async def named(self, voice: Voice, keepers: Collection[str] | None) -> Voice:
        """An account that comes without a file, by its handle. Raises UserError."""

    def named_file(self, handle: str, path: Path) -> AccountSource:
        """A file that a person names as the place of an account's posts. Raises NotFound or BadInput."""

    async def look(self, account: AccountSource, limit: int) -> Outlook:
        """As PostSource.look, from the source that the account's reference names."""

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """As PostSource.fetch, likewise."""

    async def profile(self, account: AccountSource) -> Profile | None:
        """As PostSource.profile, likewise; None, too, where it can't be read."""

    async def kept(self, persona: str, handle: str) -> list[Post]:
        """The posts that a persona's last training kept of an account; none, if they are gone or damaged."""

    def keep(self, path: Path, reference: str, posts: Sequence[Post]) -> None:
        """Keep an account's posts in a file, for `kept`. Raises OSError."""

    def n_read(self, handle: str) -> int:
        """How many posts have been read of this account on networks."""

    def has_read(self, handle: str) -> bool:
        """Is there anything that has been read of this account on networks?"""

    def forget(self, handle: str) -> None:
        """Delete that. Raises OSError."""

    def at_hand(self) -> list[AccountSource]:
        """Accounts whose posts are on this machine, each once."""

    async def here(self, account: AccountSource) -> list[Post]:
        """As PostSource.here, likewise."""

    def abouts(self) -> list[About]:
        """What the operator needs to know about each of them."""


class Store(Protocol):
    async def personas(self, space: str = "") -> list[Persona]:
        """By name: those that may be seen in a space, the operator's among them; "": all."""

    async def names(self, space: str = "") -> dict[str, frozenset[str]]:
        """Of the same ones, in the same order, with the handles they are made of: their records aren't read."""

    async def persona(self, name: str) -> Persona | None: ...

    async def publish(
        self, name: str, version: int, folder: str, n_bytes: int, manifest: Manifest, space: str | None = ""
    ) -> Persona:
        """Record a version, make it the current one and let the space see it, in one transaction.

        None: whoever sees the version before.
        """

    async def spaces(self, name: str) -> set[str]:
        """Where a persona may be seen."""

    async def show(self, name: str, space: str) -> None:
        """Let a space see a persona."""

    async def hide(self, name: str, space: str) -> None:
        """Let a space not see a persona any more."""

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

    async def jobs(self, limit: int = 20, space: str = "") -> list[Job]:
        """A space's, newest first; "": all."""

    async def unfinished_jobs(self) -> list[Job]:
        """All that are queued or running, oldest first."""

    async def job_counts(self) -> dict[JobState, int]:
        """How many jobs there are in each state."""

    async def position(self, job_id: int) -> int:
        """How many jobs are before this one."""

    async def claim_job(self) -> Job | None:
        """The oldest queued job, now running, its attempts counted."""

    async def move_job(self, job_id: int, state: JobState, error: str | None = None) -> bool:
        """Follow one edge of TRANSITIONS; False when the job was not in a state that has it."""

    async def requeue_interrupted(self, max_attempts: int) -> list[Job]:
        """Running jobs → queued; those started `max_attempts` times → failed. Returns them as they are now."""

    async def add_publication(self, publication: Publication) -> None:
        """A version takes the place of an earlier one at the same address."""

    async def publications(self, persona: str) -> list[Publication]:
        """Where a persona is, as far as it was published from here, by address."""

    async def current_persona(self, channel: str) -> str | None: ...

    async def set_current_persona(self, channel: str, name: str) -> None: ...


class Library(Protocol):
    """The personas, for whoever keeps order among them."""

    async def summaries(self) -> list[Summary]:
        """Of all personas, by name; reads no whole manifests."""

    async def versions(self) -> list[Version]:
        """All that are recorded, by persona and number."""

    async def touch(self, name: str) -> None:
        """The persona speaks now. Written once an hour at most."""

    async def rename(self, old: str, new: str) -> None:
        """Everything that is recorded of it; `personas/<old>/` in folders becomes `personas/<new>/`.

        Raises AlreadyThere, or NotFound.
        """

    async def drop_version(self, name: str, number: int) -> bool:
        """Its record; False, and nothing happens, when it is the current one."""


class Users(Protocol):
    """What the operator has decided about people."""

    async def user(self, user: str) -> UserRules:
        """Of somebody named like `discord:123`; as for everybody where nothing was decided."""

    async def users(self) -> list[UserRules]:
        """All about whom something was decided, by name."""

    async def change_user(self, user: str, change: Callable[[UserRules], UserRules]) -> UserRules:
        """Returns the rules as they are now; changes of others come before or after, not between.

        Rules that are as for everybody are not kept.
        """


class Chats(Protocol):
    """What is remembered about messengers and the spaces in them."""

    async def rules(self, space: str) -> Rules:
        """A space's, or the usual ones."""

    async def change_rules(self, space: str, change: Callable[[Rules], Rules]) -> Rules:
        """Returns them as they are now; changes of others come before or after, not between."""

    async def used(self, space: str, what: str, day: str) -> int:
        """How often something was done in a space on a day."""

    async def use(self, space: str, what: str, day: str, times: int) -> None:
        """Count it; days before are forgotten."""

    async def optouts(self) -> set[str]:
        """Handles that must not be imitated."""

    async def opt_out(self, handle: str) -> None: ...

    async def opt_in(self, handle: str) -> None: ...

    async def set_message(self, message: JobMessage) -> None:
        """A job has one: the latest."""

    async def message(self, job_id: int) -> JobMessage | None: ...

    async def tell(self, job_id: int) -> None:
        """A job's message shows how it ended."""

    async def untold(self, platform: str) -> list[int]:
        """Ended jobs of a messenger whose message, if there is one, doesn't show it."""

    async def move(self, old: str, new: str, channel: str, new_channel: str) -> None:
        """A space has another name from now on, and so has the channel that is all of it."""

    async def note(self, name: str) -> str | None: ...

    async def set_note(self, name: str, text: str) -> None: ...


class Inbox(Protocol):
    """What a messenger has handed over, from then until it has been dealt with: a kill in between loses nothing."""

    async def keep(self, number: int, content: str) -> bool:
        """False when it was handed over before."""

    async def note(self, number: int, note: str) -> None:
        """What was shown for it so far."""

    async def done(self, number: int) -> None:
        """Its content is deleted. The number stays known for a while."""

    async def reopen(self) -> list[Letter]:
        """Those that the process before has left, in the order of their coming."""

    async def rest(self) -> None:
        """This process ends as it should: what is left didn't kill it."""

    async def tidy(self) -> None:
        """What was deleted is on the disk no more, nor in what the database keeps beside its file."""


class Spending(Protocol):
    """What sources have cost, in millionths of a dollar."""

    async def spent(self, source: str, month: str) -> int: ...

    async def reserve(self, purchase: Purchase, budget: int) -> int | None:
        """Its number, once it is on the account; None when the month's spending would exceed the budget."""

    async def settle(self, number: int, n: int) -> None:
        """A purchase turned out to be of `n` pieces."""

    async def purchases(self, source: str) -> list[Purchase]:
        """Summed by month, account and kind, newest month first."""


class Trainer(Protocol):
    async def warm(self) -> None:
        """Get ready for a job that is about to come. Raises OperatorError."""

    async def rest(self) -> None:
        """No job has come for a while: give memory back until the next one."""

    def train(self, request: TrainRequest) -> AsyncGenerator[Progress | Trained | Reported, None]:
        """Events up to Trained, and then Reported. Closing the iterator cancels. Raises UserError or OperatorError."""


class Generator(Protocol):
    async def stay_warm(self) -> None:
        """Be ready for the next request, until cancelled."""

    async def load(self, key: str, folder: Path) -> int:
        """Make a persona resident; returns its bytes. Raises DamagedPersona and others."""

    async def unload(self, key: str) -> None: ...

    async def stats(self) -> Stats:
        """What it has done since it was started."""

    def generate(self, request: GenerateRequest) -> AsyncGenerator[Piece | Generated, None]:
        """Events up to Generated. Closing the iterator cancels. Raises WorkerDied when the worker is lost."""


class Converter(Protocol):
    """Personas to models that others can load, and back."""

    async def export(self, folder: Path, out: Path, merged: bool) -> None:
        """Fill a new folder with a version as an adapter, or merged into one model. Raises UserError, OperatorError."""

    async def adopt(self, request: AdoptRequest) -> int:
        """Make a version of a model that was downloaded; returns its bytes. Raises UserError or OperatorError."""


class Hub(Protocol):
    """Where models are published, like https://huggingface.co."""

    async def push(self, folder: Path, repo: str, public: bool, message: str) -> str:
        """Put a folder's files into a repository, which is made if need be; once more, it goes on where it stopped.

        Returns its address. Raises UserError or OperatorError.
        """

    async def pull(self, repo: str, revision: str | None, to: Path) -> str:
        """Download what a persona can be made of; once more, it goes on where it stopped. Returns the revision's hash.

        Raises UserError.
        """


class Notifier(Protocol):
    """Tells people about their jobs, wherever they asked."""

    async def progress(self, job: Job, progress: Progress) -> None: ...

    async def trained(self, job: Job, persona: Persona) -> None: ...

    async def reported(self, job: Job, persona: Persona) -> None:
        """The persona has its report card, some time after it was trained."""

    async def failed(self, job: Job, message: str) -> None: ...

"""What lies where under the data folder, and the moves that publish and forget a persona.

mynah.sqlite3                       the store
control.sock                        where a bot that runs takes the CLI's operations
personas/<name>/posts/<handle>.jsonl.zst  the posts a persona was made from
accounts/<network>/                 what has been read of accounts on networks
personas/<name>/posts/<handle>.avatar     the account's picture, PNG or JPEG, where there is one
personas/<name>/v<n>/               a published version: adapter files, manifest.json
before-<time>/                      what `mynah db restore --replace` has moved aside
tracking/                           what W&B and trackio keep of trainings, if they are on
uploads/                            files that people sent, until the job that reads them has ended
work/job-<id>/                      a job's corpus, checkpoint and unfinished version; goes when the job ends
work/rename.part-<pid>/              a persona on its way to another name
work/pull/, work/publish/           models on their way from a hub and to it; a cut one goes on from there
logs/                               what the bot and its workers have written down; a full one is kept as <name>.1
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from glob import escape
from pathlib import Path

from filelock import FileLock, Timeout

from bot.errors import DataDirInUse, DiskFull, OperatorError
from trainer.split import Split

MIN_FREE_BYTES = 64 * 1024 * 1024
ACCOUNT_KINDS = (".json", ".part.zst", ".jsonl.zst", ".avatar")  # an account's files, in accounts/<network>/


@dataclass(frozen=True)
class Folders:
    root: Path

    @property
    def database(self) -> Path:
        return self.root / "mynah.sqlite3"

    @property
    def control(self) -> Path:
        return self.root / "control.sock"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def uploads(self) -> Path:
        """Files that people sent, each in a folder of its own, until the job that reads them has ended."""
        return self.root / "uploads"

    @property
    def tracking(self) -> Path:
        return self.root / "tracking"

    @property
    def downloads(self) -> Path:
        """Models that are being pulled, until personas are made of them."""
        return self.root / "work" / "pull"

    @property
    def outgoing(self) -> Path:
        """Models that are being published."""
        return self.root / "work" / "publish"

    @property
    def lock(self) -> Path:
        return self.root / "jobs.lock"

    def persona(self, name: str) -> Path:
        return self.root / "personas" / name

    def posts(self, name: str, handle: str) -> Path:
        return self.persona(name) / "posts" / f"{handle}.jsonl.zst"

    def version(self, name: str, number: int) -> Path:
        return self.persona(name) / f"v{number}"

    def work(self, job_id: int) -> Path:
        return self.root / "work" / f"job-{job_id}"

    def relative(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def make(self) -> None:
        """The data folder itself, for its owner alone: it has people's posts. Raises OperatorError."""
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.logs.mkdir(exist_ok=True)
        except OSError as error:
            raise OperatorError(
                f"The data folder {self.root} can't be made or written ({error.strerror}). Choose another one with "
                "--data-dir or MYNAH_DATA_DIR."
            ) from error

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Be the one process that changes personas in this folder. Raises DataDirInUse when another one is."""
        lock = FileLock(self.lock)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise DataDirInUse(
                f"Another mynah is already running on {self.root}. Use that one, or close it first, "
                "or give this one a folder of its own with --data-dir."
            ) from None
        try:
            yield
        finally:
            lock.release()

    def check_free_space(self, n_bytes: int = MIN_FREE_BYTES) -> None:
        """Raises DiskFull when a training would probably not fit."""
        free = shutil.disk_usage(self.root).free
        if free < n_bytes:
            raise DiskFull(
                f"The disk is nearly full: {free // 2**20} MB are free in {self.root}, a training needs "
                f"{n_bytes // 2**20} MB. Free some space, then try again; nothing is lost."
            )

    def unfinished(self, job_id: int) -> Path:
        """Where the trainer writes a job's version."""
        return self.work(job_id) / "version"

    def write_corpus(self, job_id: int, split: Split) -> Path:
        """A job's corpus file, as the train worker reads it. What an attempt before left of a version goes."""
        path = self.work(job_id) / "corpus.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.unfinished(job_id), ignore_errors=True)
        corpus = {"train": split.train, "held_out": split.held_out, "duplicates": sum(split.duplicates)}
        path.write_text(json.dumps(corpus), encoding="utf-8")
        return path

    def new_posts(self, job_id: int, handle: str) -> Path:
        """Where a job's posts wait for its persona."""
        return self.work(job_id) / "posts" / f"{handle}.jsonl.zst"

    def keep_posts(self, job_id: int, name: str, handle: str) -> None:
        """Move them to where they belong."""
        place = self.posts(name, handle)
        place.parent.mkdir(parents=True, exist_ok=True)
        self.new_posts(job_id, handle).replace(place)

    def avatar(self, name: str, handle: str) -> Path:
        """An account's picture, where there is one."""
        return self.persona(name) / "posts" / f"{handle}.avatar"

    def keep_avatar(self, name: str, handle: str, picture: bytes | None) -> None:
        if picture is not None:
            self.avatar(name, handle).write_bytes(picture)

    def write_contrast(self, job_id: int, posts: Mapping[str, Sequence[str]]) -> Path:
        """Other accounts' posts, as the train worker reads them."""
        path = self.work(job_id) / "contrast.json"
        path.write_text(json.dumps(posts), encoding="utf-8")
        return path

    def publish(self, finished: Path, name: str, number: int) -> Path:
        """Move a finished version into its place by one rename. What a crash left there is not a version: it goes."""
        place = self.version(name, number)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(place, ignore_errors=True)
        for path in (*finished.iterdir(), finished):
            sync(path)
        os.rename(finished, place)
        sync(place.parent)
        return place

    def drop_old_versions(self, name: str, number: int) -> None:
        """Keep this version and the one before it, which may still be speaking."""
        for old in range(1, number - 1):
            shutil.rmtree(self.version(name, old), ignore_errors=True)

    def drop_work(self, job_id: int) -> None:
        shutil.rmtree(self.work(job_id), ignore_errors=True)

    def drop_uploads(self, references: Iterable[str]) -> None:
        """Of those that are named like this, as by AccountSource."""
        for folder in self.uploads_of(references):
            shutil.rmtree(folder, ignore_errors=True)

    def keep_uploads(self, references: Iterable[str]) -> None:
        """All others go."""
        kept = self.uploads_of(references)
        for folder in self.uploads.glob("*"):
            if folder not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def uploads_of(self, references: Iterable[str]) -> set[Path]:
        """The folders of those that people sent, among these."""
        paths = (Path(reference.removeprefix("file:")) for reference in references)
        return {path.parent for path in paths if path.parent.parent == self.uploads}

    def jobs_with_work(self) -> list[int]:
        """Jobs that a process before this one, stopped or killed, has left something of."""
        names = [path.name for path in (self.root / "work").glob("job-*")]
        return sorted(int(number) for number in (name.removeprefix("job-") for name in names) if number.isdigit())

    def forget(self, name: str) -> None:
        """Remove a persona's posts and weights. Raises OSError."""
        if self.persona(name).exists():
            shutil.rmtree(self.persona(name))


@contextmanager
def unfinished(place: Path, name: str) -> Iterator[Path]:
    """A folder for this process to make, gone at the end unless it was renamed; what killed ones have left goes now."""
    place.mkdir(parents=True, exist_ok=True)
    for left in place.glob(f"{escape(name)}.part-*"):
        if not _runs(left.name.rpartition("-")[2]):
            shutil.rmtree(left, ignore_errors=True)
    folder = place / f"{name}.part-{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)  # of a process that had this number, as all have in a container
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def account_of(path: Path) -> str | None:
    """Whose file in accounts/<network>/ this is; None: a lock, or what a killed write has left."""
    if path.name.startswith("."):
        return None
    return next((path.name.removesuffix(kind) for kind in ACCOUNT_KINDS if path.name.endswith(kind)), None)


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:  # somebody else's
        pass
    return True


def sync(path: Path) -> None:
    """Safe from a power cut: a file's bytes, and a folder's names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

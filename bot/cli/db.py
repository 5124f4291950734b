"""`mynah db`: backups, and the database's schema."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.shared import noun, run, settings_of
from bot.errors import BadInput, OperatorError

if TYPE_CHECKING:
    from bot.backup.restoring import Restored
    from bot.backup.writing import Backup
    from bot.folders import Folders
    from bot.settings import Settings

app = noun("Backups, and the database's schema.")


@app.command()
def backup(
    ctx: typer.Context,
    to: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE|FOLDER]", help="A new file; without it: ./mynah-backup-<date>-<time>.tar"),
    ] = None,
    without_posts: Annotated[
        bool, typer.Option("--without-posts", help="Smaller: personas speak, but refreshing one reads all anew.")
    ] = False,
) -> None:
    """Copy everything into one file, while the bot runs or not: database, personas, posts. Not the settings file.

    Whoever has the file can read what people have said and posted: only you can read it, and so it should stay.
    """
    from bot.backup.writing import backup

    settings = settings_of(ctx)
    place = _target((to or Path()).expanduser().absolute())
    with _stoppable(), _progress("Copying") as tell:
        made = backup(_folders(settings), place, settings.base_model, not without_posts, tell)
    _tell_backup(made)


@app.command()
def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `mynah db backup` has made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="What is in the data folder is moved aside, not deleted.")
    ] = False,
) -> None:
    """Put a backup into the data folder, after all of it was checked; no bot may be running there."""
    from bot.backup.restoring import restore

    settings = settings_of(ctx)
    place = file.expanduser().absolute()
    with _stoppable(), _progress("Checking") as tell:
        restored = restore(place, _folders(settings), _migrate, tell, datetime.now(), replace)
    _tell_restored(restored, settings)


@app.command()
def migrate(
    ctx: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
) -> None:
    """Bring the database's schema up to date, after a copy of it was made. Every start does it too, without a copy."""
    from bot.store.database import copy_database
    from bot.store.migrate import check_known, newest, schema

    folders = _there(settings_of(ctx))
    before, after = schema(folders.database), newest()
    check_known(folders.database, before)
    if before == after:
        print(f"The schema is {before}, the newest that this Mynah knows: there is nothing to do.")
    elif dry_run:
        print(f"The schema is {before}; it would become {after}. Nothing was changed.")
    else:
        copy = folders.database.with_name(f"{folders.database.name}.before-{after}")
        with folders.owned(), _explained(copy):
            part = copy.with_name(f"{copy.name}.part")
            part.unlink(missing_ok=True)
            copy_database(folders.database, part)
            part.replace(copy)  # not before: the one of a try that failed may be all that is left
            _migrate(folders.database)
        print(f"The schema was {before} and is {after} now. The database as it was: {copy}")
        print("Delete that when all is well: what is forgotten from now on is still in there.")


@app.command()
def check(ctx: typer.Context) -> None:
    """Is the database sound? Changes nothing, and may be asked while the bot runs."""
    from bot.store.database import problems
    from bot.store.migrate import newest, schema

    database = _there(settings_of(ctx)).database
    if wrong := problems(database):
        raise OperatorError(
            "\n".join([f"{database} is damaged:", *(f"  {one}" for one in wrong), "Restore a backup: mynah db restore"])
        )
    print(f"{database} is sound. Its schema is {schema(database)}; the newest that this Mynah knows is {newest()}.")


def _folders(settings: Settings) -> Folders:
    from bot.folders import Folders

    return Folders(settings.data_dir)


def _there(settings: Settings) -> Folders:
    """Raises BadInput where there is no database."""
    folders = _folders(settings)
    if not folders.database.is_file():
        raise BadInput(f"There is no database in {folders.root}: the first start of the bot makes it.")
    return folders


def _target(place: Path) -> Path:
    return place / f"mynah-backup-{datetime.now():%Y%m%d-%H%M%S}.tar" if os.path.isdir(place) else place


def _migrate(database: Path) -> None:
    from bot.store.sqlite import SqliteStore

    async def open_and_close() -> None:
        async with SqliteStore.open(database):
            pass

    before = signal.getsignal(signal.SIGTERM)
    try:
        run(open_and_close())
    finally:  # an event loop that ends leaves the system's own
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OperatorError(f"{path} can't be written ({error.strerror}). Nothing was changed.") from error


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM, too, lets what is half done be removed."""

    def stop(number: int, frame: object) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _tell_backup(made: Backup) -> None:
    from bot.figures import bytes_text

    contents = made.contents
    print(f"{made.path}")
    print(f"{_counted(contents.personas, 'persona')}, {_counted(contents.versions, 'version')}, ", end="")
    print(f"{_counted(len(contents.files), 'file')}, {bytes_text(made.n_bytes)}. Schema {contents.schema_version}.")
    if not contents.posts:
        print("Posts are not in it: personas will speak, but refreshing one reads its posts anew, or needs its file.")
    if made.missing:
        print("These files were missing or lost before (mynah models verify says more):", file=sys.stderr)
        print("\n".join(f"  {one}" for one in made.missing), file=sys.stderr)


def _tell_restored(restored: Restored, settings: Settings) -> None:
    contents = restored.contents
    print(f"{settings.data_dir} has {_counted(contents.personas, 'persona')} again, ", end="")
    print(f"as of {contents.created_at.astimezone():%Y-%m-%d %H:%M}; every checksum is right.")
    if restored.schema_version != contents.schema_version:
        print(f"The database's schema was {contents.schema_version} and is {restored.schema_version} now.")
    if restored.aside is not None:
        print(f"What was there before is in {restored.aside}. Delete that when you don't need it any more.")
    if contents.base_model != settings.base_model:
        print(
            f"The backup was made with base_model = {contents.base_model!r}, here it is {settings.base_model!r}: ",
            end="",
        )
        print("personas speak on the one that they were trained on.")
    print("Settings and tokens are not in a backup; mynah doctor says whether all is well.")


def _counted(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' * (n != 1)}"

"""Files and folders that a person named, in messages: their names, and the system's errors about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import BadInput, NotFound, UserError
from bot.texts import Text


def shown(path: Path) -> str:
    """A file's or folder's name, as messages have it."""
    return printable(path.name or str(path))


def printable(name: str) -> str:
    """A name may hold anything, also what clears a terminal."""
    return "".join(character if character.isprintable() else "?" for character in name)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """The system's errors about a file or what is in a folder, as sentences for the person who named it."""
    try:
        yield
    except OSError as error:
        raise _explanation(
            error, printable(error.filename if isinstance(error.filename, str) else str(path))
        ) from error


def _explanation(error: OSError, path: str) -> UserError:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return NotFound(Text("There is no file {path}. Check the spelling, and give the whole path.", path=path))
    if isinstance(error, PermissionError):
        return BadInput(
            Text("I'm not allowed to read {path}. Make it readable for the user that Mynah runs as.", path=path)
        )
    reason = error.strerror or str(error)
    return BadInput(
        Text("{path} can't be read ({reason}). Copy it somewhere else and name the copy.", path=path, reason=reason)
    )

"""The settings file on the disk: who may read it, how it is written and replaced."""

from __future__ import annotations

import itertools
import os
import shutil
import stat
import tempfile
from pathlib import Path

from bot.errors import OperatorError

OTHERS = stat.S_IRGRP | stat.S_IROTH


def others_may_read(path: Path) -> bool:
    """Anybody but its owner."""
    return bool(path.stat().st_mode & OTHERS)


def replace_private(path: Path, text: str) -> Path | None:
    """Write it for its owner alone, whole or not at all. What was there is kept beside it. Returns where.

    Raises OperatorError.
    """
    path = path.resolve()  # a link to it stays one
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _replace(path, text)
    except OSError as error:
        raise OperatorError(
            f"{path} can't be written ({error.strerror}). Name another place with --config, as in "
            "`mynah --config ~/mynah.toml init`."
        ) from error


def _replace(path: Path, text: str) -> Path | None:
    """Raises OSError, and leaves nothing then."""
    made: list[Path] = []
    try:
        kept = _keep(path, made) if path.exists() else None
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as file:  # mode 0600
            made.append(Path(file.name))
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, path)
        return kept
    except BaseException:
        for one in made:
            one.unlink(missing_ok=True)
        raise


def _keep(path: Path, made: list[Path]) -> Path:
    """A copy that is its owner's alone, too, and takes no other copy's place."""
    names = (path.with_name(f"{path.name}.bak{number or ''}") for number in itertools.count())
    kept = next(name for name in names if not name.exists())
    with path.open("rb") as old, open(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as new:
        made.append(kept)
        shutil.copyfileobj(old, new)
    return kept

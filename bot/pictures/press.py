"""Templates and facts → PNG files, by Typst."""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from bot.errors import OperatorError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance
    from typst import Compiler

FOLDER = Path(__file__).parent
TEMPLATES = FOLDER / "templates"
PIXELS_PER_POINT = 2
POINTS_PER_INCH = 72


class Press:
    """One compiler, used by one thread at a time: it can't be shared. Its fonts are read when they are needed."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._compiler: Compiler | None = None

    def draw(self, template: str, facts: DataclassInstance) -> bytes:
        """A PNG of two pixels a point. Facts are data, never source. Any thread may call. Raises OperatorError."""
        inputs = {"facts": json.dumps(asdict(facts))}
        path = TEMPLATES / f"{template}.typ"
        with self._lock:
            try:
                compiler = self._compiler = self._compiler or _compiler()
                made = compiler.compile(path, format="png", ppi=PIXELS_PER_POINT * POINTS_PER_INCH, sys_inputs=inputs)
            except BaseException as error:  # a panic in Rust is no Exception
                self._compiler = None
                raise _undrawn(template, error) from error
        if not isinstance(made, bytes):
            raise _undrawn(template, ValueError("it has more than one page"))
        return made


def _compiler() -> Compiler:
    import typst  # slow to import, and not needed by who draws nothing

    folders = [FOLDER / "fonts", Path(str(files("noto_cjk_sans_otc")))]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    return typst.Compiler(root=TEMPLATES, font_paths=fonts)


def _undrawn(template: str, error: BaseException) -> OperatorError:
    return OperatorError(
        f"The picture {template!r} can't be drawn: {error}. The persona is not affected. If the packages typst and "
        "noto-cjk-sans-otc are installed as pyproject.toml asks, please report this."
    )

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import pytest
from PIL import Image

from bot.errors import OperatorError
from bot.pictures.press import Press
from bot.pictures.share import share_facts
from tests.bot.pictures.people import persona


@dataclass(frozen=True)
class NoFacts:
    nothing: str = ""


def test_what_cannot_be_drawn_is_told_to_the_operator_and_the_next_picture_is_drawn() -> None:
    press = Press()
    for template in ("no_such", "share"):
        with pytest.raises(OperatorError, match=f"'{template}' can't be drawn"):
            press.draw(template, NoFacts())
    facts = share_facts(persona("Pip"), "My dream is soup.", "My dream is", ())
    assert Image.open(BytesIO(press.draw("share", facts))).size == (1200, 630)

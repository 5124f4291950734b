from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from bot.domain import Persona
from bot.errors import OperatorError
from bot.folders import Folders
from bot.pictures.painter import Painter
from tests.bot.pictures.people import NAMES, TEXTS, persona
from tests.builders import run_of
from trainer.manifest import RefreshRecord
from trainer.protocol import Origin

PAPER = (251, 248, 241, 255)
Pixels = npt.NDArray[np.uint8]


def pixels(data: bytes) -> Pixels:
    """Height × width × RGBA."""
    picture = Image.open(BytesIO(data))
    assert picture.format == "PNG"
    return np.asarray(picture.convert("RGBA"))


def is_paper(part: Pixels) -> bool:
    return bool((part == PAPER).all())


def check_panel(seen: Pixels) -> None:
    """Opaque, to its corners: messengers make photos of it."""
    assert (seen[..., 3] == 255).all()
    assert is_paper(seen[0, 0])
    assert is_paper(seen[-1, -1])


def pulled(of: Persona) -> Persona:
    origin = Origin(repo="reef/pip", revision="0123456789abcdef")
    return replace(of, manifest=of.manifest.model_copy(update={"run": None, "origin": origin}))


async def test_a_persona_has_three_pictures_to_be_shown(painter: Painter) -> None:
    share, pipeline, loss = await painter.all(persona("Pip", handles=("pip",)))
    assert [one.name for one in (share, pipeline, loss)] == ["share.png", "pipeline.png", "loss.png"]
    seen = [pixels(one.data) for one in (share, pipeline, loss)]
    assert seen[0].shape[:2] == (630, 1200)
    assert seen[1].shape[1] == 1600
    assert seen[2].shape[:2] == (675, 1200)
    for one in seen:
        check_panel(one)
    assert share.alt == "A card of @pip. Written by a machine: My dream is soup."
    assert pipeline.alt == "A drawing of how @pip was made from the posts of @pip, step by step."
    assert loss.alt.values["loss"] == 3.9


async def test_a_pulled_model_has_no_curve(painter: Painter) -> None:
    pictures = await painter.all(pulled(persona("Pip", downloaded=0)))
    assert [one.name for one in pictures] == ["share.png", "pipeline.png"]


@pytest.mark.parametrize("kind", TEXTS)
async def test_what_was_said_stays_in_its_place(painter: Painter, kind: str) -> None:
    seen = pixels((await painter.share(persona("Pip"), TEXTS[kind])).data)
    check_panel(seen)
    assert is_paper(seen[180:530, 10:48])
    assert is_paper(seen[180:530, 1152:1190])
    assert is_paper(seen[460:530, 70:1000])
    if kind not in {"joiners", "nothing to be seen"}:
        assert not is_paper(seen[194:450, 68:1132])


@pytest.mark.parametrize("kind", NAMES)
async def test_names_stay_in_their_places(painter: Painter, kind: str) -> None:
    of = persona(NAMES[kind], "Pip", NAMES[kind])
    seen = pixels((await painter.share(of)).data)
    check_panel(seen)
    assert is_paper(seen[4:44, 40:1160])
    assert is_paper(seen[44:170, 1135:1190])
    assert not is_paper(seen[60:120, 370:800])
    check_panel(pixels((await painter.pipeline(of)).data))


async def test_a_blend_has_all_its_faces_and_at_most_three(painter: Painter) -> None:
    one, three, nine = [pixels((await painter.share(persona(*["Pip"] * n))).data) for n in (1, 3, 9)]
    assert one.shape == three.shape == nine.shape
    assert not (one == three).all()
    assert is_paper(one[60:160, 190:200])
    assert not is_paper(three[60:160, 190:200])


async def test_a_persona_without_accounts_is_drawn(painter: Painter) -> None:
    assert len(await painter.all(persona())) == 3


async def test_a_long_name_of_a_blend_stays_in_its_place(painter: Painter) -> None:
    of = persona("Pip", "Ladle", "Gull", handles=("p" * 64, "l" * 64, "g" * 64))
    for picture in await painter.all(of):
        seen = pixels(picture.data)
        check_panel(seen)
        assert is_paper(seen[60:-60, 10:40])
        assert is_paper(seen[60:-60, -40:-10])


async def test_a_refreshed_persona_and_one_of_somebody_else_are_drawn(painter: Painter) -> None:
    of = persona("Pip")
    refreshed = of.manifest.model_copy(update={"refresh": RefreshRecord(version=2, new_posts=9, bits_per_byte=1.7)})
    for other in (replace(of, manifest=refreshed), pulled(of), pulled(persona())):
        check_panel(pixels((await painter.pipeline(other)).data))


async def test_the_same_facts_give_the_same_bytes(painter: Painter, tmp_path: Path) -> None:
    of = persona("che 💜", "汪洋大海", sample=TEXTS["Japanese"])
    again = await Painter(Folders(tmp_path)).all(of)
    assert [one.data for one in await painter.all(of)] == [one.data for one in again]


async def test_several_at_once_come_out_as_one_after_the_other(painter: Painter) -> None:
    people = [persona(name, sample=text) for name, text in zip(NAMES.values(), TEXTS.values(), strict=False)][:6]
    at_once = await asyncio.gather(*(painter.share(one) for one in people))
    assert [one.data for one in at_once] == [(await painter.share(one)).data for one in people]


async def test_an_avatar_is_a_round_picture_with_a_safe_name(painter: Painter) -> None:
    picture = await painter.avatar(persona("Pip", handles=("pip@reef.example",)), "../pip@reef.example")
    assert picture.name == "avatar-.._pip@reef.example.png"
    seen = pixels(picture.data)
    assert seen.shape == (400, 400, 4)
    assert seen[200, 200, 3] == 255
    assert seen[0, 0, 3] == seen[399, 399, 3] == 0


async def test_figures_that_nobody_can_draw_are_told_to_the_operator(painter: Painter) -> None:
    of = persona("Pip")
    run = run_of(of.manifest)
    curve = tuple(one.model_copy(update={"train_loss": math.nan}) for one in run.curve)
    broken = of.manifest.model_copy(update={"run": run.model_copy(update={"seconds": math.inf, "curve": curve})})
    of = replace(of, manifest=broken)
    for picture in (painter.loss, painter.pipeline):
        with pytest.raises(OperatorError, match="can't be drawn"):
            await picture(of)

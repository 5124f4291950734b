from __future__ import annotations

from io import BytesIO

import pytest
from PIL import Image

from bot.pictures.painter import Painter
from bot.platforms.pictures import all_of, made, share
from tests.doubles.service import FakeService


async def test_the_painters_pictures_are_those_that_messages_show(service: FakeService) -> None:
    painter, persona = Painter(service.folders), await service.add_persona("pip")
    pictures = await all_of(painter, persona)
    assert [picture.name for picture in pictures] == ["share.png", "pipeline.png", "loss.png"]
    with Image.open(BytesIO(pictures[0].data)) as image:
        assert (image.format, image.size) == ("PNG", (1200, 630))
    assert all("@pip" in picture.alt for picture in pictures)
    assert await share(painter, persona) + await made(painter, persona) == pictures


@pytest.mark.parametrize("missing", ["share.png", "pipeline.png", "loss.png"])
async def test_one_that_fails_costs_no_other(
    service: FakeService, missing: str, caplog: pytest.LogCaptureFixture
) -> None:
    persona = await service.add_persona("pip")
    service.painter.failing.add(missing)
    names = [picture.name for picture in await all_of(service.painter, persona)]
    assert names == [name for name in ("share.png", "pipeline.png", "loss.png") if name != missing]
    assert f"There is no ink for {missing}." in caplog.text

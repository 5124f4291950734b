from __future__ import annotations

import pytest

from bot.domain import JobState
from bot.errors import NotAllowed
from bot.usecases.optouts import check_wanted, opt_out, willing
from bot.usecases.say import find_persona
from tests.doubles.service import CALLER, FakeService


async def test_who_opts_out_is_silent_and_not_trained(service: FakeService) -> None:
    for name in ("pip", "bob-pip", "ladle"):
        await service.add_persona(name)
    job = await service.add_job("pip")
    assert await opt_out(service.services, "pip") == ["bob-pip", "pip"]
    assert (await service.job(job.id)).state is JobState.CANCELLED
    with pytest.raises(NotAllowed, match="@pip doesn't want"):
        await check_wanted(service.services, ["bob", "pip"])
    with pytest.raises(NotAllowed, match="@pip doesn't want"):
        await find_persona(service.services, CALLER, "bob-pip")
    assert [one.name for one in await willing(service.services, await service.store.personas())] == ["ladle"]
    await service.services.chats.opt_in("pip")
    assert (await find_persona(service.services, CALLER, "pip")).name == "pip"

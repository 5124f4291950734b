from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import Caller, JobState
from bot.errors import Limited, NotAllowed
from bot.usecases.optouts import check_wanted, opt_out, willing
from bot.usecases.say import find_persona
from tests.doubles.service import CALLER, FakeService


async def test_nobody_silences_everybody(service: FakeService) -> None:
    ben = Caller("discord", "ben", "7", "discord:1")
    for handle in ("a", "b", "c"):
        await opt_out(service.services, ben, handle)
    for caller in (ben, replace(ben, admin=True)):  # everybody is an admin in a server of their own
        with pytest.raises(Limited, match="enough for today"):
            await opt_out(service.services, caller, "d")
    await opt_out(service.services, CALLER, "d")  # the operator may


async def test_who_opts_out_is_silent_and_not_trained(service: FakeService) -> None:
    for name in ("pip", "bob-pip", "ladle"):
        await service.add_persona(name)
    job = await service.add_job("pip")
    assert await opt_out(service.services, CALLER, "pip") == ["bob-pip", "pip"]
    assert (await service.job(job.id)).state is JobState.CANCELLED
    with pytest.raises(NotAllowed, match="@pip doesn't want"):
        await check_wanted(service.services, ["bob", "pip"])
    with pytest.raises(NotAllowed, match="@pip doesn't want"):
        await find_persona(service.services, CALLER, "bob-pip")
    assert [one.name for one in await willing(service.services, await service.store.personas())] == ["ladle"]
    await service.services.chats.opt_in("pip")
    assert (await find_persona(service.services, CALLER, "pip")).name == "pip"

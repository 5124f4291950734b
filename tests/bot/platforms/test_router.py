from __future__ import annotations

from dataclasses import replace

from bot.domain import Caller
from bot.platforms.router import Router
from tests.doubles.notifier import RecordingNotifier
from tests.doubles.service import FakeService
from trainer.protocol import Progress


async def test_news_go_where_the_job_was_asked_for(service: FakeService) -> None:
    notifier = RecordingNotifier()
    router = Router({"discord": notifier})
    persona = await service.add_persona()
    here = await service.add_job("pip", Caller("discord", "1", "2"))
    elsewhere = replace(here, caller=Caller("console", "me", "here"))
    for job in (here, elsewhere):
        await router.progress(job, Progress(stage="train"))
        await router.trained(job, persona)
        await router.reported(job, persona)
        await router.failed(job, "No.")
    assert len(notifier.stages) == 1
    assert notifier.ends == ["trained pip v1", "pip: No."]
    assert notifier.reports == ["pip v1"]

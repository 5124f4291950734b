"""Who is in the pictures: the sample accounts, trainings that end with measured figures, and an evening."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from bot.pictures.painter import Painter
from bot.ports import unheard
from bot.sources.samples import SampleSource
from tests.builders import manifest, report_card, run_record
from tests.doubles.service import FakeService
from tests.doubles.sources import make_posts
from tests.doubles.trainer import ADAPTER
from trainer.manifest import CorpusRecord, write_manifest
from trainer.protocol import Progress, ReportCard, TrainRequest

PIP, LADLE = "pip_the_lighthouse", "ladle_in_orbit"
QUIET = "harbour_master"  # an account with too little to learn from
EVENING = datetime(2026, 11, 21, 21, 41, tzinfo=UTC)
SAMPLE = "My dream is that somebody on a deck, past bedtime, asks what that light is, and is told it's just pip."
HALFWAY = Progress(stage="train", done=9, total=20, loss=3.21, held_out_loss=3.40, seconds_left=140)
MEASURED = {"bits_per_byte": 1.557, "bits_per_byte_base": 2.319, "attribution": 1.0, "copied": 0.0, "copied_own": 0.0}


def write_persona(out: Path, request: TrainRequest) -> int:
    """With figures like those in docs/measurements.md."""
    out.mkdir(parents=True)
    (out / ADAPTER).write_text("an adapter")
    counts = {"duplicates": 2, "train_posts": 520, "held_out_posts": 47, "train_tokens": 14_000}
    corpus = CorpusRecord(accounts=request.accounts, **counts)
    run = run_record().model_copy(update={"bits_per_byte": 1.557, "bits_per_byte_before": 2.319, "seconds": 23.0})
    write_manifest(out, manifest(request.persona, created_at=EVENING, corpus=corpus, run=run, sample=SAMPLE))
    return 7_700_000


def measured() -> ReportCard:
    return report_card().model_copy(update=MEASURED)


@asynccontextmanager
async def measured_trainings() -> AsyncIterator[None]:
    """And with real pictures."""
    doubles = "tests.doubles."
    written = patch(f"{doubles}trainer.write_persona", write_persona)
    reported = patch(f"{doubles}trainer.report_card", measured)
    with written, reported, patch(f"{doubles}service.FakePainter", Painter):
        yield


async def give_samples(service: FakeService) -> None:
    """The sample accounts can be trained, and one that has too little."""
    source = SampleSource()
    for account in source.at_hand():
        service.sources.posts[account.handle] = await source.fetch(account, 0, unheard)
    service.sources.posts[QUIET] = make_posts(2)


def hold(service: FakeService) -> None:
    """Trainings stop halfway."""
    service.trainer.gate.clear()
    service.trainer.events = [HALFWAY]


def end_one(service: FakeService) -> None:
    """The training that runs comes to its end; the one after it will wait."""
    gate, service.trainer.gate = service.trainer.gate, asyncio.Event()
    gate.set()


def minutes(shown: Sequence[object]) -> list[datetime]:
    """Always the same evening: a picture changes only where the bot's words do."""
    return [EVENING + timedelta(minutes=number) for number in range(len(shown))]

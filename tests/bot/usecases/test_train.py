from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr

from bot import render
from bot.arguments import TrainArguments, parse_train, train_line
from bot.domain import AccountSource, Caller, Job, JobState, Outlook, Persona, Voice
from bot.errors import AlreadyTraining, BadInput, Costly, DiskFull, Limited, NotAllowed, NotFound
from bot.settings import Settings, SourcesSettings, TrainingSettings, XSettings
from bot.sources.catalog import Sources
from bot.usecases.train import (
    OPERATOR,
    START_SECONDS,
    check_buyer,
    check_cost,
    dry_run,
    estimate_seconds,
    find_accounts,
    submit,
)
from tests.builders import account_counts, corpus_record, manifest, run_record
from tests.doubles.service import CALLER, FakeService
from tests.doubles.sources import FakeSources, make_posts
from trainer.manifest import BaseRecord, FileRecord, Manifest
from trainer.protocol import Origin

SOURCES = FakeSources({"pip": [], "bob": [], "ladle": []})
FILES = (Path("1.txt"), Path("2.txt"), Path("3.txt"))


def wanted(*handles: str, files: int = 0) -> TrainArguments:
    return TrainArguments(tuple(map(Voice, handles)), FILES[:files])


@pytest.mark.parametrize(
    ("n_files", "references"),
    [(0, ["fake:pip", "fake:bob"]), (1, ["file:1.txt", "fake:bob"]), (2, ["file:1.txt", "file:2.txt"])],
)
def test_handles_take_files_in_order_and_are_looked_up_without(n_files: int, references: list[str]) -> None:
    accounts = find_accounts(SOURCES, wanted("pip", "bob", files=n_files))
    assert accounts == tuple(map(AccountSource, ["pip", "bob"], references))


def test_weights_go_with_their_accounts() -> None:
    voices = (Voice("pip", 2.0), Voice("bob", 0.5))
    accounts = find_accounts(SOURCES, TrainArguments(voices, FILES[:1]))
    assert accounts == (AccountSource("pip", "file:1.txt", 2.0), AccountSource("bob", "fake:bob", 0.5))


def test_more_files_than_accounts() -> None:
    with pytest.raises(BadInput, match="3 files for 2 accounts"):
        find_accounts(SOURCES, wanted("pip", "bob", files=3))


def test_an_account_that_nobody_knows() -> None:
    with pytest.raises(NotFound, match="@alice"):
        find_accounts(SOURCES, wanted("pip", "alice"))


async def test_a_training_is_queued(service: FakeService) -> None:
    first, before_first = await submit(service.services, CALLER, wanted("pip"))
    second, before_second = await submit(service.services, CALLER, wanted("ladle", "bob", files=1))
    assert (before_first, before_second) == (0, 1)
    assert (first.persona, second.persona) == ("pip", "bob-ladle")
    assert second.accounts == (AccountSource("ladle", "file:1.txt"), AccountSource("bob", "fake:bob"))
    assert (second.state, second.caller) == (JobState.QUEUED, CALLER)


async def test_a_queued_training_is_begun_without_being_asked_again(service: FakeService) -> None:
    async with service.running():
        await asyncio.sleep(0.05)  # the runner has found nothing to do
        job, _ = await submit(service.services, CALLER, wanted("pip"))
        await service.notifier.wait(job.id)


async def test_a_training_whose_asking_is_cut_off_is_begun_if_it_was_written_down(
    service: FakeService, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = service.store.add_job

    async def add_and_go(*wanted: Any) -> Job:
        await add(*wanted)
        raise asyncio.CancelledError

    monkeypatch.setattr(type(service.store), "add_job", lambda self, *wanted: add_and_go(*wanted))
    with pytest.raises(asyncio.CancelledError):
        await submit(service.services, CALLER, wanted("pip"))
    assert service.jobs._wake.is_set()


async def test_one_training_of_a_persona_at_a_time(service: FakeService) -> None:
    await submit(service.services, CALLER, wanted("bob", "pip"))
    with pytest.raises(AlreadyTraining, match="@bob-pip is already"):
        await submit(service.services, CALLER, wanted("pip", "bob"))


async def test_a_nearly_full_disk_is_said_at_once(service: FakeService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=2**20))
    with pytest.raises(DiskFull, match="1 MB are free"):
        await submit(service.services, CALLER, wanted("pip"))
    assert await service.store.jobs() == []


# Dry runs


async def test_a_dry_run_shows_what_would_be_used_and_changes_nothing(service: FakeService) -> None:
    service.sources.posts["bob"] = make_posts(12, "bob says ")
    result = await dry_run(service.services, wanted("pip", "bob"))
    assert result.persona == "bob-pip"
    assert [row.kept for row in result.accounts] == [40, 12]
    assert [post.split()[0] for post in result.preview] == ["pip", "bob", "pip", "bob", "pip"]
    assert result.characters > sum(row.characters for row in result.accounts)  # the blend is balanced
    assert result.seconds is not None
    assert await service.store.jobs() == []
    assert service.trainer.log == []
    assert not (service.folders.root / "personas").exists()


async def test_a_dry_run_of_a_persona_that_there_is(service: FakeService) -> None:
    await service.add_persona("pip", 3)
    service.sources.before["pip"] = service.sources.posts["pip"][:30]
    again = await dry_run(service.services, wanted("pip"))
    assert (again.version, again.new_posts) == (3, 10)
    fresh = await dry_run(service.services, replace(wanted("pip"), fresh=True))
    assert fresh.version is None
    assert again.seconds is not None
    assert fresh.seconds is not None
    assert again.seconds < fresh.seconds
    assert "It goes on from version 3, with 10 new posts." in render.dry_run(again, 0)
    service.sources.before["pip"] = service.sources.posts["pip"]
    assert "No new posts since version 3" in render.dry_run(await dry_run(service.services, wanted("pip")), 0)


async def test_a_dry_run_of_too_little(service: FakeService) -> None:
    service.sources.posts["pip"] = make_posts(1)
    with pytest.raises(BadInput, match="too little text"):
        await dry_run(service.services, wanted("pip"))


# Estimates

SETTINGS = Settings(data_dir=Path("/data"), base_model="bundled")


def trained(
    base: str = "bundled", speed: float = 1_000.0, day: int = 1, parameters: int = 10_000_000, batch: int = 2_048
) -> Persona:
    record = BaseRecord(name=base, fingerprint="f", parameters=parameters)
    run = run_record().model_copy(update={"tokens_per_second": speed, "batch_tokens": batch})
    about = manifest(base=record, run=run, created_at=datetime(2026, 1, day, tzinfo=UTC))
    return Persona("alice", 1, "personas/alice/v1", 1, about)


def with_epochs(epochs: int | None, base_model: str = "bundled") -> Settings:
    return SETTINGS.model_copy(update={"base_model": base_model, "training": TrainingSettings(epochs=epochs)})


def test_the_first_estimate_is_a_guess_about_the_bundled_model() -> None:
    seconds = estimate_seconds(200_000, SETTINGS, [])
    assert seconds is not None
    assert seconds > START_SECONDS
    assert estimate_seconds(200_000, with_epochs(None, "/my/base"), []) is None


def test_an_estimate_goes_by_the_latest_training_on_the_same_base() -> None:
    known = [trained(speed=100, day=1), trained(speed=1_000, day=3), trained(base="gpt2", speed=5, day=9)]
    seconds = estimate_seconds(36_000, with_epochs(2), known)
    assert seconds == pytest.approx(START_SECONDS + 10_000 * 2 / 1_000)
    assert estimate_seconds(36_000, with_epochs(2), known[::-1]) == seconds


@pytest.mark.parametrize(("less", "more"), [((10_000, 4), (20_000, 4)), ((10_000, 4), (10_000, 8))])
def test_more_text_or_more_epochs_take_longer(less: tuple[int, int], more: tuple[int, int]) -> None:
    first, second = (estimate_seconds(n, with_epochs(epochs), [trained()]) for n, epochs in (less, more))
    assert first is not None
    assert second is not None
    assert second > first


def costing(service: FakeService, cents: int, left: int = 2_000) -> None:
    service.sources.cost, service.sources.left = cents * 10_000, left * 10_000


async def test_what_costs_little_is_not_asked_about(service: FakeService) -> None:
    costing(service, 100)
    job, _ = await submit(service.services, CALLER, wanted("pip"))
    assert job.state is JobState.QUEUED


async def test_somebody_has_to_say_yes_to_more(service: FakeService) -> None:
    costing(service, 1_601)
    voices = (Voice("pip", 2.0, "x", "pip"),)
    with pytest.raises(Costly, match=r"about \$16\.01; \$20\.00 are left") as caught:
        await submit(service.services, CALLER, TrainArguments(voices, fresh=True, language="en"))
    assert caught.value.cost == 16_010_000
    line = train_line(TrainArguments(voices, fresh=True, language="en", spend=caught.value.cost))
    assert line == "x:pip:2 --fresh --lang en --spend 17"
    assert await service.store.jobs() == []
    job, _ = await submit(service.services, CALLER, parse_train(line))
    assert job.accounts == (AccountSource("pip", "fake:pip", 2.0, language="en", cap=16_010_000),)
    with pytest.raises(Limited, match=r"\$3\.99 are left"):  # what is promised to a job is nobody else's
        await submit(service.services, CALLER, replace(wanted("bob"), spend=10**9))


async def test_a_budget_is_a_budget(service: FakeService) -> None:
    costing(service, 1_601, left=1_600)
    with pytest.raises(Limited, match=r"\$16\.00 are left of this month's budget of \$20\.00"):
        await submit(service.services, CALLER, replace(wanted("pip"), spend=10**9))


async def test_money_is_for_admins_to_spend(service: FakeService) -> None:
    costing(service, 1_601)
    member = Caller("discord", "u", "c", "s", roles=("r",))
    generous = replace(wanted("pip"), spend=10**9)
    with pytest.raises(NotAllowed, match="Only an admin may say yes"):
        await check_cost(service.services, member, generous, await looks(service))
    (account,) = await check_cost(service.services, replace(member, admin=True), generous, await looks(service))
    assert account.cap == 16_010_000


@pytest.mark.parametrize(
    ("space", "allowed", "may"), [("", (), True), ("d:1", (), False), ("d:1", ("d:2",), False), ("d:1", ("d:1",), True)]
)
def test_where_x_may_be_read_from(space: str, allowed: tuple[str, ...], may: bool) -> None:
    own = XSettings(token=SecretStr("secret"), spaces=allowed)
    settings = Settings(sources=SourcesSettings(x=own))
    asked = [AccountSource("pip", "x:pip")]
    caller = Caller("discord", "u", "c", space, admin=True)
    check_buyer(settings, caller, [AccountSource("pip", "sample:pip")])
    if may:
        check_buyer(settings, caller, asked)
    else:
        with pytest.raises(NotAllowed, match=r'sources\.x\.spaces = \["d:1"\]'):
            check_buyer(settings, caller, asked)


async def test_a_language_stays_until_another_is_asked_for(service: FakeService) -> None:
    english = [replace(post, language="en") for post in make_posts()]
    service.sources.posts["pip"] = english
    async with service.running():
        job, _ = await submit(service.services, CALLER, replace(wanted("pip"), language="en"))
        await service.notifier.wait(job.id)
        service.sources.before["pip"] = english
        job, _ = await submit(service.services, CALLER, wanted("pip"))
        assert job.accounts[0].language == "en"
        await service.notifier.wait(job.id)
        assert "no new posts since version 1" in service.notifier.ends[-1]
        assert service.notifier.ends[-1].endswith("/train @pip --lang en --fresh")
        job, _ = await submit(service.services, CALLER, replace(wanted("pip"), fresh=True))
        assert job.accounts[0].language is None


async def looks(service: FakeService) -> list[Outlook]:
    return [await service.sources.look(AccountSource("pip", "fake:pip"), 0)]


async def test_a_dry_run_of_what_costs_reads_nothing(service: FakeService) -> None:
    costing(service, 1_601, left=900)
    service.sources.error = AssertionError("nothing is to be read")
    result = await dry_run(service.services, wanted("pip", "bob"))
    assert (result.accounts, result.seconds) == ((), None)
    assert render.dry_run(result, 40_000) == (
        "@bob-pip would be read first:\n"
        "  account   posts  to read  cost\n"
        "  fake:pip  ?            0  $16.01\n"
        "  fake:bob  ?            0  $16.01\n"
        "  About $32.02 in all; $9.00 are left of this month's budget. That is not enough: raise "
        "sources.x.monthly_budget, or use an X archive.\n"
        "  Nothing has been read yet, but who the account is."
    )


def test_options_go_with_the_accounts() -> None:
    typed = TrainArguments((Voice("pip"), Voice("bob")), FILES[:1], part="text", language="pt")
    assert find_accounts(SOURCES, typed) == (
        AccountSource("pip", "file:1.txt", part="text", language="pt"),
        AccountSource("bob", "fake:bob", language="pt"),
    )


@pytest.mark.parametrize(
    ("typed", "n_files", "first"),
    [
        ("x:alice @bob", 1, "bob"),
        ("x:alice @bob", 2, "alice"),
        ("@me@reef.example @bob", 1, "me@reef.example"),
        ("@bob x:alice", 1, "bob"),
    ],
)
async def test_whose_file_it_is(service: FakeService, typed: str, n_files: int, first: str) -> None:
    for handle in ("alice", "me@reef.example"):
        service.sources.posts[handle] = make_posts()
    job, _ = await submit(service.services, CALLER, replace(parse_train(typed), files=FILES[:n_files]))
    assert (job.accounts[0].handle, job.accounts[0].reference) == (first, "file:1.txt")


async def test_a_persona_made_of_a_file_is_not_gone_on_with_from_a_network(service: FakeService) -> None:
    counts = account_counts("pip").model_copy(update={"source": "file:/home/ann/pip.txt"})
    persona = await service.add_persona("pip")
    corpus = persona.manifest.corpus.model_copy(update={"accounts": (counts,)})
    mine = replace(persona, manifest=persona.manifest.model_copy(update={"corpus": corpus}))
    (voice,) = mine.voices
    assert (voice.network, voice.name) == ("stored", "personas/pip/posts/pip.jsonl.zst")
    assert voice.word == "pip"
    assert Sources({}, (), "x").resolve(voice).reference == "stored:personas/pip/posts/pip.jsonl.zst"


@pytest.mark.parametrize(("cents", "caps"), [(60, [600_000] * 2), (10, [500_000] * 2), (0, [500_000] * 2)])
async def test_what_accounts_may_cost_adds_up_to_what_was_agreed_to(
    service: FakeService, cents: int, caps: list[int]
) -> None:
    costing(service, cents)
    outlooks = [*await looks(service), *await looks(service)]
    accounts = await check_cost(service.services, CALLER, replace(wanted("pip", "bob"), spend=2_000_000), outlooks)
    assert [account.cap for account in accounts] == caps


async def test_nobody_else_is_trained_under_the_name_of_a_pulled_persona(service: FakeService) -> None:
    origin = Origin(repo="nest/pip", revision="c0ffee")
    await publish_pulled(service, manifest("pip", origin=origin, corpus=corpus_record("ladle")))
    for fresh in (True, False):
        with pytest.raises(BadInput, match=r"pulled from nest/pip, and was made of @ladle\. .* /forget @pip"):
            await submit(service.services, CALLER, TrainArguments((Voice("pip"),), fresh=fresh))
    with pytest.raises(BadInput, match="was made of @ladle"):
        await dry_run(service.services, TrainArguments((Voice("pip"),)))


async def test_what_cannot_be_gone_on_from_is_not_replaced_by_the_way(service: FakeService) -> None:
    origin = Origin(repo="nest/pip", revision="c0ffee")
    await publish_pulled(service, manifest("pip", origin=origin, run=None))
    with pytest.raises(BadInput, match="To replace it: /train @pip --fresh"):
        await submit(service.services, CALLER, TrainArguments((Voice("pip"),)))
    await submit(service.services, CALLER, TrainArguments((Voice("pip"),), fresh=True))


async def test_a_merged_one_cannot_be_gone_on_from(service: FakeService) -> None:
    origin = Origin(repo="nest/pip", revision="c0ffee")
    whole = {"model.safetensors": FileRecord(sha256="0" * 64, n_bytes=1)}
    await publish_pulled(service, manifest("pip", origin=origin, files=whole))
    with pytest.raises(BadInput, match="To replace it: /train x:pip --fresh"):
        await submit(service.services, CALLER, TrainArguments((Voice("pip", network="x", name="pip"),)))
    await publish_pulled(service, manifest("bob", origin=origin))
    await submit(service.services, CALLER, TrainArguments((Voice("bob"),)))


async def test_people_on_messengers_do_not_replace_what_the_operator_has_pulled(service: FakeService) -> None:
    origin = Origin(repo="nest/pip", revision="c0ffee")
    corpus = corpus_record("pip", source="hub:nest/pip")
    await publish_pulled(service, manifest("pip", origin=origin, run=None, corpus=corpus))
    ann = Caller("discord", "ann", "7", "discord:1", admin=True)
    with pytest.raises(NotAllowed, match="there for others, too"):
        await submit(service.services, ann, TrainArguments((Voice("pip"),), fresh=True))


async def test_whoever_does_not_see_a_persona_hears_nothing_of_what_it_is_made_of(service: FakeService) -> None:
    record = manifest("pip", corpus=corpus_record("ladle"))  # renamed
    await service.store.publish("pip", 1, "personas/pip/v1", 1, record, "discord:9")
    ann = Caller("discord", "ann", "7", "discord:1", admin=True)
    with pytest.raises(NotAllowed, match=r"^Somebody else has a persona @pip\. Give the account another name\.$"):
        await submit(service.services, ann, TrainArguments((Voice("pip"),)))
    for caller in (OPERATOR, replace(ann, space="discord:9")):
        with pytest.raises(BadInput, match="here already, made of @ladle"):
            await submit(service.services, caller, TrainArguments((Voice("pip"),)))


def test_strangers_figures_estimate_nothing() -> None:
    run = run_record().model_copy(update={"tokens_per_second": 0.0})
    pulled = Persona("pip", 1, "", 1, manifest("pip", run=run, origin=Origin(repo="nest/pip", revision="c0ffee")))
    assert estimate_seconds(9_000, Settings(), [pulled]) == estimate_seconds(9_000, Settings(), [])


async def publish_pulled(service: FakeService, record: Manifest) -> None:
    place = service.folders.version(record.persona, 1)
    place.mkdir(parents=True)
    await service.store.publish(record.persona, 1, service.folders.relative(place), 1, record)

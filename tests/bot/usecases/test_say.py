from __future__ import annotations

import pytest

from bot.domain import Caller, Utterance
from bot.errors import BadInput, Busy, DamagedPersona, NotFound, OperatorError, UserError, WorkerDied, WrongBase
from bot.usecases.renaming import rename
from bot.usecases.say import find_persona, say, spelt
from tests.doubles.generator import generated
from tests.doubles.service import CALLER, FakeService
from trainer.protocol import Piece

OTHER = Caller("test", "you", "there")


def piece(text: str) -> Piece:
    return Piece(id=0, sample=0, text=text)


async def speak(
    service: FakeService, name: str | None = None, prompt: str = "My dream is", n: int = 1, caller: Caller = CALLER
) -> list[str | Utterance]:
    """What comes of a /say: the text of pieces, then the utterance."""
    events = say(service.services, caller, name, prompt, n)
    return [event.text if isinstance(event, Piece) else event async for event in events]


# Who speaks


async def test_the_one_named_then_the_channels_current_one(service: FakeService) -> None:
    for name in ("pip", "bob"):
        await service.add_persona(name)
    assert await speak(service, "pip") == [Utterance("pip", ("My dream is soup.",))]
    assert await speak(service) == [Utterance("pip", ("My dream is soup.",))]
    assert await speak(service, "bob", caller=OTHER) == [Utterance("bob", ("My dream is soup.",))]
    assert await speak(service) == [Utterance("pip", ("My dream is soup.",))]


async def test_the_only_one(service: FakeService) -> None:
    await service.add_persona("pip")
    assert (await find_persona(service.services, CALLER, None)).name == "pip"


@pytest.mark.parametrize(
    ("personas", "job", "name", "message"),
    [
        ([], None, None, "There is no persona yet. Train one first"),
        ([], None, "pip", "There is no persona yet. Train one first"),
        ([], "pip", "pip", "@pip is still training"),
        (["bob", "pip"], None, None, "Which persona? There are: @bob, @pip."),
        (["bob"], None, "pip", "There is no persona @pip. There are: @bob. To make a new one: /train @pip"),
        (["bob"], None, "ladle-pip", "To make a new one: /train @ladle @pip"),
        (["bob"], "pip", "pip", "@pip is still training"),
    ],
)
async def test_nobody_to_speak(
    service: FakeService, personas: list[str], job: str | None, name: str | None, message: str
) -> None:
    for persona in personas:
        await service.add_persona(persona)
    if job is not None:
        await service.add_job(job)
    with pytest.raises(NotFound) as caught:
        await speak(service, name)
    assert message in str(caught.value)


async def test_the_current_one_was_forgotten(service: FakeService) -> None:
    for name in ("pip", "bob"):
        await service.add_persona(name)
    await speak(service, "pip")
    await service.store.forget("pip")
    assert (await find_persona(service.services, CALLER, None)).name == "bob"


async def test_an_old_version_speaks_while_a_new_one_is_trained(service: FakeService) -> None:
    await service.add_persona("pip")
    await service.add_job("pip")
    assert await speak(service, "pip") == [Utterance("pip", ("My dream is soup.",))]


# What is asked for


async def test_the_request_is_made_of_the_settings(service: FakeService) -> None:
    await service.add_persona("pip", version=3)
    await speak(service, prompt="  My \n dream\x07 is", n=2)
    (request,) = service.generator.requests
    settings = service.services.settings.generation
    assert (request.key, request.prompt, request.n) == ("pip/v3", "My dream is", 2)
    assert request.blocklist.add == ("xyzzy",)
    assert (request.max_tokens, request.temperature) == (settings.max_tokens, settings.temperature)
    assert request.top_p == settings.top_p


async def test_every_request_has_a_seed_of_its_own_unless_it_is_given(service: FakeService) -> None:
    await service.add_persona("pip")
    for _ in range(5):
        await speak(service)
    async for _ in say(service.services, CALLER, None, "My dream is", seed=7):
        pass
    *seeds, last = [request.seed for request in service.generator.requests]
    assert len(set(seeds)) == 5
    assert last == 7


@pytest.mark.parametrize(("prompt", "n"), [("", 1), (" \x07 ", 1), ("x" * 1_001, 1), ("hello", 0), ("hello", 6)])
async def test_what_cannot_be_asked_for_touches_nothing(service: FakeService, prompt: str, n: int) -> None:
    await service.add_persona("pip")
    with pytest.raises(BadInput):
        await speak(service, "pip", prompt, n)
    assert service.generator.log == []
    assert await service.store.current_persona(CALLER.channel) is None


# What comes


async def test_pieces_then_the_whole(service: FakeService) -> None:
    await service.add_persona("pip")
    service.generator.answers = [[piece(" a"), piece(" lake"), generated("My dream is a lake.", cut=True)]]
    assert await speak(service) == [" a", " lake", Utterance("pip", ("My dream is a lake.",), cut=True)]


async def test_a_worker_that_dies_is_tried_once_more_from_the_start(service: FakeService) -> None:
    await service.add_persona("pip")
    service.generator.answers = [[piece(" a"), WorkerDied("gone")], [piece(" b"), generated("My dream is b.")]]
    assert (await speak(service))[-1] == Utterance("pip", ("My dream is b.",))
    first, second = service.generator.requests
    assert first == second


async def test_a_worker_that_dies_while_it_loads_counts_too(service: FakeService) -> None:
    await service.add_persona("pip")
    service.generator.errors["pip/v1"] = WorkerDied("gone")
    with pytest.raises(UserError, match="stopped twice"):
        await speak(service)
    assert service.generator.log == ["load pip/v1", "load pip/v1"]


async def test_a_worker_that_dies_twice_is_a_clear_error(service: FakeService) -> None:
    await service.add_persona("pip")
    service.generator.answers = [[WorkerDied("gone")], [WorkerDied("gone")], [generated("never")]]
    with pytest.raises(UserError, match=r"stopped twice .*serve\.log"):
        await speak(service)
    assert len(service.generator.requests) == 2


@pytest.mark.parametrize("error", [OperatorError("There is no base model."), UserError("Another base model.")])
async def test_other_errors_are_not_tried_again(service: FakeService, error: Exception) -> None:
    await service.add_persona("pip")
    service.generator.answers = [[error]]
    with pytest.raises(type(error), match=str(error)):
        await speak(service)
    assert len(service.generator.requests) == 1


@pytest.mark.parametrize(("name", "retrain"), [("pip", "/train @pip"), ("bob-pip", "/train @bob @pip")])
async def test_damaged_files_say_which_persona_and_how_to_mend_it(
    service: FakeService, name: str, retrain: str
) -> None:
    await service.add_persona(name)
    service.generator.errors[f"{name}/v1"] = DamagedPersona("adapter.bin is missing")
    with pytest.raises(DamagedPersona) as caught:
        await speak(service, name)
    assert str(caught.value).startswith(f"The files of @{name} are damaged: adapter.bin is missing.")
    assert str(caught.value).endswith(f"{retrain} --fresh")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DamagedPersona("adapter.bin is missing"), "restore it from a backup; or remove it with mynah models rm @muse"),
        (WrongBase("it is another base"), "set base_model back; or remove it with mynah models rm @muse"),
    ],
)
async def test_a_renamed_one_is_not_mended_by_training(service: FakeService, error: UserError, said: str) -> None:
    await service.add_persona("pip")
    await rename(service.services, "pip", "muse")
    service.generator.errors["muse/v1"] = error
    with pytest.raises(type(error), match=said) as caught:
        await speak(service, "muse")
    assert str(caught.value).endswith("train it anew with /train @pip --fresh")


async def test_a_full_pool_is_busy(service: FakeService) -> None:
    await service.add_persona("pip", n_bytes=80)
    await service.add_persona("bob", n_bytes=80)
    service.generator.sizes = {"pip/v1": 80, "bob/v1": 80}
    async with service.services.pool.lease("pip/v1", 80):
        with pytest.raises(Busy):
            await speak(service, "bob")
    assert await speak(service, "bob") == [Utterance("bob", ("My dream is soup.",))]


async def test_leaving_in_the_middle_gives_the_persona_back(service: FakeService) -> None:
    await service.add_persona("pip")
    service.generator.answers = [[piece(" a"), generated("never")]]
    events = say(service.services, CALLER, None, "My dream is")
    await anext(events)
    await events.aclose()
    await service.services.pool.drop("pip/")
    assert service.generator.resident == set()


@pytest.mark.parametrize(
    ("typed", "known", "meant"),
    [
        ("my-name.example", {"my_name.example"}, "my_name.example"),
        ("alice@a.example_bob", {"alice@a.example-bob"}, "alice@a.example-bob"),
        ("bob-pip", {"bob-pip", "bob_pip"}, "bob-pip"),
        ("nobody", {"bob"}, "nobody"),
    ],
)
def test_a_hyphen_in_an_accounts_name_may_be_typed(typed: str, known: set[str], meant: str) -> None:
    assert spelt(typed, known) == meant


async def test_the_operators_usual_one_where_nobody_was_chosen(service: FakeService) -> None:
    for name in ("pip", "bob"):
        await service.add_persona(name)
    await service.services.chats.change_rules("", lambda rules: rules.model_copy(update={"persona": "bob"}))
    there = Caller("discord", "ann", "general", space="discord:1")
    assert (await find_persona(service.services, CALLER, None)).name == "bob"
    assert (await find_persona(service.services, there, None)).name == "bob"
    await service.services.chats.change_rules("discord:1", lambda rules: rules.model_copy(update={"persona": "pip"}))
    assert (await find_persona(service.services, there, None)).name == "pip"


async def test_a_full_disk_does_not_silence_anybody(service: FakeService) -> None:
    await service.add_persona("pip")
    pages = (await service.store.database.fetch("PRAGMA page_count", ()))[0][0]
    await service.store.database.fetch(f"PRAGMA max_page_count = {pages}", ())
    channel = Caller("test", "me", "there" * 20_000)  # more than the database has room for
    assert await speak(service, "pip", caller=channel) == [Utterance("pip", ("My dream is soup.",))]
    assert await service.store.current_persona(channel.channel) is None

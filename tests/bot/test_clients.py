from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from bot import clients
from bot.clients import PAUSES, ConverterClient, GeneratorClient, TrainerClient, WorkerSlot, failure
from bot.errors import BadInput, DamagedPersona, DiskFull, MynahError, OperatorError, WorkerDied, WrongBase
from bot.ports import Converter
from tests.builders import report_card
from tests.doubles.processes import eventually, is_running
from tests.doubles.scripted import scripted_worker
from trainer.protocol import (
    AdoptRequest,
    Failed,
    FailureCode,
    Generated,
    GenerateRequest,
    LoadRequest,
    Origin,
    Piece,
    Progress,
    Reported,
    Trained,
    TrainRequest,
    encode,
)

# Answers each kind of request in its way; the persona "bad" can't be loaded.
SERVE = (
    f"REPORTED = {encode(Reported(id=1, card=report_card()))!r}"
    + """
ready()
while True:
    request = receive()
    if request.type == "load" and request.key == "bad":
        send(Failed(id=request.id, code="damaged", message="a file is missing"))
    elif request.type == "load":
        send(Loaded(id=request.id, n_bytes=len(request.folder)))
    elif request.type == "unload":
        print("unload", request.key, file=sys.stderr, flush=True)
        send(Done(id=request.id))
    elif request.type == "export" and "bad" in request.folder:
        send(Failed(id=request.id, code="refused", message="There is no adapter."))
    elif request.type == "export":
        print("export", request.folder, request.out, request.merged, file=sys.stderr, flush=True)
        send(Done(id=request.id))
    elif request.type == "adopt":
        send(Adopted(id=request.id, n_bytes=len(request.folder)))
    elif request.type == "generate":
        piece(request, "so")
        say(request, f"{request.prompt} {os.getpid()}")
    elif request.type == "train":
        send(Progress(id=request.id, stage="train"), Progress(id=request.id, stage="check"))
        send(Trained(id=request.id, n_bytes=5), decode_answer(REPORTED).model_copy(update={"id": request.id}))
"""
)
ADOPT = AdoptRequest(
    id=0, persona="pip", folder="/abc", out="/out", origin=Origin(repo="a/b", revision="0" * 40), accounts=()
)
TRAIN = TrainRequest(id=0, persona="pip", accounts=(), corpus="corpus.json", out="out")

MakeSlot = Callable[[str], WorkerSlot]


@pytest.fixture
async def make_slot(tmp_path: Path) -> AsyncIterator[MakeSlot]:
    slots: list[WorkerSlot] = []

    def make(script: str) -> WorkerSlot:
        slots.append(WorkerSlot(scripted_worker(tmp_path, script), tmp_path / "worker.log"))
        return slots[-1]

    yield make
    for slot in slots:
        await slot.close()


@pytest.fixture
def slot(make_slot: MakeSlot) -> WorkerSlot:
    return make_slot(SERVE)


async def speak(slot: WorkerSlot, prompt: str = "hello") -> str:
    """The whole text of an answer; from SERVE it ends with the worker's process id."""
    request = GenerateRequest(id=0, key="pip/v1", prompt=prompt)
    events = [event async for event in GeneratorClient(slot).generate(request)]
    assert [type(event) for event in events] == [Piece, Generated]
    last = events[-1]
    assert isinstance(last, Generated)
    return last.samples[0]


async def test_a_worker_starts_when_it_is_needed_and_once(slot: WorkerSlot, tmp_path: Path) -> None:
    assert not (tmp_path / "worker.log").exists()
    workers = await asyncio.gather(*(slot.worker() for _ in range(5)))
    assert len({worker.process.pid for worker in workers}) == 1
    assert await speak(slot) == f"hello {workers[0].process.pid}"


async def test_a_worker_that_died_is_replaced(slot: WorkerSlot) -> None:
    deaths: list[str] = []
    slot.on_death = lambda: deaths.append("died")
    first = await slot.worker()
    os.kill(first.process.pid, signal.SIGKILL)
    await eventually(lambda: bool(deaths))
    assert await speak(slot) != f"hello {first.process.pid}"
    assert deaths == ["died"]


async def test_a_worker_that_is_always_wanted_comes_back_until_its_slot_is_closed(
    make_slot: MakeSlot, tmp_path: Path
) -> None:
    def pids() -> list[str]:
        log = tmp_path / "worker.log"
        return log.read_text().split() if log.exists() else []

    slot, killed = make_slot("ready()\nprint(os.getpid(), file=sys.stderr, flush=True)\nreceive()"), list[str]()
    slot.pauses = (0.0,)
    keeping = asyncio.create_task(GeneratorClient(slot).stay_warm())
    for _ in range(3):
        await eventually(lambda: len(pids()) > len(killed))
        killed.append(pids()[-1])
        os.kill(int(killed[-1]), signal.SIGKILL)
    await eventually(lambda: len(pids()) > len(killed) and slot.is_ready)
    await slot.close()
    await keeping
    assert not slot.is_live


async def test_a_worker_that_is_always_wanted_is_started_anew_after_a_longer_pause_each_time(
    make_slot: MakeSlot, monkeypatch: pytest.MonkeyPatch
) -> None:
    slot, paused = make_slot("sys.exit(1)"), list[float]()

    async def sleep(seconds: float) -> None:
        paused.append(seconds)
        if len(paused) == 6:
            await slot.close()

    monkeypatch.setattr(clients, "asyncio", SimpleNamespace(**vars(asyncio) | {"sleep": sleep}))
    await slot.keep()
    assert paused == [*PAUSES, PAUSES[-1], PAUSES[-1]]


async def test_a_worker_that_cannot_start_is_tried_again_next_time(make_slot: MakeSlot, tmp_path: Path) -> None:
    slot = make_slot("send(Failed(id=0, code='no_base', message='There is no base model.'))")
    for _ in range(2):
        with pytest.raises(OperatorError, match="There is no base model"):
            await slot.worker()
    scripted_worker(tmp_path, SERVE)  # the operator mends it
    assert (await speak(slot)).startswith("hello ")


async def test_closing_ends_the_worker(slot: WorkerSlot) -> None:
    worker = await slot.worker()
    await slot.close()
    await slot.close()
    assert not is_running(worker.process.pid)


# Is never ready; notes its pid.
SLOW = "print(os.getpid(), file=sys.stderr, flush=True)\nsignal.pause()"


async def pid_of_slow(tmp_path: Path) -> int:
    log = tmp_path / "worker.log"
    await eventually(lambda: log.exists() and log.read_text().endswith("\n"))
    return int(log.read_text())


async def test_closing_does_not_wait_for_a_start(make_slot: MakeSlot, tmp_path: Path) -> None:
    slot = make_slot(SLOW)
    warming = asyncio.create_task(slot.worker())
    pid = await pid_of_slow(tmp_path)
    await slot.close()
    assert not is_running(pid)
    with pytest.raises(asyncio.CancelledError):
        await warming


async def test_one_who_goes_away_does_not_stop_the_others_start(slot: WorkerSlot) -> None:
    first, second = asyncio.create_task(slot.worker()), asyncio.create_task(slot.worker())
    await asyncio.sleep(0.01)
    first.cancel()
    assert not (await second).died
    assert first.cancelled()


async def test_closing_what_never_started_or_could_not(make_slot: MakeSlot) -> None:
    slot = make_slot("sys.exit(1)")
    await slot.close()
    with pytest.raises(WorkerDied):
        await slot.worker()
    await slot.close()


async def test_the_trainer(slot: WorkerSlot) -> None:
    trainer = TrainerClient(slot)
    await trainer.warm()
    events = [event async for event in trainer.train(TRAIN)]
    assert [event.stage for event in events if isinstance(event, Progress)] == ["train", "check"]
    assert events[2:] == [Trained(id=1, n_bytes=5), Reported(id=1, card=report_card())]


async def test_a_trainer_that_rests_gives_its_memory_back_and_comes_again(slot: WorkerSlot) -> None:
    trainer = TrainerClient(slot)
    worker = await slot.worker()
    await trainer.rest()
    assert not is_running(worker.process.pid)
    assert len([event async for event in trainer.train(TRAIN)]) == 4


async def test_loading_and_unloading(slot: WorkerSlot, tmp_path: Path) -> None:
    generator = GeneratorClient(slot)
    assert await generator.load("pip/v1", Path("/abc")) == 4
    await generator.unload("pip/v1")
    assert (tmp_path / "worker.log").read_text() == "unload pip/v1\n"
    with pytest.raises(DamagedPersona, match="a file is missing"):
        await generator.load("bad", Path("/abc"))
    assert await generator.load("pip/v1", Path("/abc")) == 4


async def test_unloading_from_a_worker_that_dies_of_it(make_slot: MakeSlot) -> None:
    await GeneratorClient(make_slot("ready()\nreceive()\nsys.exit(1)")).unload("pip/v1")


async def test_a_load_in_a_worker_that_dies_of_it(make_slot: MakeSlot) -> None:
    with pytest.raises(WorkerDied):
        await GeneratorClient(make_slot("ready()\nreceive()\nsys.exit(1)")).load("pip/v1", Path())


async def test_the_converter(slot: WorkerSlot, tmp_path: Path) -> None:
    converter: Converter = ConverterClient(slot)
    await converter.export(Path("/v1"), Path("/out"), merged=True)
    assert (tmp_path / "worker.log").read_text() == "export /v1 /out True\n"
    assert await converter.adopt(ADOPT) == 4
    with pytest.raises(BadInput, match="no adapter"):
        await converter.export(Path("/bad"), Path("/out"), merged=False)


async def test_a_conversion_in_a_worker_that_dies_of_it(make_slot: MakeSlot) -> None:
    converter = ConverterClient(make_slot("ready()\nreceive()\nsys.exit(1)"))
    with pytest.raises(WorkerDied):
        await converter.export(Path("/v1"), Path("/out"), merged=True)
    with pytest.raises(WorkerDied):
        await converter.adopt(ADOPT)


async def test_failed_is_raised_and_the_worker_lives(make_slot: MakeSlot) -> None:
    fails_first = "ready()\nrequest = receive()\nsend(Failed(id=request.id, code='internal', message='oh'))\n"
    slot = make_slot(fails_first + SERVE)
    worker = await slot.worker()
    with pytest.raises(OperatorError, match="oh"):
        await anext(slot.answers(LoadRequest(id=0, key="pip/v1", folder="")))
    assert not worker.died


@pytest.mark.parametrize(
    ("code", "kind", "message"),
    [
        ("damaged", DamagedPersona, "x.bin is missing"),
        ("wrong_base", WrongBase, "x.bin is missing"),
        ("refused", BadInput, "x.bin is missing"),
        ("blocked", BadInput, "x.bin is missing"),
        ("disk_full", DiskFull, "Free some space"),
        ("no_base", OperatorError, "x.bin is missing"),
        ("internal", OperatorError, "x.bin is missing"),
        ("cancelled", OperatorError, "x.bin is missing"),
        ("not_loaded", WorkerDied, "x.bin is missing"),  # the worker that had loaded it is gone: a retry loads it again
    ],
)
def test_what_failures_stand_for(code: FailureCode, kind: type[MynahError], message: str) -> None:
    error = failure(Failed(id=1, code=code, message="x.bin is missing"))
    assert type(error) is kind
    assert message in str(error)

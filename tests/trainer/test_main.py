"""Real workers: `python -m trainer train`, `serve` and `convert` over pipes."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bases import save_tiny_base
from trainer.manifest import read_manifest, verify
from trainer.protocol import (
    Adopted,
    AdoptRequest,
    CancelRequest,
    Done,
    ExportRequest,
    Failed,
    Generated,
    GenerateRequest,
    Hyperparameters,
    Loaded,
    LoadRequest,
    Origin,
    Piece,
    Progress,
    Ready,
    Reported,
    Request,
    Trained,
    UnloadRequest,
)

from .helpers import POSTS, Worker, train_request, worker


@pytest.fixture(scope="module")
def base_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a context so long that a generation takes a while."""
    return save_tiny_base(tmp_path_factory.mktemp("base") / "long", context=2048)


def start(role: str, base_folder: Path) -> tuple[str, ...]:
    return ("-m", "trainer", role, "--base-model", str(base_folder), "--threads", "1")


@pytest.fixture(scope="module")
def trainer(base_folder: Path) -> Iterator[Worker]:
    with worker(*start("train", base_folder)) as started:
        ready = started.read()
        assert isinstance(ready, Ready)
        assert ready.base_model == str(base_folder)
        yield started


@pytest.fixture(scope="module")
def server(base_folder: Path) -> Iterator[Worker]:
    with worker(*start("serve", base_folder)) as started:
        ready = started.read()
        assert isinstance(ready, Ready)
        assert ready.parameters > 50_000
        yield started


@pytest.fixture(scope="module")
def trained(trainer: Worker, tmp_path_factory: pytest.TempPathFactory) -> Path:
    request = train_request(tmp_path_factory.mktemp("trained"), request_id=11)
    *progress, last, reported = trainer.ask(request)
    assert isinstance(last, Trained)
    assert isinstance(reported, Reported)
    assert {answer.id for answer in [*progress, last, reported]} == {11}
    assert all(isinstance(answer, Progress) for answer in progress)
    stages = [answer.stage for answer in progress if isinstance(answer, Progress)]
    assert stages[0] == "train"
    assert stages[-1] == "check"
    return Path(request.out)


@pytest.fixture
def loaded(server: Worker, trained: Path) -> Iterator[Worker]:
    (answer,) = server.ask(LoadRequest(id=1, key="pip", folder=str(trained)))
    assert isinstance(answer, Loaded)
    yield server
    assert server.ask(UnloadRequest(id=2, key="pip")) == [Done(id=2)]


def failure(worker: Worker, request: Request) -> Failed:
    answer = worker.ask(request)[-1]
    assert isinstance(answer, Failed)
    assert answer.id == request.id
    return answer


def generate(seed: int = 1, key: str = "pip", max_tokens: int = 20) -> GenerateRequest:
    """At a temperature at which a text seldom ends."""
    return GenerateRequest(
        id=20 + seed, key=key, prompt="the lamp", n=5, max_tokens=max_tokens, temperature=5, top_p=1, seed=seed
    )


# Training


def test_training_makes_a_persona(trained: Path) -> None:
    assert verify(trained).persona == "pip"


def test_a_training_can_be_cancelled(trainer: Worker, tmp_path: Path) -> None:
    request = train_request(tmp_path, POSTS * 20, [], Hyperparameters(epochs=100), request_id=5)
    trainer.send(request)
    assert isinstance(trainer.read(), Progress)
    trainer.send(CancelRequest(id=6, target=5))
    while isinstance(answer := trainer.read(), Progress):
        pass
    assert isinstance(answer, Failed)
    assert (answer.id, answer.code) == (5, "cancelled")
    assert not Path(request.out).exists()


def test_after_a_cancelled_training_comes_a_sound_one(trainer: Worker, trained: Path, tmp_path: Path) -> None:
    test_a_training_can_be_cancelled(trainer, tmp_path / "cancelled")
    request = train_request(tmp_path / "next")
    assert isinstance(trainer.ask(request)[-1], Reported)
    name = "adapter_model.safetensors"
    assert (Path(request.out) / name).read_bytes() == (trained / name).read_bytes()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_has_a_code_of_its_own(trainer: Worker, tmp_path: Path) -> None:
    request = train_request(tmp_path)
    Path(request.out).mkdir()
    (Path(request.out) / "adapter_config.json").symlink_to("/dev/full")
    assert failure(trainer, request).code == "disk_full"


def test_a_missing_corpus_is_not_the_end(trainer: Worker, tmp_path: Path) -> None:
    request = train_request(tmp_path)
    Path(request.corpus).unlink()
    assert failure(trainer, request).code == "internal"
    assert "FileNotFoundError" in trainer.stderr
    assert failure(trainer, generate()).code == "internal"


def test_it_ends_in_the_middle_of_a_training(base_folder: Path, tmp_path: Path) -> None:
    with worker(*start("train", base_folder)) as started:
        assert isinstance(started.read(), Ready)
        started.send(train_request(tmp_path, POSTS * 20, [], Hyperparameters(epochs=100)))
        assert isinstance(started.read(), Progress)
        assert started.end() == 0


# Serving


def test_a_persona_speaks(loaded: Worker) -> None:
    *pieces, generated = loaded.ask(generate())
    assert isinstance(generated, Generated)
    assert len(generated.samples) == 5
    assert pieces
    for number, text in enumerate(generated.samples):
        streamed = [piece.text for piece in pieces if isinstance(piece, Piece) and piece.sample == number]
        assert ("the lamp" + "".join(streamed)).startswith(text.removesuffix("…"))
    assert loaded.ask(generate())[-1] == generated


def test_a_generation_can_be_cancelled(loaded: Worker) -> None:
    request = generate(max_tokens=1024)
    loaded.send(request)
    assert isinstance(loaded.read(), Piece)
    loaded.send(CancelRequest(id=99, target=request.id))
    while isinstance(answer := loaded.read(), Piece):
        pass
    assert answer == Failed(id=request.id, code="cancelled", message="Cancelled")
    assert isinstance(loaded.ask(generate())[-1], Generated)


def test_a_persona_that_is_not_loaded(server: Worker) -> None:
    assert failure(server, generate(key="nobody")).code == "not_loaded"


def test_a_damaged_persona(server: Worker, trained: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(trained, tmp_path / "copy")
    (copy / "adapter_config.json").write_text("{}")
    answer = failure(server, LoadRequest(id=3, key="damaged", folder=str(copy)))
    assert answer.code == "damaged"
    assert "adapter_config.json" in answer.message


def test_a_persona_of_another_base(server: Worker, persona: Path) -> None:
    assert failure(server, LoadRequest(id=3, key="other", folder=str(persona))).code == "wrong_base"


def test_it_does_not_train(server: Worker, tmp_path: Path) -> None:
    assert failure(server, train_request(tmp_path)).code == "internal"


def test_an_interrupt_from_the_terminal_is_not_for_it(loaded: Worker) -> None:
    loaded.process.send_signal(signal.SIGINT)
    assert isinstance(loaded.ask(generate())[-1], Generated)


# Converting


@pytest.fixture(scope="module")
def converter(base_folder: Path) -> Iterator[Worker]:
    with worker(*start("convert", base_folder)) as started:
        ready = started.read()
        assert isinstance(ready, Ready)
        assert ready.base_model == str(base_folder)
        yield started


def export(folder: Path, out: Path, merged: bool = False) -> ExportRequest:
    return ExportRequest(id=31, folder=str(folder), out=str(out), merged=merged)


@pytest.mark.parametrize("merged", [False, True])
def test_a_persona_goes_out_and_comes_back(
    converter: Worker, loaded: Worker, trained: Path, tmp_path: Path, merged: bool
) -> None:
    """As an adapter it says what it said; what it says as one model is rounded."""
    assert converter.ask(export(trained, tmp_path / "out", merged)) == [Done(id=31)]
    origin = Origin(repo="somebody/pip", revision="0" * 40)
    counts = read_manifest(trained).corpus.accounts
    request = AdoptRequest(
        id=32, persona="back", folder=str(tmp_path / "out"), out=str(tmp_path / "back"), origin=origin, accounts=counts
    )
    (adopted,) = converter.ask(request)
    record = verify(tmp_path / "back")
    assert adopted == Adopted(id=32, n_bytes=record.n_bytes)
    assert (record.persona, record.origin, record.is_whole) == ("back", origin, merged)
    assert isinstance(loaded.ask(LoadRequest(id=1, key="back", folder=str(tmp_path / "back")))[-1], Loaded)
    said, again = loaded.ask(generate())[-1], loaded.ask(generate(key="back"))[-1]
    assert isinstance(again, Generated)
    assert (said == again) or merged
    loaded.ask(UnloadRequest(id=2, key="back"))


def test_what_cannot_be_exported_has_a_reason(converter: Worker, trained: Path, persona: Path, tmp_path: Path) -> None:
    assert failure(converter, export(persona, tmp_path / "out")).code == "wrong_base"
    assert failure(converter, export(persona, tmp_path / "out", merged=True)).code == "wrong_base"
    assert failure(converter, export(tmp_path / "nowhere", tmp_path / "out")).code == "damaged"
    taken = failure(converter, export(trained, tmp_path))
    assert taken.code == "refused"
    assert "Choose another folder" in taken.message
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_adopted_has_a_reason(converter: Worker, tmp_path: Path) -> None:
    origin = Origin(repo="somebody/nothing", revision="0" * 40)
    request = AdoptRequest(
        id=33, persona="x", folder=str(tmp_path), out=str(tmp_path / "out"), origin=origin, accounts=()
    )
    assert failure(converter, request).code == "refused"
    assert list(tmp_path.iterdir()) == []


def test_a_converter_without_its_base_model_says_so_when_it_needs_it(trained: Path, tmp_path: Path) -> None:
    with worker(*start("convert", tmp_path / "nowhere")) as started:
        assert isinstance(started.read(), Ready)
        answer = failure(started, export(trained, tmp_path / "out"))
        assert answer.code == "no_base"
        assert str(tmp_path / "nowhere") in answer.message
        assert failure(started, generate()).code == "internal"
        assert started.end() == 0


# Not starting


def test_a_base_that_is_not_there(tmp_path: Path) -> None:
    with worker(*start("serve", tmp_path / "nowhere")) as started:
        answer = started.read()
        assert isinstance(answer, Failed)
        assert (answer.id, answer.code) == (0, "no_base")
        assert str(tmp_path / "nowhere") in answer.message
        assert started.process.wait(timeout=60) == 3


def test_an_unknown_role() -> None:
    with worker("-m", "trainer", "sing") as started:
        assert started.process.wait(timeout=60) == 2
        assert "invalid choice: 'sing'" in started.stderr

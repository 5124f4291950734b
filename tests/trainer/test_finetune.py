from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file

from tests.bases import Shape
from tests.builders import run_of
from trainer import checkpoint, meter
from trainer.base import Base, load_base
from trainer.cancelled import Cancelled
from trainer.engine import Engine, NotLoaded
from trainer.evaluation import held_out_nats
from trainer.finetune import finetune
from trainer.manifest import MANIFEST, DamagedPersona, Manifest, verify
from trainer.protocol import FIRST_PROMPT, GenerateRequest, Hyperparameters, Method, Progress, Trained, TrainRequest
from trainer.quotes import QUOTES_FILE
from trainer.speaker import load_speaker
from trainer.worker import is_disk_full

from .helpers import COUNTS, HELD_OUT, POSTS, BaseFolders, train_request


def train(request: TrainRequest, base: Base) -> Manifest:
    reported = finetune(request, base, lambda event: None)
    assert reported.id == request.id
    return verify(Path(request.out))


def progress_of(events: list[Progress | Trained]) -> list[Progress]:
    return [event for event in events if isinstance(event, Progress)]


def state(base: Base) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in base.model.state_dict().items()}


def assert_untouched(base: Base, before: dict[str, torch.Tensor], folder: Path) -> None:
    """The base model is as it was loaded: weights, layers and modes."""
    after = base.model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], before[name]) for name in before)
    fresh = load_base(str(folder)).model
    assert [(name, type(layer)) for name, layer in base.model.named_modules()] == [
        (name, type(layer)) for name, layer in fresh.named_modules()
    ]
    assert not any(layer.training for layer in base.model.modules())
    assert not any(p.requires_grad for p in base.model.parameters())
    ids = torch.arange(20)[None]
    with torch.inference_mode():
        assert torch.equal(base.model(input_ids=ids).logits, fresh(input_ids=ids).logits)


# What it writes


def test_a_personas_folder(any_base: Base, tmp_path: Path) -> None:
    request = train_request(tmp_path)
    told: list[Progress | Trained] = []
    finetune(request, any_base, told.append)
    out = Path(request.out)
    assert {path.name for path in out.iterdir()} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        QUOTES_FILE,
        MANIFEST,
    }
    assert told[-1] == Trained(
        id=1, n_bytes=sum(path.stat().st_size for path in out.iterdir() if path.name != MANIFEST)
    )
    assert all(t.dtype == torch.bfloat16 for t in load_file(out / "adapter_model.safetensors").values())
    written = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert written[MANIFEST] == max(written.values())


def test_a_manifest_says_how_it_was_made(base: Base, tmp_path: Path) -> None:
    manifest = train(train_request(tmp_path), base)
    assert manifest.persona == "pip"
    assert manifest.base == base.record
    assert manifest.corpus.accounts == (COUNTS,)
    assert (manifest.corpus.train_posts, manifest.corpus.held_out_posts) == (len(POSTS), len(HELD_OUT))
    assert manifest.corpus.duplicates == 1
    assert manifest.corpus.train_tokens == sum(len(base.vocabulary.encode(text)) + 1 for text in POSTS)
    assert (run_of(manifest).epochs, run_of(manifest).lora_rank, run_of(manifest).seed) == (3, 4, 1)
    assert [point.epoch for point in run_of(manifest).curve] == [0.5, 1, 1.5, 2, 2.5, 3]
    assert run_of(manifest).token_rows == base.vocabulary.tokenizer.get_vocab_size()
    assert run_of(manifest).seconds > 0
    assert run_of(manifest).tokens_per_second > 0
    assert run_of(manifest).peak_bytes > 50_000_000
    assert run_of(manifest).device == "cpu"
    assert manifest.sample.startswith(FIRST_PROMPT)
    assert {"python", "mynah", "torch", "transformers", "peft"} <= set(manifest.versions)


@pytest.mark.parametrize("shape", ["gpt2", "llama"])
def test_the_numbers_are_those_of_the_saved_weights(shape: Shape, base_folders: BaseFolders, tmp_path: Path) -> None:
    """Trained until it gets worse again: the files hold the best epoch's weights, and its loss is the manifest's."""
    base = load_base(str(base_folders[shape]))
    wished = Hyperparameters(epochs=30, learning_rate=1e-2, lora_rank=8)
    request = train_request(tmp_path, POSTS[2:4] * 8, HELD_OUT, wished)
    posts = [base.vocabulary.encode(text) for text in HELD_OUT]
    n_tokens = sum(len(ids) + 1 for ids in posts)
    bits = 1 / math.log(2) / sum(len(text.encode()) for text in HELD_OUT)
    before = held_out_nats(base.model, posts, base.end_id, base.context)
    run = run_of(train(request, base))
    losses = [point.held_out_loss for point in run.curve]
    best = losses[round(2 * run.best_epoch) - 1]  # two an epoch
    assert best == min(losses) < losses[-1] / 1.05

    persona: Any = PeftModel.from_pretrained(base.model, request.out)
    nats = held_out_nats(persona, posts, base.end_id, base.context)
    assert nats / n_tokens == pytest.approx(best, rel=0.01)
    assert nats * bits == pytest.approx(run.bits_per_byte, rel=0.01)
    assert before * bits == pytest.approx(run.bits_per_byte_before, rel=1e-3)
    assert nats < before


@pytest.mark.parametrize("shape", ["gpt2", "llama", "llama-untied"])
def test_a_full_persona_is_a_model_of_its_own(shape: Shape, base_folders: BaseFolders, tmp_path: Path) -> None:
    base = load_base(str(base_folders[shape]))
    before = state(base)
    wished = Hyperparameters(method="full", epochs=60, learning_rate=5e-3)
    post = "gerald took my biscuit"
    request = train_request(tmp_path, [post] * 16, [post], wished)
    manifest = train(request, base)
    assert_untouched(base, before, base_folders[shape])
    tokenizer = {"tokenizer.json", "tokenizer_config.json"}
    assert set(manifest.files) == {"config.json", "model.safetensors", "quotes.safetensors", *tokenizer}
    assert (run_of(manifest).method, run_of(manifest).lora_rank, run_of(manifest).token_rows) == ("full", 0, 0)
    engine = Engine(load_speaker(base.name))
    assert engine.load("pip", Path(request.out)) >= base.parameters
    prompt = GenerateRequest(id=1, key="pip", prompt="gerald", max_tokens=30, temperature=0, quote_tries=0)
    assert engine.generate(prompt).samples == (post,)
    engine.unload("pip")
    with pytest.raises(NotLoaded):
        engine.generate(prompt)


def test_a_persona_learns_its_posts(base_folders: BaseFolders, tmp_path: Path) -> None:
    base = load_base(str(base_folders["llama"]))
    post = "gerald took my biscuit"
    wished = Hyperparameters(epochs=60, learning_rate=3e-3, lora_rank=32)
    request = train_request(tmp_path, [post] * 16, [post], wished)
    run = run_of(train(request, base))
    assert run.bits_per_byte < run.bits_per_byte_before / 10
    engine = Engine(load_speaker(base.name))
    engine.load("pip", Path(request.out))
    prompt = GenerateRequest(id=1, key="pip", prompt="gerald", max_tokens=30, temperature=0, quote_tries=0)
    assert engine.generate(prompt).samples == (post,)


def test_the_same_seed_gives_the_same_files(base_folders: BaseFolders, base: Base, tmp_path: Path) -> None:
    def files(name: str, seed: int, base: Base) -> tuple[bytes, str]:
        request = train_request(tmp_path / name, hyperparameters=Hyperparameters(epochs=2, lora_rank=4, seed=seed))
        manifest = train(request, base)
        return (Path(request.out) / "adapter_model.safetensors").read_bytes(), manifest.sample

    one = files("one", 1, base)
    assert files("again", 1, base) == one  # on a base model that has trained another before
    assert files("elsewhere", 1, load_base(str(base_folders["gpt2"]))) == one
    assert files("other", 2, base)[0] != one[0]


@pytest.mark.parametrize("seed", [-1, 2**70])
def test_any_integer_is_a_seed(base: Base, tmp_path: Path, seed: int) -> None:
    request = train_request(tmp_path, hyperparameters=Hyperparameters(epochs=1, seed=seed))
    assert run_of(train(request, base)).seed == seed


def test_progress_bears_the_requests_id(base: Base, tmp_path: Path) -> None:
    told: list[Progress | Trained] = []
    reported = finetune(train_request(tmp_path, request_id=42), base, told.append)
    assert {event.id for event in (*told, reported)} == {42}
    assert [event.stage for event in progress_of(told)][:: len(told) - 2] == ["train", "check"]


def test_people_can_use_it_before_it_is_measured(base: Base, tmp_path: Path) -> None:
    """And what they use is a whole persona, whatever becomes of the measuring."""
    request = train_request(tmp_path)
    told: list[Progress | Trained] = []

    def stop() -> bool:
        return bool(told) and isinstance(told[-1], Trained)

    with pytest.raises(Cancelled):
        finetune(request, base, told.append, stop)
    assert Engine(load_speaker(base.name)).load("pip", Path(request.out)) > 0


def test_its_report_card(base: Base, tmp_path: Path) -> None:
    request = train_request(tmp_path)
    contrast = tmp_path / "contrast.json"
    contrast.write_text(json.dumps({"brenda": ["SHIP SHIP SHIP", "WHERE IS MY SHIP?"]}))
    request = request.model_copy(update={"contrast": str(contrast)})
    card = finetune(request, base, lambda event: None).card
    run = run_of(verify(Path(request.out)))
    assert card.contrast == ("brenda",)
    assert (card.bits_per_byte, card.bits_per_byte_base) == (run.bits_per_byte, run.bits_per_byte_before)


# Odd corpora


@pytest.mark.parametrize(
    ("posts", "held_out"),
    [
        (["just one post"], []),
        (["one post to train on"], ["and one held out"]),
        (POSTS, []),
        (["a post much longer than the context, " * 30], ["and another one of the kind, " * 30]),
        (["🍲 中文 <|endoftext|> #tag", "<|endoftext|><|endoftext|><|endoftext|>"], ["\u200b and other things"]),
    ],
    ids=["one", "one-and-one", "nothing-held-out", "long", "odd"],
)
def test_a_corpus_of(base: Base, tmp_path: Path, posts: list[str], held_out: list[str]) -> None:
    request = train_request(tmp_path, posts, held_out)
    manifest = train(request, base)
    assert manifest.corpus.train_posts == len(posts)
    assert math.isfinite(run_of(manifest).bits_per_byte)
    assert Engine(load_speaker(base.name)).load("pip", Path(request.out)) > 0


# What it leaves behind


def test_the_base_is_left_as_it_was(any_base: Base, tmp_path: Path) -> None:
    before = state(any_base)
    train(train_request(tmp_path), any_base)
    assert_untouched(any_base, before, Path(any_base.name))


def test_the_base_is_left_as_it_was_by_a_cancel(any_base: Base, tmp_path: Path) -> None:
    before = state(any_base)
    seen: list[Progress | Trained] = []
    request = train_request(tmp_path, hyperparameters=Hyperparameters(epochs=50))
    with pytest.raises(Cancelled):
        finetune(request, any_base, seen.append, lambda: len(seen) > 0)
    assert_untouched(any_base, before, Path(any_base.name))
    assert not Path(request.out).exists()
    train(train_request(tmp_path / "next"), any_base)


def test_the_base_is_left_as_it_was_by_an_error(any_base: Base, tmp_path: Path) -> None:
    def broken(event: Progress | Trained) -> None:
        raise BrokenPipeError

    before = state(any_base)
    with pytest.raises(BrokenPipeError):
        finetune(train_request(tmp_path), any_base, broken)
    assert_untouched(any_base, before, Path(any_base.name))


@pytest.mark.parametrize("method", ["lora", "full"])
def test_after_a_crash_it_goes_on_where_it_was(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: Method
) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "WORTH", 0.0)
    monkeypatch.setattr(meter, "PROGRESS_SECONDS", 0.0)
    wished = Hyperparameters(method=method, epochs=5, lora_rank=4)
    straight = train_request(tmp_path / "straight", hyperparameters=wished)
    expected = train(straight, base)

    def crash(event: Progress | Trained) -> None:
        if isinstance(event, Progress) and event.done == 4:
            raise BrokenPipeError

    request = train_request(tmp_path / "crashed", hyperparameters=wished)
    with pytest.raises(BrokenPipeError):
        finetune(request, base, crash)
    told: list[Progress | Trained] = []
    finetune(request, base, told.append)
    assert progress_of(told)[0].done == 4
    manifest = verify(Path(request.out))
    assert run_of(manifest).curve == run_of(expected).curve
    assert manifest.files == expected.files


def test_another_corpus_starts_over(base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "SECONDS", 0.0)
    monkeypatch.setattr(checkpoint, "WORTH", 0.0)
    train(train_request(tmp_path), base)
    told: list[Progress | Trained] = []
    finetune(train_request(tmp_path, POSTS[1:]), base, told.append)
    assert progress_of(told)[0].done == 1


def test_a_cancel_during_the_check_leaves_no_persona(base: Base, tmp_path: Path) -> None:
    told: list[Progress | Trained] = []
    request = train_request(tmp_path)
    with pytest.raises(Cancelled):
        finetune(request, base, told.append, lambda: any(event.stage == "check" for event in progress_of(told)))
    assert not Path(request.out).exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
@pytest.mark.parametrize("file", ["adapter_config.json", f"{MANIFEST}.part"])
def test_a_full_disk_leaves_no_persona(base: Base, tmp_path: Path, file: str) -> None:
    before = state(base)
    request = train_request(tmp_path)
    out = Path(request.out)
    out.mkdir()
    (out / file).symlink_to("/dev/full")
    with pytest.raises(Exception, match="No space left on device") as raised:
        finetune(request, base, lambda event: None)
    assert is_disk_full(raised.value)
    assert not out.exists()
    assert_untouched(base, before, Path(base.name))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB, where we are allowed to make one."""
    place = tmp_path / "disk"
    place.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a small file system")
    yield place
    subprocess.run(["umount", place], check=True)


def test_a_disk_too_small_for_the_weights(base: Base, tmp_path: Path, small_disk: Path) -> None:
    """safetensors has an error of its own for that."""
    wished = Hyperparameters(epochs=1, lora_rank=64)
    request = train_request(tmp_path, hyperparameters=wished)
    request = request.model_copy(update={"out": str(small_disk / "persona")})
    with pytest.raises(Exception, match="No space left on device") as raised:
        finetune(request, base, lambda event: None)
    assert is_disk_full(raised.value)
    with pytest.raises(DamagedPersona):
        verify(small_disk / "persona")


def test_a_missing_corpus(base: Base, tmp_path: Path) -> None:
    request = train_request(tmp_path)
    Path(request.corpus).unlink()
    with pytest.raises(FileNotFoundError):
        finetune(request, base, lambda event: None)


def test_an_adapter_is_pefts(base: Base, tmp_path: Path) -> None:
    request = train_request(tmp_path)
    train(request, base)
    config = json.loads((Path(request.out) / "adapter_config.json").read_text())
    assert config["peft_type"] == "LORA"
    assert (config["r"], config["lora_alpha"]) == (4, 384)
    assert {name.rpartition(".")[2] for name in config["target_modules"]} == {"c_attn", "c_fc", "c_proj"}

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from tests.bases import gpt2, save_tiny_base
from trainer import basefiles
from trainer.base import Base, embedding_weight, load_base
from trainer.basefiles import BUNDLED_FOLDER, BaseModelError, fingerprint
from trainer.basenames import BUNDLED
from trainer.bundled import SHA256
from trainer.speaker import load_speaker
from trainer.weights import read_tensors

from .helpers import BaseFolders, decode


@pytest.fixture
def folder(base_folders: BaseFolders, tmp_path: Path) -> Path:
    """A base model's folder to damage."""
    return shutil.copytree(base_folders["gpt2"], tmp_path / "base")


def refusal(name: str) -> str:
    """Why a base model can't be loaded; every such message says what to do, without a network."""
    with pytest.raises(BaseModelError) as raised:
        load_base(name)
    message = str(raised.value)
    with pytest.raises(BaseModelError):  # it can't be served, either
        load_speaker(name)
    assert message.endswith("Install Mynah again.") == (name == BUNDLED)
    assert ('base_model = "bundled"' in message and "needs no network" in message) == (name != BUNDLED)
    assert "\n" not in message
    return message


# Loading


def test_a_folder(any_base: Base) -> None:
    assert any_base.context == 64
    assert any_base.end_id == 0
    assert any_base.parameters == sum(p.numel() for p in any_base.model.parameters())
    assert not any_base.model.training
    assert not any(p.requires_grad for p in any_base.model.parameters())
    assert {p.dtype for p in any_base.model.parameters()} == {torch.float32}
    assert any_base.record.fingerprint == any_base.fingerprint


@pytest.fixture
def bundled_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny base in the bundled one's place, its checksums pinned."""
    monkeypatch.setattr(basefiles, "BUNDLED_FOLDER", folder)
    pinned = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}
    monkeypatch.setattr(basefiles, "SHA256", pinned)
    return folder


def test_bundled_is_a_folder_beside_the_code(bundled_folder: Path) -> None:
    base = load_base(BUNDLED)
    assert base.name == "bundled"
    assert base.fingerprint == load_base(str(bundled_folder)).fingerprint


def test_a_fingerprint_is_of_the_weights(base_folders: BaseFolders, other_base_folder: Path, tmp_path: Path) -> None:
    one = load_base(str(base_folders["gpt2"])).fingerprint
    again = load_base(str(shutil.copytree(base_folders["gpt2"], tmp_path / "elsewhere"))).fingerprint
    other = load_base(str(other_base_folder)).fingerprint
    assert one == again != other


def test_a_fingerprint_is_the_same_in_half_precision(tmp_path: Path) -> None:
    model = gpt2(300, 16)
    model.save_pretrained(tmp_path / "whole")
    model.to(torch.bfloat16).save_pretrained(tmp_path / "half")  # type: ignore[arg-type]
    assert fingerprint(read_tensors(tmp_path / "half")) == fingerprint(read_tensors(tmp_path / "whole"))


def test_a_fingerprint_changes_with_one_weight(tmp_path: Path) -> None:
    model = gpt2(300, 16)
    model.save_pretrained(tmp_path / "one")
    with torch.no_grad():
        model.get_parameter("transformer.h.1.mlp.c_fc.weight")[-1, -1] += 1.0
    model.save_pretrained(tmp_path / "other")
    assert fingerprint(read_tensors(tmp_path / "one")) != fingerprint(read_tensors(tmp_path / "other"))


def test_it_is_served_and_trained_under_one_fingerprint(any_base: Base) -> None:
    speaker = load_speaker(any_base.name)
    assert speaker.fingerprint == any_base.fingerprint
    assert speaker.decoder.parameters == any_base.parameters


# Refusals


@pytest.mark.parametrize("name", ["/nowhere/base", "./nowhere", "~/nowhere/base", "~nobody-at-all/base", "a/b/c"])
def test_a_missing_folder(name: str) -> None:
    message = refusal(name)
    assert "does not exist" in message
    assert "nowhere" in message or name in message


def test_a_missing_bundled_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(basefiles, "BUNDLED_FOLDER", tmp_path / "bundled")
    assert f"{tmp_path / 'bundled'} does not exist" in refusal(BUNDLED)


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_bundled_file_that_was_changed(bundled_folder: Path, name: str) -> None:
    path = bundled_folder / name
    path.write_bytes(path.read_bytes() + b" ")
    assert f"{path} is damaged or was changed" in refusal(BUNDLED)


def test_a_bundled_file_that_is_missing(bundled_folder: Path) -> None:
    (bundled_folder / "generation_config.json").unlink()
    assert "generation_config.json" in refusal(BUNDLED)


def test_a_folder_that_is_no_model(tmp_path: Path) -> None:
    assert f"{tmp_path} has no config.json" in refusal(str(tmp_path))


def test_weights_that_could_run_code(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "model.bak")
    torch.save(gpt2(321, 64).state_dict(), folder / "pytorch_model.bin")
    assert "model.safetensors" in refusal(str(folder))


@pytest.mark.parametrize("content", [b"", b"garbage" * 1_000])
def test_corrupt_weights(folder: Path, content: bytes) -> None:
    (folder / "model.safetensors").write_bytes(content)
    assert str(folder) in refusal(str(folder))


def test_truncated_weights(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert str(folder) in refusal(str(folder))


def test_weights_that_are_not_all_there(folder: Path) -> None:
    """transformers would make up the rest at random."""
    state = {name: tensor for name, tensor in gpt2(321, 64).state_dict().items() if ".h.1." not in name}
    gpt2(321, 64).save_pretrained(folder, state_dict=state)
    assert "transformer.h.1." in refusal(str(folder))


def test_weights_of_another_shape(folder: Path) -> None:
    gpt2(100, 64).save_pretrained(folder / "other")
    shutil.copy(folder / "other" / "model.safetensors", folder / "model.safetensors")
    assert str(folder) in refusal(str(folder))


@pytest.mark.parametrize("file", ["config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", ["", "{nope", '{"model_type": "abacus"}'])
def test_garbled_files(folder: Path, file: str, content: str) -> None:
    (folder / file).write_text(content)
    assert str(folder) in refusal(str(folder))


def test_a_tokenizer_without_an_end_of_text(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer).save_pretrained(folder)
    assert load_base(str(folder)).end_id == 0  # the model's
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "eos_token_id": None}))
    assert "no end-of-text token" in refusal(str(folder))


def test_a_hub_name_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    message = refusal("no-such-owner/no-such-model")
    assert "'no-such-owner/no-such-model' can't be loaded" in message


# Encoding


@pytest.mark.parametrize("text", ["<|endoftext|>", "a<|endoftext|>b", " <|endoftext|><|endoftext|>"])
def test_a_text_never_contains_special_tokens(any_base: Base, text: str) -> None:
    ids = any_base.vocabulary.encode(text)
    assert any_base.end_id not in ids
    assert decode(any_base, ids) == text
    assert decode(any_base, ids, skip_special_tokens=True) == text


def test_nothing_is_added_to_a_text(any_base: Base) -> None:
    assert any_base.vocabulary.encode("") == []
    assert decode(any_base, any_base.vocabulary.encode("tea")) == "tea"


# The base model that comes with Mynah


@pytest.fixture(scope="module")
def bundled() -> Base:
    return load_base(BUNDLED)


def test_the_bundled_base_is_small_and_complete(bundled: Base) -> None:
    assert bundled.context >= 256
    assert bundled.model.get_output_embeddings().weight is embedding_weight(bundled.model)
    assert (BUNDLED_FOLDER / "model.safetensors").stat().st_size <= 32 * 1024 * 1024
    assert not list(BUNDLED_FOLDER.glob("*.bin"))
    assert embedding_weight(bundled.model).shape[0] >= bundled.vocabulary.tokenizer.get_vocab_size()
    assert 8_000 <= bundled.vocabulary.tokenizer.get_vocab_size() <= 16_384
    loaded = {path.name for path in BUNDLED_FOLDER.iterdir() if path.suffix in {".json", ".safetensors"}}
    assert set(SHA256) == loaded - {"provenance.json"}


@pytest.mark.parametrize(
    "text", ["🍲👩‍🚒❤️", "@Pip #TeaTime", "007 1,234.5", "MiXeD Case", "a  b\tc\nd", "ça — “quoted”…"]
)
def test_the_bundled_tokenizer_keeps(bundled: Base, text: str) -> None:
    assert decode(bundled, bundled.vocabulary.encode(text)) == text


@settings(max_examples=50)
@given(text=st.text())
def test_the_bundled_tokenizer_keeps_any_text(bundled: Base, text: str) -> None:
    ids = bundled.vocabulary.encode(text)
    assert bundled.end_id not in ids
    assert decode(bundled, ids) == text


def test_the_bundled_base_knows_some_english(bundled: Base) -> None:
    def nats(text: str) -> float:
        ids = torch.tensor([[bundled.end_id, *bundled.vocabulary.encode(text)]])
        with torch.inference_mode():
            return float(bundled.model(ids, labels=ids).loss)

    assert nats("The man went to the door and looked out.") < nats("Door the out man and to looked went the.")


def test_tiny_bases_are_reproducible(tmp_path: Path) -> None:
    one, two = (load_base(str(save_tiny_base(tmp_path / name))) for name in ("one", "two"))
    assert one.fingerprint == two.fingerprint

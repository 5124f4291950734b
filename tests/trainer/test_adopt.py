from __future__ import annotations

import json
import os
import random
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from safetensors.torch import load_file
from transformers import GPT2LMHeadModel

from tests.builders import corpus_record, report_card, run_record
from trainer.adopt import NOTHING, Refused, adopt
from trainer.base import Base
from trainer.basefiles import BaseModelError, fingerprint
from trainer.convert import answer
from trainer.engine import Engine
from trainer.export import export
from trainer.manifest import MANIFEST, BaseRecord, Manifest, public, verify
from trainer.protocol import (
    FIRST_PROMPT,
    BlocklistOptions,
    ExportRequest,
    Failed,
    GenerateRequest,
    Hyperparameters,
    Lineage,
    PostsDigest,
)
from trainer.quotes import QUOTES_FILE, Quotes, read_quotes
from trainer.speaker import Speaker, load_speaker

from .helpers import POSTS, BaseFolders
from .published import (
    ACCOUNTS,
    ORIGIN,
    Tensors,
    adopt_request,
    change_json,
    change_weights,
    save_huggingtweets,
    save_mynahs_adapter,
    save_others_adapter,
    sign,
    write_json,
)

SHOWN = report_card().model_copy(update={"contrast": ()})  # whom it was compared with stays where it was trained
WHOLE_FILES = {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
ELSEWHERE = BaseRecord(name="org/other", fingerprint="0" * 64, parameters=1)


@pytest.fixture(scope="module")
def huggingtweets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Read-only."""
    return save_huggingtweets(tmp_path_factory.mktemp("published"))


@pytest.fixture
def folder(huggingtweets: Path, tmp_path: Path) -> Path:
    """One to change."""
    return Path(shutil.copytree(huggingtweets, tmp_path / "huggingtweets"))


@pytest.fixture
def base_model(base_folders: BaseFolders) -> str:
    return str(base_folders["gpt2"])


def adopted(folder: Path, out: Path, base_model: str = "nowhere") -> Manifest:
    answer = adopt(adopt_request(folder, out), base_model)
    manifest = verify(out)
    assert (answer.id, answer.n_bytes) == (7, manifest.n_bytes)
    return manifest


def refusal(folder: Path, out: Path, base_model: str = "nowhere") -> str:
    """What is said; nothing is left."""
    with pytest.raises(Refused) as caught:
        adopt(adopt_request(folder, out), base_model)
    assert not out.exists()
    return str(caught.value)


# Whole models of others


def test_a_huggingtweets_model_becomes_a_persona(huggingtweets: Path, tmp_path: Path) -> None:
    manifest = adopted(huggingtweets, tmp_path / "out")
    assert set(manifest.files) == WHOLE_FILES
    assert manifest.is_whole
    assert manifest.run is None
    assert manifest.persona == "pip"
    assert manifest.origin == ORIGIN
    assert manifest.corpus.accounts == ACCOUNTS
    assert manifest.corpus.train_posts == 0
    assert manifest.sample.startswith(FIRST_PROMPT)
    assert {"mynah", "torch", "transformers"} <= set(manifest.versions)
    weights = load_file(tmp_path / "out" / "model.safetensors")
    assert manifest.base.name == "gpt2"
    assert manifest.base.fingerprint == fingerprint(weights)
    assert manifest.base.parameters == sum(tensor.numel() for tensor in weights.values())


def test_its_weights_are_those_that_were_published_in_bf16(huggingtweets: Path, tmp_path: Path) -> None:
    adopted(huggingtweets, tmp_path / "out")
    given = torch.load(huggingtweets / "pytorch_model.bin", weights_only=True)
    stored = load_file(tmp_path / "out" / "model.safetensors")
    assert set(given) - set(stored) == {
        "lm_head.weight",
        *(f"transformer.h.{layer}.attn.{name}" for layer in range(2) for name in ("bias", "masked_bias")),
    }
    assert all(torch.equal(tensor, given[name].bfloat16()) for name, tensor in stored.items())


def test_transformers_loads_the_same_model(huggingtweets: Path, tmp_path: Path) -> None:
    adopted(huggingtweets, tmp_path / "out")
    ids = torch.arange(20)[None]
    before = GPT2LMHeadModel.from_pretrained(huggingtweets)
    loaded: Any = GPT2LMHeadModel.from_pretrained(tmp_path / "out", dtype=torch.float32, output_loading_info=True)
    after, info = loaded
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    with torch.inference_mode():
        assert torch.allclose(before(ids).logits, after(ids).logits, atol=0.02)


def test_it_speaks_beside_any_base_model(huggingtweets: Path, base_folders: BaseFolders, tmp_path: Path) -> None:
    """With the tokenizer that it came with; on an engine of Llama's shape."""
    adopted(huggingtweets, tmp_path / "out")
    request = GenerateRequest(id=1, key="pip", prompt="dear gerald,", max_tokens=12, quote_tries=0)

    def said(speaker: Speaker) -> tuple[str, ...]:
        engine = Engine(speaker)
        engine.load("pip", tmp_path / "out")
        return engine.generate(request).samples

    alone = said(load_speaker(str(tmp_path / "out")))
    assert alone == said(load_speaker(str(base_folders["llama"])))
    assert alone[0].startswith("dear gerald,")


def test_its_sample_keeps_to_the_operators_words(huggingtweets: Path, tmp_path: Path) -> None:
    request = adopt_request(huggingtweets, tmp_path / "out", blocklist=BlocklistOptions(add=("dream",)))
    adopt(request, "nowhere")
    assert verify(tmp_path / "out").sample == ""


def test_weights_of_any_age_make_the_same_persona(folder: Path, tmp_path: Path) -> None:
    """Without a prefix, as a pickle of PyTorch 1.5, in several files, as safetensors."""
    expected = adopted(folder, tmp_path / "plain").files
    state: Tensors = torch.load(folder / "pytorch_model.bin", weights_only=True)

    torch.save(state, folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)
    assert adopted(folder, tmp_path / "old").files == expected

    trunk = {name.removeprefix("transformer."): t for name, t in state.items() if name != "lm_head.weight"}
    torch.save(trunk, folder / "pytorch_model.bin")
    assert adopted(folder, tmp_path / "trunk").files == expected

    (folder / "pytorch_model.bin").unlink()
    names = sorted(state)
    write_json(
        folder / "pytorch_model.bin.index.json",
        {"weight_map": {name: f"pytorch_model-{i % 2}.bin" for i, name in enumerate(names)}},
    )
    for part in range(2):
        torch.save({name: state[name].clone() for name in names[part::2]}, folder / f"pytorch_model-{part}.bin")
    assert adopted(folder, tmp_path / "sharded").files == expected


def test_safetensors_come_before_pickles(folder: Path, tmp_path: Path) -> None:
    expected = adopted(folder, tmp_path / "one").files
    GPT2LMHeadModel.from_pretrained(folder).save_pretrained(tmp_path / "new")
    shutil.copyfile(tmp_path / "new" / "model.safetensors", folder / "model.safetensors")
    (folder / "pytorch_model.bin").write_bytes(b"never looked at")
    assert adopted(folder, tmp_path / "two").files == expected


@pytest.mark.parametrize("shape", ["llama", "llama-untied"])
def test_a_model_of_llamas_shape_becomes_a_persona(shape: str, base_folders: BaseFolders, tmp_path: Path) -> None:
    folder = base_folders[shape]  # type: ignore[index]
    manifest = adopted(folder, tmp_path / "out")
    assert set(manifest.files) == WHOLE_FILES
    assert manifest.base.name == "llama"
    assert manifest.base.fingerprint == load_speaker(str(tmp_path / "out")).fingerprint
    assert (tmp_path / "out" / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()


def test_a_card_says_what_a_model_was_made_from(folder: Path, tmp_path: Path) -> None:
    (folder / "README.md").write_text("---\nbase_model: org/gpt2-small\n---\n# Pip\n")
    assert adopted(folder, tmp_path / "one").base.name == "org/gpt2-small"
    (folder / "README.md").write_text("---\nbase_model: [/home/eve/model]\n---\n")
    assert adopted(folder, tmp_path / "two").base.name == "gpt2"
    (folder / "README.md").write_text("---\n{: broken\n---\n")
    change_json(folder / "config.json", _name_or_path="/content/output")
    assert adopted(folder, tmp_path / "three").base.name == "gpt2"  # its kind


def test_what_else_a_config_says_is_not_taken_over(folder: Path, tmp_path: Path) -> None:
    change_json(
        folder / "config.json",
        auto_map={"AutoModelForCausalLM": "modeling_evil.EvilModel"},
        quantization_config={"quant_method": "bitsandbytes"},
        _attn_implementation="org/kernels",
    )
    (folder / "modeling_evil.py").write_text("raise SystemExit")
    assert set(adopted(folder, tmp_path / "out").files) == WHOLE_FILES
    text = (tmp_path / "out" / "config.json").read_text()
    assert not any(word in text for word in ("evil", "quant", "kernels", "task_specific"))


# What is refused


class _Runs:
    """A pickle that makes a folder when somebody unpickles it."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.place),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_with_code_in_it_is_not_run(zipped: bool, folder: Path, tmp_path: Path) -> None:
    proof = tmp_path / "proof"
    content = {"transformer.wte.weight": torch.zeros(2), "evil": _Runs(proof)}
    torch.save(content, folder / "pytorch_model.bin", _use_new_zipfile_serialization=zipped)
    said = refusal(folder, tmp_path / "out")
    assert "asks for code to be run (posix.mkdir" in said
    assert "not loaded" in said
    assert not proof.exists()
    torch.load(folder / "pytorch_model.bin", weights_only=False)
    assert proof.exists()


def lose(name: str) -> Callable[[Tensors], object]:
    return lambda state: state.pop(name)


def put(name: str, tensor: object) -> Callable[[Tensors], object]:
    return lambda state: state.__setitem__(name, cast(torch.Tensor, tensor))


LAYER = "transformer.h.1.mlp.c_fc.weight"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lose(LAYER), f"{LAYER} are missing"),
        (lose("transformer.wpe.weight"), "wpe.weight are missing"),
        (put("transformer.h.2.ln_1.weight", torch.ones(32)), r"doesn't account for \(transformer.h.2.ln_1.weight"),
        (put("transformer.h.0.crossattention.c_attn.weight", torch.ones(32, 64)), "doesn't account for"),
        (put("wte.weight", torch.ones(3, 32)), r"doesn't account for \(wte.weight"),
        (put(LAYER, torch.ones(128, 32)), r"are \(128, 32\), and its config.json says \(32, 128\)"),
        (put(LAYER, torch.full((32, 128), torch.nan)), "infinite or none at all"),
        (put(LAYER, torch.full((32, 128), 3.4e38)), "infinite or none at all"),  # in bf16
        (put(LAYER, torch.ones(32, 128, dtype=torch.int8)), "no plain numbers"),
        (put(LAYER, torch.ones(32, 128).to_sparse()), "no plain numbers"),
        (put(LAYER, torch.ones(32, 128, device="meta")), "no plain numbers"),
        (put(LAYER, "text"), "no plain numbers"),
        (put("lm_head.weight", torch.ones(321, 32)), "input and output embedding"),
    ],
)
def test_weights_that_are_not_the_models_are_refused(
    change: Callable[[Tensors], object], reason: str, folder: Path, tmp_path: Path
) -> None:
    change_weights(folder, change)
    with pytest.raises(Refused, match=reason):
        adopt(adopt_request(folder, tmp_path / "out"), "nowhere")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"model_type": "gptj"}, "its model type is 'gptj'"),
        ({"activation_function": "relu"}, "isn't GELU"),
        ({"n_embd": ...}, "no n_embd"),
        ({"n_embd": "wide"}, "nonsense|none of a model|sizes"),
        ({"n_head": 0}, "nonsense"),
        ({"n_layer": -1}, "sizes"),
        ({"n_layer": 10**9}, "larger than any"),
        ({"n_layer": 3}, "are missing"),
        ({"n_positions": 10**12}, "larger than any"),
        ({"n_head": 3}, "none of a model"),
        ({"vocab_size": 999}, "config.json says"),
        ({"vocab_size": 10**15}, "config.json says|none of a model"),
        ({"tie_word_embeddings": False, "n_inner": 7}, "config.json says"),
    ],
)
def test_configs_of_no_model_are_refused(changes: dict[str, object], reason: str, folder: Path, tmp_path: Path) -> None:
    change_json(folder / "config.json", **changes)
    with pytest.raises(Refused, match=reason):
        adopt(adopt_request(folder, tmp_path / "out"), "nowhere")
    assert not (tmp_path / "out").exists()


def test_an_untied_model_wants_its_output_embedding(folder: Path, tmp_path: Path) -> None:
    change_json(folder / "config.json", tie_word_embeddings=False)
    assert "lm_head.weight" in load_file_of(folder, tmp_path / "one")
    change_weights(folder, lose("lm_head.weight"))
    assert "lm_head.weight are missing" in refusal(folder, tmp_path / "two")


def load_file_of(folder: Path, out: Path) -> Tensors:
    adopted(folder, out)
    return load_file(out / "model.safetensors")


@pytest.mark.parametrize("content", [[torch.ones(2)], {"model": {"a": torch.ones(2)}}, {3: torch.ones(2)}, 5])
def test_pickles_of_other_things_are_refused(content: object, folder: Path, tmp_path: Path) -> None:
    torch.save(content, folder / "pytorch_model.bin")
    assert "pytorch_model.bin" in refusal(folder, tmp_path / "out") or "account for" in refusal(folder, tmp_path / "b")


def test_a_shard_that_is_missing_or_elsewhere_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "pytorch_model.bin").rename(tmp_path / "secret.bin")
    index = folder / "pytorch_model.bin.index.json"
    write_json(index, {"weight_map": {"transformer.wte.weight": "../secret.bin"}})
    assert "secret.bin is missing" in refusal(folder, tmp_path / "out")
    for content in ({"weight_map": ["a"]}, {"weight_map": {"a": 3}}, {}, [1]):
        write_json(index, content)
        assert "index.json" in refusal(folder, tmp_path / "out")


def test_numbers_too_large_to_compute_with_are_no_persona(folder: Path, tmp_path: Path) -> None:
    """They are finite; what comes of them isn't. It says something, or it is refused."""
    change_weights(folder, lambda state: [tensor.mul_(1e37) for tensor in state.values() if tensor.dim() == 2])
    try:
        adopt(adopt_request(folder, tmp_path / "out"), "nowhere")
    except Refused:
        assert not (tmp_path / "out").exists()


def test_what_there_is_nothing_in_is_refused_with_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "README.md").write_text("# Soon")
    said = refusal(tmp_path / "empty", tmp_path / "out")
    assert "pytorch_model.bin" in said
    assert "adapter_config.json" in said


def test_an_out_folder_that_is_there_is_left_alone(huggingtweets: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(FileExistsError):
        adopt(adopt_request(huggingtweets, tmp_path / "out"), "nowhere")
    assert (tmp_path / "out").is_dir()


# Mynah's own


def test_an_adapter_of_mynahs_comes_with_its_record(base: Base, tmp_path: Path) -> None:
    folder = save_mynahs_adapter(base, tmp_path / "published", report=report_card())
    (folder / "pictures").mkdir()
    manifest = adopted(folder, tmp_path / "out", base.name)
    assert set(manifest.files) == {"adapter_config.json", "adapter_model.safetensors"}
    assert all((folder / name).read_bytes() == (tmp_path / "out" / name).read_bytes() for name in manifest.files)
    assert manifest.corpus == corpus_record("pip", source=f"hub:{ORIGIN.repo}")  # which nothing reads
    assert (manifest.run, manifest.report) == (run_record(), SHOWN)
    assert (manifest.base, manifest.origin) == (base.record, ORIGIN)
    assert not manifest.is_whole
    engine = Engine(load_speaker(base.name))
    engine.load("pip", tmp_path / "out")
    requests = (GenerateRequest(id=i, key="pip", prompt=FIRST_PROMPT, seed=i, temperature=0.9) for i in range(1, 6))
    assert manifest.sample in {engine.generate(request).samples[0] for request in requests}


def test_the_index_of_quotes_comes_along(base: Base, tmp_path: Path) -> None:
    folder = save_mynahs_adapter(base, tmp_path / "published")
    Quotes.of(POSTS).save(folder)
    sign(folder, base.record)
    adopted(folder, tmp_path / "out", base.name)
    quotes = read_quotes(tmp_path / "out")
    assert quotes is not None
    assert quotes.is_one(POSTS[4])


def test_quotes_that_are_none_are_refused(base: Base, tmp_path: Path) -> None:
    folder = save_mynahs_adapter(base, tmp_path / "published")
    shutil.copyfile(folder / "adapter_model.safetensors", folder / QUOTES_FILE)
    sign(folder, base.record)
    assert QUOTES_FILE in refusal(folder, tmp_path / "out", base.name)


def test_a_persona_gets_the_name_that_it_is_wanted_by(base: Base, tmp_path: Path) -> None:
    folder = save_mynahs_adapter(base, tmp_path / "published" / "adapter")
    adopt(adopt_request(folder.parent, tmp_path / "out", persona="other"), base.name)
    assert verify(tmp_path / "out").persona == "other"


def test_an_adapter_on_another_base_model_says_which_one_to_set(base: Base, tmp_path: Path) -> None:
    folder = save_mynahs_adapter(base, tmp_path / "published")
    for name, told, said in [
        ("org/other", "org/other", 'Set base_model = "org/other"'),
        ("bundled", "base", 'Set base_model = "bundled"'),
        ("eves-base", "base", "only who has published it knows"),
        (base.name, base.name, "another version"),
    ]:
        change_json(folder / "adapter_config.json", base_model_name_or_path=told)
        sign(folder, ELSEWHERE.model_copy(update={"name": name}))
        assert said in refusal(folder, tmp_path / "out", base.name)


def test_a_whole_model_beside_an_adapter_is_taken_where_the_base_model_is_another(
    base: Base, huggingtweets: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(huggingtweets, tmp_path / "published"))
    adapter = save_mynahs_adapter(base, folder / "adapter")
    record = sign(folder, base.record, report=report_card())
    assert not adopted(folder, tmp_path / "fits", base.name).is_whole
    sign(adapter, ELSEWHERE)
    manifest = adopted(folder, tmp_path / "whole", base.name)
    assert manifest.is_whole
    assert (manifest.run, manifest.report, manifest.base) == (record.run, SHOWN, record.base)
    assert set(manifest.files) == WHOLE_FILES


def test_a_base_model_that_is_not_there_is_its_own_trouble(base: Base, tmp_path: Path) -> None:
    folder = save_mynahs_adapter(base, tmp_path / "published")
    with pytest.raises(BaseModelError):
        adopt(adopt_request(folder, tmp_path / "out"), "./nowhere")
    assert not (tmp_path / "out").exists()


def test_a_file_that_has_changed_is_found(base: Base, tmp_path: Path) -> None:
    folder = save_mynahs_adapter(base, tmp_path / "published")
    (folder / "adapter_config.json").write_text("{}")
    assert "adapter_config.json has changed" in refusal(folder, tmp_path / "out", base.name)


@pytest.mark.parametrize("handle", ["../../etc/passwd", "a/b", "", ".hidden", "x" * 65, "a-b", "a\nb"])
def test_a_record_whose_handles_are_none_is_refused(handle: str, base: Base, tmp_path: Path) -> None:
    folder = save_mynahs_adapter(base, tmp_path / "published", corpus=corpus_record(handle))
    assert "accounts" in refusal(folder, tmp_path / "out", base.name)


def test_a_record_that_points_elsewhere_or_has_no_numbers_is_refused(base: Base, tmp_path: Path) -> None:
    folder = save_mynahs_adapter(base, tmp_path / "published")
    text = (folder / MANIFEST).read_text()
    (folder / MANIFEST).write_text(text.replace('"adapter_config.json"', '"../adapter_config.json"'))
    assert "elsewhere" in refusal(folder, tmp_path / "out", base.name)
    (folder / MANIFEST).write_text(text.replace('"bits_per_byte": 1.6', '"bits_per_byte": NaN'))
    assert "isn't as it was published" in refusal(folder, tmp_path / "out", base.name)
    (folder / MANIFEST).write_text("{}")
    assert "manifest.json is not a manifest" in refusal(folder, tmp_path / "out", base.name)


def test_a_record_of_another_adapter_is_refused(base: Base, tmp_path: Path) -> None:
    """A refresh would go on from it with another rank."""
    run = run_record().model_copy(update={"lora_rank": 4})
    folder = save_mynahs_adapter(base, tmp_path / "published", run=run)
    assert "another adapter's" in refusal(folder, tmp_path / "out", base.name)


# What Mynah exports


def version(base: Base, folder: Path) -> Path:
    """A version's folder, as a training leaves it."""
    save_mynahs_adapter(base, folder, report=report_card())
    Quotes.of(POSTS).save(folder)
    sign(folder, base.record, report=report_card())
    return folder


def exported(folder: Path, out: Path, base_model: str, merged: bool) -> Path:
    export(ExportRequest(id=1, folder=str(folder), out=str(out), merged=merged), base_model)
    return out


def test_an_exported_adapter_comes_back_as_it_was(base: Base, tmp_path: Path) -> None:
    folder = version(base, tmp_path / "version")
    manifest = adopted(exported(folder, tmp_path / "export", base.name, merged=False), tmp_path / "out", base.name)
    before = verify(folder)
    assert manifest.files.keys() == before.files.keys()
    for name in ("adapter_model.safetensors", QUOTES_FILE):
        assert manifest.files[name] == before.files[name]
    assert manifest.report == public(before).report
    assert manifest.run == before.run


def test_an_exported_model_speaks_where_the_base_model_is_another(
    base: Base, base_folders: BaseFolders, tmp_path: Path
) -> None:
    folder = version(base, tmp_path / "version")
    both = exported(folder, tmp_path / "export", base.name, merged=True)
    exported(folder, both / "adapter", base.name, merged=False)
    llama = str(base_folders["llama"])
    manifest = adopted(both, tmp_path / "out", llama)
    assert set(manifest.files) == WHOLE_FILES | {QUOTES_FILE}
    assert manifest.run == run_record()
    assert manifest.report == SHOWN
    Engine(load_speaker(llama)).load("pip", tmp_path / "out")
    assert not adopted(both, tmp_path / "fits", base.name).is_whole


def test_what_was_adopted_can_be_exported_and_adopted_again(huggingtweets: Path, base: Base, tmp_path: Path) -> None:
    first = adopted(huggingtweets, tmp_path / "one")
    again = adopted(exported(tmp_path / "one", tmp_path / "export", base.name, merged=True), tmp_path / "two")
    assert again.files["model.safetensors"] == first.files["model.safetensors"]
    assert (again.run, again.corpus.accounts[0].kept) == (None, ACCOUNTS[0].kept)


def test_the_worker_tells_why(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    failed = answer(adopt_request(tmp_path / "empty", tmp_path / "out"), "nowhere", lambda: False)
    assert isinstance(failed, Failed)
    assert (failed.code, failed.message) == ("refused", NOTHING)


# Adapters of others


def test_an_adapter_of_others_on_this_base_model_becomes_a_persona(base: Base, tmp_path: Path) -> None:
    folder = save_others_adapter(base, tmp_path / "published")
    manifest = adopted(folder, tmp_path / "out", base.name)
    assert not manifest.is_whole
    assert (manifest.run, manifest.origin, manifest.base) == (None, ORIGIN, base.record)
    assert "auto_mapping" not in json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    given, stored = (load_file(place / "adapter_model.safetensors") for place in (folder, tmp_path / "out"))
    assert given.keys() == stored.keys()
    assert all(torch.equal(given[name], stored[name]) for name in given)
    Engine(load_speaker(base.name)).load("pip", tmp_path / "out")


def test_an_adapter_in_a_pickle_is_stored_as_safetensors(base: Base, tmp_path: Path) -> None:
    folder = save_others_adapter(base, tmp_path / "published")
    expected = adopted(folder, tmp_path / "one", base.name).files
    tensors = load_file(folder / "adapter_model.safetensors")
    torch.save({name: tensor.float() for name, tensor in tensors.items()}, folder / "adapter_model.bin")
    (folder / "adapter_model.safetensors").unlink()
    assert adopted(folder, tmp_path / "two", base.name).files == expected


def test_an_adapter_of_others_on_another_base_model_says_which_one_to_set(base: Base, tmp_path: Path) -> None:
    folder = save_others_adapter(base, tmp_path / "published")
    assert f'Set base_model = "{base.name}"' not in refusal(folder, tmp_path / "out", "bundled")  # a folder's name
    change_json(folder / "adapter_config.json", base_model_name_or_path="openai-community/gpt2")
    assert 'Set base_model = "openai-community/gpt2"' in refusal(folder, tmp_path / "out", base.name)
    for name in (None, 5, ""):
        change_json(folder / "adapter_config.json", base_model_name_or_path=name)
        assert "merged model" in refusal(folder, tmp_path / "out", base.name)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("use_dora", True),
        ("use_rslora", True),
        ("modules_to_save", ["wte"]),
        ("alpha_pattern", {"c_attn": 3}),
        ("rank_pattern", {"c_attn": 3}),
        ("bias", "all"),
        ("lora_bias", True),
        ("layer_replication", [[0, 2]]),
        ("init_lora_weights", "pissa"),
        ("init_lora_weights", ["pissa"]),
        ("something_new", {"a": 1}),
        ("peft_type", "LOHA"),
        ("r", 0),
        ("r", 8),
        ("r", "4"),
        ("lora_alpha", None),
        ("lora_alpha", 10**400),
        ("trainable_token_indices", [1, 2]),
        ("trainable_token_indices", {"wte": [2, 1]}),
        ("trainable_token_indices", {"wte": [-1]}),
        ("trainable_token_indices", {"wte": [1], "lm_head": [1]}),
    ],
)
def test_what_is_no_plain_lora_is_refused(key: str, value: object, base: Base, tmp_path: Path) -> None:
    folder = save_others_adapter(base, tmp_path / "published")
    change_json(folder / "adapter_config.json", **{key: value})
    assert refusal(folder, tmp_path / "out", base.name)


PREFIX = "base_model.model.transformer.h.0.attn.c_attn"


@pytest.mark.parametrize(
    "change",
    [
        lose(f"{PREFIX}.lora_A.weight"),
        lose(f"{PREFIX}.lora_B.weight"),
        put(f"{PREFIX}.lora_magnitude_vector", torch.ones(96)),
        put("base_model.model.lm_head.weight", torch.ones(4, 32)),
        put("base_model.model.transformer.h.9.attn.c_attn.lora_A.weight", torch.ones(4, 32)),
        put(f"{PREFIX}.lora_A.weight", torch.ones(4, 33)),
        put(f"{PREFIX}.lora_A.weight", torch.full((4, 32), torch.inf)),
        put("base_model.model.transformer.wte.token_adapter.trainable_tokens_delta", torch.ones(1, 32)),
        lambda state: state.clear(),
    ],
)
def test_an_adapter_with_other_weights_is_refused(
    change: Callable[[Tensors], object], base: Base, tmp_path: Path
) -> None:
    folder = save_others_adapter(base, tmp_path / "published")
    tensors = load_file(folder / "adapter_model.safetensors")
    change(tensors)
    (folder / "adapter_model.safetensors").unlink()
    torch.save(tensors, folder / "adapter_model.bin")
    assert refusal(folder, tmp_path / "out", base.name)


# Anything at all


def test_folders_with_broken_files_are_refused_and_nothing_is_left(
    huggingtweets: Path, base: Base, tmp_path: Path
) -> None:
    """Cut, overwritten, or something else altogether: every file, many times."""
    others = save_others_adapter(base, tmp_path / "adapter")
    rng = random.Random(1)
    n_refused = 0
    for number in range(60):
        source = rng.choice([huggingtweets, others])
        folder = Path(shutil.copytree(source, tmp_path / f"{number}"))
        path = rng.choice(sorted(folder.iterdir()))
        path.write_bytes(_broken(path.read_bytes(), rng))
        out = tmp_path / f"{number}.out"
        try:
            adopt(adopt_request(folder, out), base.name)
        except (Refused, OSError):
            n_refused += 1
            assert not out.exists()
        else:
            verify(out)
        shutil.rmtree(folder)
    assert n_refused > 25


def _broken(data: bytes, rng: random.Random) -> bytes:
    kind = rng.randrange(4)
    if kind == 0:
        return data[: rng.randrange(len(data))]
    if kind == 1:
        return rng.choice([b"", b"null", b"[]", b"{}", b'{"a": ' * 9_000, b"\xff\xfe\x00", b"123", rng.randbytes(500)])
    changed = bytearray(data)
    for _ in range(rng.choice([1, 4, 40])):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


# What strangers' records say


def test_a_strangers_record_leads_nowhere(base: Base, tmp_path: Path) -> None:
    corpus = corpus_record("pip", source="x:bob")
    folder = save_mynahs_adapter(base, tmp_path / "published", corpus=corpus)
    sign(folder, base.record.model_copy(update={"name": "evil/weights"}), corpus=corpus)
    manifest = adopted(folder, tmp_path / "out", base.name)
    assert [one.source for one in manifest.corpus.accounts] == [f"hub:{ORIGIN.repo}"]
    assert manifest.base.name == base.name


def test_a_strangers_record_is_fit_for_a_terminal(base: Base, tmp_path: Path) -> None:
    run = run_record().model_copy(update={"device": "\x1b[2Jcpu\n  persona  forged\x85"})
    lineage = Lineage(
        job=1,
        asked_by="discord:\x1b]52;c;aGk=\x07",
        asked_at=datetime(2026, 1, 1, tzinfo=UTC),
        posts=(PostsDigest(handle="pip", sha256="\x1b[2J"),),
        corpus_sha256="\x9b31m",
        hyperparameters=Hyperparameters(),
    )
    folder = save_mynahs_adapter(base, tmp_path / "published", run=run, lineage=lineage, versions={"\x1b[2J": "1\n2"})
    manifest = adopted(folder, tmp_path / "out", base.name)
    assert manifest.lineage is not None
    assert (manifest.lineage.asked_by, manifest.lineage.job) == ("", 0)
    assert re.search("[\x00-\x1f\x7f-\x9f]", "".join(strings(manifest.model_dump(mode="json")))) is None


def strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(text for one in value.values() for text in strings(one))]
    if isinstance(value, list):
        return [text for one in value for text in strings(one)]
    return [value] if isinstance(value, str) else []


def test_a_few_numbers_that_look_like_many_are_refused(huggingtweets: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(huggingtweets, tmp_path / "bomb"))
    name = "transformer.wpe.weight"
    change_weights(folder, lambda state: state.update({name: torch.zeros(1).expand(10**6, 10**5)}))
    assert "no plain numbers" in refusal(folder, tmp_path / "out")

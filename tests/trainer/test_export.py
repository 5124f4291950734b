"""What others load is what people hear: PEFT and transformers' pipeline beside the engine."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, pipeline
from transformers.utils import logging as transformers_logging

from tests.bases import Shape
from trainer.base import load_base
from trainer.basefiles import BUNDLED_FOLDER
from trainer.batch import Batch
from trainer.cancelled import Cancelled
from trainer.engine import Engine, WrongBase
from trainer.export import NotExported, export
from trainer.finetune import finetune
from trainer.linear import Precision
from trainer.manifest import DamagedPersona, Manifest, checksums, read_manifest, verify, write_manifest
from trainer.protocol import ExportRequest, Hyperparameters
from trainer.quotes import read_quotes
from trainer.report import SAY
from trainer.speaker import load_speaker
from trainer.vocabulary import read_vocabulary

from .helpers import BaseFolders, Personas, train_request

WEIGHTS = {"config.json", "generation_config.json", "model.safetensors"}
TOKENIZER = {"tokenizer.json", "tokenizer_config.json"}
OURS = {"manifest.json", "quotes.safetensors"}
ADAPTER = {"adapter_config.json", "adapter_model.safetensors"}


@dataclass(frozen=True)
class Case:
    """A persona, its base model's folder, and what was exported of it. All read-only."""

    base: Path
    folder: Path
    merged: Path
    adapter: Path | None


@pytest.fixture(scope="module")
def wholes(base_folders: BaseFolders, tmp_path_factory: pytest.TempPathFactory) -> dict[Shape, Path]:
    """Trained with the method "full"."""
    found: dict[Shape, Path] = {}
    for shape in ("gpt2", "llama-untied"):
        wished = Hyperparameters(method="full", epochs=4, learning_rate=5e-3)
        request = train_request(tmp_path_factory.mktemp(shape), hyperparameters=wished)
        finetune(request, load_base(str(base_folders[shape])), lambda progress: None)
        found[shape] = Path(request.out)
    return found


@pytest.fixture(scope="module", params=["gpt2", "llama", "llama-untied", "gpt2, full", "llama-untied, full"])
def case(
    request: pytest.FixtureRequest,
    base_folders: BaseFolders,
    personas: Personas,
    wholes: dict[Shape, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Case:
    shape, _, full = request.param.partition(", ")
    out = tmp_path_factory.mktemp("exported")
    base, folder = base_folders[shape], wholes[shape] if full else personas[shape][0]
    adapter = None if full else write(folder, out / "adapter", base, merged=False)
    return Case(base, folder, write(folder, out / "merged", base, merged=True), adapter)


def write(folder: Path, out: Path, base: Path, merged: bool) -> Path:
    export(ExportRequest(id=1, folder=str(folder), out=str(out), merged=merged), str(base))
    return out


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def copy(folder: Path, to: Path, **changes: Any) -> Path:
    """With another record."""
    shutil.copytree(folder, to)
    write_manifest(to, read_manifest(to).model_copy(update=changes))
    return to


# Logits


@torch.inference_mode()
def served(case: Case, precision: Precision) -> torch.Tensor:
    """The engine's logits, (tokens, vocabulary), after each token of a prompt."""
    engine = Engine(load_speaker(str(case.base), precision=precision))
    resident = engine.make(engine.read(case.folder))
    batch = Batch(resident.decoder, rows=1, capacity=64)
    batch.place(0, resident.weights)
    return torch.cat([batch.step([token], [place]) for place, token in enumerate(prompt(case))])


def prompt(case: Case) -> list[int]:
    vocabulary = load_speaker(str(case.base)).vocabulary
    return [vocabulary.end_id, *vocabulary.encode("the lamp is lit and i count the ships")]


@torch.inference_mode()
def logits(model: PreTrainedModel | PeftModel, case: Case) -> torch.Tensor:
    found: torch.Tensor = model.eval()(input_ids=torch.tensor([prompt(case)])).logits[0]
    return found.float()


def share(found: torch.Tensor, expected: torch.Tensor) -> float:
    """The difference, of what there is: root mean squares."""
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("case", ["gpt2", "llama", "llama-untied"], indirect=True)
def test_peft_on_the_base_model_says_what_the_engine_says(case: Case) -> None:
    assert case.adapter is not None
    base = AutoModelForCausalLM.from_pretrained(case.adapter / "base", dtype=torch.float32)
    model = PeftModel.from_pretrained(base, str(case.adapter))
    assert share(logits(model, case), served(case, "fp32")) < 1e-5


def test_a_merged_model_says_what_the_engine_says(case: Case) -> None:
    """It is stored in bf16, so it is not as near to what fp32 makes of the base and the adapter; nor is int8."""
    model = AutoModelForCausalLM.from_pretrained(case.merged, dtype=torch.float32)
    tolerance = 0.005 if case.adapter else 1e-5  # a whole model is stored in bf16 from the first
    assert share(logits(model, case), served(case, "fp32")) < tolerance
    assert share(logits(model, case), served(case, "int8")) < 0.03
    half = AutoModelForCausalLM.from_pretrained(case.merged)
    assert half.dtype == torch.bfloat16
    assert share(logits(half, case), served(case, "fp32")) < 0.02


def test_a_persona_changes_what_is_said(case: Case) -> None:
    """The two tests before would hold for an adapter that is lost on both sides."""
    base = AutoModelForCausalLM.from_pretrained(case.base)
    assert share(logits(base, case), served(case, "fp32")) > 0.1


def test_embeddings_are_one_where_the_base_models_are(case: Case) -> None:
    model = AutoModelForCausalLM.from_pretrained(case.merged)
    tied = model.get_input_embeddings().weight is model.get_output_embeddings().weight
    assert tied == ("untied" not in case.base.name) == model.config.tie_word_embeddings


# Prompts and texts


def test_a_prompt_is_encoded_as_the_engine_does(case: Case) -> None:
    text = "the lamp 🍲"
    own = load_speaker(str(case.base)).vocabulary
    for folder in (case.merged, *([case.adapter] if case.adapter else [])):
        tokenizer = AutoTokenizer.from_pretrained(folder)
        assert tokenizer(text) == {
            "input_ids": [own.end_id, *own.encode(text)],
            "attention_mask": [1] * (1 + len(own.encode(text))),
        }
        assert tokenizer.decode(tokenizer(text)["input_ids"], skip_special_tokens=True) == text
        again = read_vocabulary(folder, own.size)
        assert again.encode(text) == own.encode(text)
        assert (again.end_id, again.line_ends) == (own.end_id, own.line_ends)


@pytest.fixture
def warned(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What transformers warns of."""
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_warning()
    transformers_logging.enable_propagation()
    yield caplog
    transformers_logging.disable_propagation()
    transformers_logging.set_verbosity(verbosity)


def test_transformers_pipeline_makes_five_different_texts(case: Case, warned: pytest.LogCaptureFixture) -> None:
    torch.manual_seed(1)
    say = pipeline("text-generation", model=str(case.merged))
    found = say("My dream is", num_return_sequences=5)
    texts = {one["generated_text"] for one in found}
    assert len(texts) == 5
    assert all(text.startswith("My dream is") and text != "My dream is" for text in texts)
    assert warned.messages == []


def test_settings_are_those_of_say(case: Case) -> None:
    settings = read(case.merged / "generation_config.json")
    own = load_speaker(str(case.base)).vocabulary
    assert settings["do_sample"]
    assert (settings["temperature"], settings["top_p"], settings["top_k"]) == (SAY.temperature, SAY.top_p, SAY.top_k)
    assert settings["max_new_tokens"] == min(SAY.max_tokens, 32)  # half of a context of 64
    assert settings["eos_token_id"][0] == settings["bos_token_id"] == settings["pad_token_id"] == own.end_id
    assert set(settings["eos_token_id"]) == own.line_ends


# Files and records


def test_what_is_in_a_folder(case: Case) -> None:
    assert names(case.merged) == WEIGHTS | TOKENIZER | OURS
    if case.adapter:
        assert names(case.adapter) == ADAPTER | TOKENIZER | OURS | {"base"}
        assert names(case.adapter / "base") == WEIGHTS | TOKENIZER


def test_a_record_is_of_the_files_beside_it(case: Case) -> None:
    before = read_manifest(case.folder)
    for folder in (case.merged, *([case.adapter] if case.adapter else [])):
        record = verify(folder)
        assert record.files.keys() | {"manifest.json", "base"} >= names(folder)
        assert record.is_whole == (folder == case.merged)
        assert (record.run, record.report, record.sample) == (before.run, before.report, before.sample)
        assert record.base.fingerprint == before.base.fingerprint
        quotes, own = read_quotes(folder), read_quotes(case.folder)
        assert quotes is not None
        assert own is not None
        assert (quotes.hashes == own.hashes).all()


def test_nothing_tells_of_this_machine(case: Case) -> None:
    for path in [*case.merged.glob("*.json"), *(case.adapter.rglob("*.json") if case.adapter else [])]:
        text = path.read_text(encoding="utf-8")
        assert str(case.base.parent) not in text
        assert str(case.folder.parent) not in text
        assert "/posts/" not in text  # where an account's came from
    assert read_manifest(case.merged).base.name == f"./{case.base.name}"


def test_what_is_exported_is_a_persona_that_speaks(case: Case, base_folders: BaseFolders) -> None:
    """A merged one beside any base model, an adapter on its own."""
    engine = Engine(load_speaker(str(base_folders["llama"])))
    assert engine.load("merged", case.merged) > 0
    if case.adapter:
        engine = Engine(load_speaker(str(case.base)))
        engine.load("adapter", case.adapter)


def test_the_same_version_gives_the_same_bytes(personas: Personas, base_folders: BaseFolders, tmp_path: Path) -> None:
    """So that what a hub has already isn't sent again."""
    for merged in (False, True):
        one, other = (
            write(personas["gpt2"][0], tmp_path / f"{merged}-{i}", base_folders["gpt2"], merged) for i in range(2)
        )
        files = [path.relative_to(one) for path in one.rglob("*") if path.is_file()]
        assert all((one / name).read_bytes() == (other / name).read_bytes() for name in files)


def test_a_base_model_on_the_hub_does_not_come_along(
    personas: Personas, base_folders: BaseFolders, tmp_path: Path
) -> None:
    base = read_manifest(personas["gpt2"][0]).base.model_copy(update={"name": "somebody/tiny"})
    folder = copy(personas["gpt2"][0], tmp_path / "persona", base=base)
    out = write(folder, tmp_path / "out", base_folders["gpt2"], merged=False)
    assert names(out) == ADAPTER | TOKENIZER | OURS
    assert read(out / "adapter_config.json")["base_model_name_or_path"] == "somebody/tiny"
    assert verify(out).base.name == "somebody/tiny"


def test_the_bundled_base_model_is_not_given_away_whole(tmp_path: Path) -> None:
    """Its folder has code and pictures in it."""
    base = load_speaker("bundled", precision="bf16")
    assert base.decoder.shape.context == 256
    record = {"fingerprint": base.fingerprint, "name": "bundled", "parameters": base.decoder.parameters}
    folder = tmp_path / "persona"
    folder.mkdir()
    (folder / "adapter_config.json").write_text("{}")
    (folder / "adapter_model.safetensors").write_bytes(b"")
    write_manifest(folder, Manifest.model_validate(_record(folder) | {"base": record}))
    export(ExportRequest(id=1, folder=str(folder), out=str(tmp_path / "out"), merged=False), "bundled")
    assert names(tmp_path / "out" / "base") == WEIGHTS | TOKENIZER
    assert names(tmp_path / "out" / "base") < names(BUNDLED_FOLDER)


def _record(folder: Path) -> dict[str, Any]:
    corpus = {"accounts": [], "duplicates": 0, "train_posts": 0, "held_out_posts": 0, "train_tokens": 0}
    return {"persona": "pip", "corpus": corpus, "run": None, "sample": "", "versions": {}, "files": checksums(folder)}


def test_a_config_for_others_is_read_by_older_tools_and_sets_nothing(
    wholes: dict[Shape, Path], base_folders: BaseFolders, tmp_path: Path
) -> None:
    folder = shutil.copytree(wholes["llama-untied"], tmp_path / "persona")
    rope = {"rope_type": "llama3", "rope_theta": 5e5, "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    rope |= {"original_max_position_embeddings": 32}
    found = read(folder / "config.json") | {"rope_parameters": rope, "task_specific_params": {"x": {"max_length": 50}}}
    (folder / "config.json").write_text(json.dumps(found))
    manifest = read_manifest(folder)
    (folder / "manifest.json").unlink()
    write_manifest(folder, manifest.model_copy(update={"files": checksums(folder)}))
    config = read(write(folder, tmp_path / "out", base_folders["llama"], merged=True) / "config.json")
    assert "task_specific_params" not in config
    assert config["rope_theta"] == 5e5
    assert config["rope_scaling"] == {key: value for key, value in rope.items() if key != "rope_theta"}
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "out").config.rope_parameters == rope


# Older personas


def test_a_whole_model_without_a_tokenizer_gets_the_base_models(
    wholes: dict[Shape, Path], base_folders: BaseFolders, other_base_folder: Path, tmp_path: Path
) -> None:
    files = {name: one for name, one in verify(wholes["gpt2"]).files.items() if name not in TOKENIZER}
    folder = copy(wholes["gpt2"], tmp_path / "older", files=files)
    for name in TOKENIZER:
        (folder / name).unlink()
    out = write(folder, tmp_path / "out", base_folders["gpt2"], merged=True)
    assert names(out) == WEIGHTS | TOKENIZER | OURS
    with pytest.raises(WrongBase, match="trained on the base model"):
        write(folder, tmp_path / "other", other_base_folder, merged=True)


# What can't be, and what is not finished


@pytest.mark.parametrize("merged", [False, True])
def test_a_damaged_version(personas: Personas, base_folders: BaseFolders, merged: bool, tmp_path: Path) -> None:
    folder = shutil.copytree(personas["gpt2"][0], tmp_path / "persona")
    (folder / "adapter_config.json").write_text("{}")
    with pytest.raises(DamagedPersona, match="adapter_config"):
        write(folder, tmp_path / "out", base_folders["gpt2"], merged)
    assert names(tmp_path) == {"persona"}


@pytest.mark.parametrize("merged", [False, True])
def test_another_base_model(persona: Path, other_base_folder: Path, merged: bool, tmp_path: Path) -> None:
    with pytest.raises(WrongBase, match="trained on the base model"):
        write(persona, tmp_path / "out", other_base_folder, merged)
    assert names(tmp_path) == set()


def test_what_is_there_is_not_overwritten(persona: Path, base_folders: BaseFolders, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    with pytest.raises(NotExported, match="Choose another folder"):
        write(persona, tmp_path / "out", base_folders["gpt2"], merged=False)
    assert names(tmp_path / "out") == {"thesis.txt"}


def test_a_whole_model_has_no_adapter(wholes: dict[Shape, Path], base_folders: BaseFolders, tmp_path: Path) -> None:
    with pytest.raises(NotExported, match="merged"):
        write(wholes["gpt2"], tmp_path / "out", base_folders["gpt2"], merged=False)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("merged", [False, True])
def test_what_is_cancelled_leaves_nothing(
    persona: Path, base_folders: BaseFolders, merged: bool, tmp_path: Path
) -> None:
    request = ExportRequest(id=1, folder=str(persona), out=str(tmp_path / "out"), merged=merged)
    with pytest.raises(Cancelled):
        export(request, str(base_folders["gpt2"]), lambda: True)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("merged", [False, True])
def test_a_full_disk_leaves_nothing(
    persona: Path, base_folders: BaseFolders, merged: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path, manifest: Manifest) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("trainer.export.write_manifest", full)
    with pytest.raises(OSError, match="No space"):
        write(persona, tmp_path / "out", base_folders["gpt2"], merged)
    assert names(tmp_path) == set()

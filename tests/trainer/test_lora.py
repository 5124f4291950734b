from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import PreTrainedModel

from tests.bases import Shape
from trainer.base import Base, load_base
from trainer.lora import Adapter, AdapterMismatch, AdapterSwitch, read_adapter

from .helpers import BaseFolders, Personas

IDS = torch.arange(40).reshape(2, 20) * 7 % 320


@pytest.fixture
def copy(persona: Path, tmp_path: Path) -> Path:
    return shutil.copytree(persona, tmp_path / "copy")


def logits(model: PreTrainedModel, ids: torch.Tensor = IDS) -> torch.Tensor:
    with torch.inference_mode():
        output: torch.Tensor = model(input_ids=ids).logits
        return output


def peft_logits(base_folder: Path, persona: Path) -> torch.Tensor:
    peft = PeftModel.from_pretrained(load_base(str(base_folder)).model, str(persona)).eval()
    return logits(peft)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", ["gpt2", "llama", "llama-untied"])
def test_logits_are_pefts_own(shape: Shape, base_folders: BaseFolders, personas: Personas) -> None:
    model = load_base(str(base_folders[shape])).model
    plain = logits(model)
    AdapterSwitch(model).activate(read_adapter(personas[shape][0], model))
    expected = peft_logits(base_folders[shape], personas[shape][0])
    torch.testing.assert_close(logits(model), expected, rtol=1e-5, atol=1e-5)
    assert (expected - plain).abs().max() > 0.1  # the adapter does something


def test_an_adapters_scale_is_pefts(copy: Path, base: Base) -> None:
    path = copy / "adapter_config.json"
    config = json.loads(path.read_text())
    config["lora_alpha"] = 3 * config["r"]
    path.write_text(json.dumps(config))
    AdapterSwitch(base.model).activate(read_adapter(copy, base.model))
    torch.testing.assert_close(logits(base.model), peft_logits(Path(base.name), copy), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("shape", ["gpt2", "llama", "llama-untied"])
def test_switching_leaves_nothing_behind(shape: Shape, base_folders: BaseFolders, personas: Personas) -> None:
    model = load_base(str(base_folders[shape])).model
    plain = logits(model)
    switch = AdapterSwitch(model)
    first, second = (read_adapter(folder, model) for folder in personas[shape])
    assert torch.equal(logits(model), plain)
    switch.activate(first)
    of_first = logits(model)
    switch.activate(second)
    of_second = logits(model)
    assert not torch.equal(of_first, of_second)
    switch.activate(first)
    assert torch.equal(logits(model), of_first)
    switch.activate(None)
    assert torch.equal(logits(model), plain)


@pytest.mark.parametrize("n_rows", [0, 3])
def test_token_rows_of_one_adapter_are_not_the_next_ones(base: Base, persona: Path, n_rows: int) -> None:
    """An adapter with few token rows after one with many."""
    switch = AdapterSwitch(base.model)
    many = read_adapter(persona, base.model)
    few = Adapter(many.matrices, many.scale, many.token_ids[-n_rows or len(many.token_ids) :], many.token_rows[:n_rows])
    switch.activate(few)
    expected = logits(base.model)
    switch.activate(many)
    assert not torch.equal(logits(base.model), expected)
    switch.activate(few)
    assert torch.equal(logits(base.model), expected)


def test_an_adapter_says_its_size(base: Base, persona: Path) -> None:
    adapter = read_adapter(persona, base.model)
    stored = sum(t.numel() * 2 for t in load_file(persona / "adapter_model.safetensors").values())
    assert adapter.n_bytes == stored + adapter.token_ids.numel() * 8
    assert adapter.token_ids.tolist() == sorted(set(adapter.token_ids.tolist()))


# What doesn't fit


def test_layers_of_another_base(copy: Path, base_folders: BaseFolders) -> None:
    llama = load_base(str(base_folders["llama"])).model
    with pytest.raises(AdapterMismatch, match="c_attn"):
        read_adapter(copy, llama)


def test_rows_beyond_the_vocabulary(copy: Path, base: Base) -> None:
    path = copy / "adapter_config.json"
    config = json.loads(path.read_text())
    (indices,) = config["trainable_token_indices"].values()
    indices[-1] = 100_000
    path.write_text(json.dumps(config))
    with pytest.raises(AdapterMismatch, match="token rows"):
        read_adapter(copy, base.model)


@pytest.mark.parametrize(
    ("ending", "keep"),
    [
        ("token_adapter.trainable_tokens_delta", (slice(None), slice(16))),  # narrower rows
        ("token_adapter.trainable_tokens_delta", (slice(3),)),  # fewer rows than indices
        ("h.0.mlp.c_fc.lora_A.weight", (slice(None), slice(16))),
        ("h.0.mlp.c_fc.lora_B.weight", (slice(16),)),
        ("h.0.mlp.c_fc.lora_B.weight", (slice(None), slice(2))),  # another rank than A's
        ("h.0.mlp.c_fc.lora_B.weight", None),  # gone
    ],
)
def test_tensors_of_another_shape(copy: Path, base: Base, ending: str, keep: tuple[slice, ...] | None) -> None:
    path = copy / "adapter_model.safetensors"
    tensors = load_file(path)
    (key,) = [name for name in tensors if name.endswith(ending)]
    if keep is None:
        del tensors[key]
    else:
        tensors[key] = tensors[key][keep].contiguous()
    save_file(tensors, path)
    with pytest.raises(AdapterMismatch):
        read_adapter(copy, base.model)

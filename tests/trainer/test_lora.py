from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from trainer.base import Base, embedding_weight, layer_sizes, load_base
from trainer.lora import Adapter, AdapterMismatch, Layout, Packed, Stack
from trainer.lora import read_adapter as read_for
from trainer.speaker import Speaker

from .helpers import BaseFolders


def read_adapter(folder: Path, base: Base) -> Adapter:
    vocabulary, width = embedding_weight(base.model).shape
    return read_for(folder, layer_sizes(base.model), (vocabulary, width))


@pytest.fixture
def copy(persona: Path, tmp_path: Path) -> Path:
    return shutil.copytree(persona, tmp_path / "copy")


def test_what_is_read_is_what_is_in_the_file(base: Base, persona: Path) -> None:
    adapter = read_adapter(persona, base)
    stored = load_file(persona / "adapter_model.safetensors")
    assert len(adapter.matrices) == 8
    a, b = adapter.matrices["transformer.h.1.mlp.c_fc"]
    prefix = "base_model.model.transformer.h.1.mlp.c_fc"
    assert torch.equal(a, stored[f"{prefix}.lora_A.weight"])
    assert torch.equal(b, stored[f"{prefix}.lora_B.weight"])
    config = json.loads((persona / "adapter_config.json").read_text())
    assert (adapter.rank, adapter.scale) == (4, config["lora_alpha"] / 4)
    assert adapter.token_ids.tolist() == sorted(set(adapter.token_ids.tolist()))


# In places


@pytest.mark.parametrize("rank", [4, 5, 16])
def test_a_packed_adapter_comes_back(speaker: Speaker, base: Base, persona: Path, rank: int) -> None:
    """What its rank lacks is zeros."""
    adapter = read_adapter(persona, base)
    layout = Layout.of(speaker.decoder.linears, rank)
    vector = layout.pack(adapter.matrices)
    assert vector.dtype == torch.bfloat16
    for name, (a, b) in layout.unpack(vector).items():
        assert torch.equal(a[:4], adapter.matrices[name][0])
        assert torch.equal(b[:, :4], adapter.matrices[name][1])
        assert not a[4:].any()
        assert not b[:, 4:].any()
    assert vector.count_nonzero() <= sum(t.numel() for pair in adapter.matrices.values() for t in pair)


def test_a_stack_adds_what_each_rows_adapter_says(speaker: Speaker, base: Base, persona: Path) -> None:
    adapter = read_adapter(persona, base)
    linears = speaker.decoder.linears
    layout = Layout.of(linears, 4)
    stack = Stack(layout, 3, torch.float32, torch.device("cpu"))
    packed = Packed(layout, layout.pack(adapter.matrices), adapter.scale)
    stack.place(1, packed)
    stack.place(2, packed)
    stack.place(0, packed)
    stack.clear(0)
    linear = linears[2]
    x = torch.randn(3, 2, linear.n_in)
    y = torch.zeros(3, 2, *linear.sizes)
    stack.add(linear, slice(0, 3), x, y)
    a, b = (t.float() for t in adapter.matrices[linear.names[0]])
    expected = x @ a.t() @ b.t() * adapter.scale
    assert not y[0].any()
    torch.testing.assert_close(y[1:], expected[1:], rtol=1e-4, atol=1e-4)


# What doesn't fit


def test_layers_of_another_base(copy: Path, base_folders: BaseFolders) -> None:
    llama = load_base(str(base_folders["llama"]))
    with pytest.raises(AdapterMismatch, match="c_attn"):
        read_adapter(copy, llama)


def test_rows_beyond_the_vocabulary(copy: Path, base: Base) -> None:
    path = copy / "adapter_config.json"
    config = json.loads(path.read_text())
    (indices,) = config["trainable_token_indices"].values()
    indices[-1] = 100_000
    path.write_text(json.dumps(config))
    with pytest.raises(AdapterMismatch, match="token rows"):
        read_adapter(copy, base)


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
        read_adapter(copy, base)

"""The decoder's logits are transformers' own, for every kind of model that it takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PreTrainedModel,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from trainer.basefiles import BUNDLED_FOLDER
from trainer.batch import Batch
from trainer.decoder import Decoder, build
from trainer.linear import Precision
from trainer.shape import UnknownShape, read_shape
from trainer.weights import read_tensors

CPU = torch.device("cpu")
SMALL: dict[str, Any] = {
    "vocab_size": 200,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 96,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10_000.0,
    "factor": 4.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 24,
}
MODELS: dict[str, Any] = {
    "gpt2": lambda: GPT2LMHeadModel(GPT2Config(vocab_size=200, n_positions=96, n_embd=32, n_layer=2, n_head=4)),
    "llama": lambda: LlamaForCausalLM(LlamaConfig(**SMALL)),
    "llama, tied": lambda: LlamaForCausalLM(LlamaConfig(**SMALL, tie_word_embeddings=True)),
    "llama 3's positions": lambda: LlamaForCausalLM(LlamaConfig(**SMALL, rope_parameters=LLAMA3)),
    "llama, wide heads": lambda: LlamaForCausalLM(LlamaConfig(**SMALL, head_dim=16)),
    "mistral": lambda: MistralForCausalLM(MistralConfig(**SMALL, sliding_window=None)),
    "qwen2": lambda: Qwen2ForCausalLM(Qwen2Config(**SMALL)),
    "qwen3": lambda: Qwen3ForCausalLM(Qwen3Config(**SMALL, head_dim=8)),
}


@pytest.fixture(params=MODELS)
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    torch.manual_seed(1)
    model: PreTrainedModel = MODELS[request.param]()
    with torch.no_grad():
        for parameter in model.parameters():  # norms and biases, too
            parameter.add_(torch.randn_like(parameter) * 0.1)
    model.save_pretrained(tmp_path)
    return tmp_path


def read_decoder(folder: Path, device: torch.device, precision: Precision) -> Decoder:
    return build(read_shape(folder), read_tensors(folder), device, precision)


def compare(folder: Path, precision: Precision, ids: list[int]) -> tuple[float, float]:
    """(the largest difference, the largest logit), for a prompt and what is read after it token by token."""
    with torch.inference_mode():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        expected = model(input_ids=torch.tensor([ids])).logits[0]
        batch = Batch(read_decoder(folder, CPU, precision), rows=3, capacity=96)
        found = [batch.read(1, [[*ids[:5], 0, 0, 0]], [4])]
        batch.copy(1, 0, 5)
        found += [batch.step([token], [5 + i]) for i, token in enumerate(ids[5:])]
        return float((torch.cat(found) - expected[4:]).abs().max()), float(expected.abs().max())


def test_logits_are_transformers_own(folder: Path) -> None:
    difference, largest = compare(folder, "fp32", [i * 37 % 200 for i in range(70)])
    assert difference < 2e-5 * largest


@pytest.mark.parametrize(("precision", "share"), [("bf16", 0.02), ("int8", 0.03)])
def test_less_precision_is_near(folder: Path, precision: Precision, share: float) -> None:
    difference, largest = compare(folder, precision, [i * 37 % 200 for i in range(30)])
    assert difference < share * largest


def test_it_counts_its_parameters(folder: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert read_decoder(folder, CPU, "int8").parameters == sum(p.numel() for p in model.parameters())


def test_the_bundled_one() -> None:
    difference, largest = compare(BUNDLED_FOLDER, "fp32", [i * 37 % 8_000 for i in range(70)])
    assert difference < 2e-5 * largest
    difference, _ = compare(BUNDLED_FOLDER, "int8", [i * 37 % 8_000 for i in range(70)])
    assert difference < 0.1 * largest


def test_several_files(tmp_path: Path) -> None:
    model = MODELS["llama"]()
    model.save_pretrained(tmp_path, max_shard_size="20KB")
    assert (tmp_path / "model.safetensors.index.json").exists()
    assert read_decoder(tmp_path, CPU, "fp32").parameters == sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"model_type": "mamba"}, "model type is 'mamba'"),
        ({"model_type": "mistral", "sliding_window": 32}, "slides"),
        ({"hidden_act": "gelu"}, "activation"),
        ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e4}}, "'yarn'"),
    ],
)
def test_another_shape(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    MODELS["llama"]().save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | changes))
    with pytest.raises(UnknownShape, match=why):
        read_shape(tmp_path)


def test_missing_weights(tmp_path: Path) -> None:
    MODELS["llama"]().save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 3}))
    with pytest.raises(UnknownShape, match=r"layers\.2"):
        read_decoder(tmp_path, CPU, "fp32")

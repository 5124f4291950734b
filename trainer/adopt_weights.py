"""Somebody's whole model → config.json and weights as this project keeps them: all of them, in bf16, as safetensors."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

from trainer.adopt_files import read_file, stored, weight_files
from trainer.foreign import ASK, Refused, first_line, read_object
from trainer.shape import Shape, UnknownShape, read_shape
from trainer.weights import EMBEDDINGS

MOST_LAYERS = 1_000
MOST_CONTEXT = 2**20  # tokens: rotary positions are computed for all of them
HEAD = "lm_head.weight"
# What of a config.json is kept: all that the two shapes know, and nothing that would have transformers load more.
KEPT = (
    *("model_type", "vocab_size", "tie_word_embeddings", "bos_token_id", "eos_token_id"),
    *("n_positions", "n_embd", "n_layer", "n_head", "n_inner", "activation_function", "layer_norm_epsilon"),
    *("scale_attn_weights", "scale_attn_by_inverse_layer_idx", "reorder_and_upcast_attn"),
    *("hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads"),
    *("head_dim", "hidden_act", "max_position_embeddings", "rms_norm_eps", "attention_bias", "mlp_bias"),
    *("rope_parameters", "rope_theta", "rope_scaling"),
    *("use_sliding_window", "sliding_window", "max_window_layers", "layer_types"),
)
# Masks and angles, which older versions of transformers stored beside the weights.
_COMPUTED = re.compile(r"\.attn\.(masked_)?bias$|\.rotary_emb\.inv_freq$")


def adopt_weights(folder: Path, out: Path) -> tuple[int, int]:
    """Write `config.json` and `model.safetensors`; returns the embedding's rows, and the context's tokens.

    Raises Refused or OSError.
    """
    config = read_object(folder / "config.json")
    kept = {key: config[key] for key in KEPT if key in config} | {"dtype": "bfloat16"}
    _write_config(out, kept)
    shape, name, expected = _shape(out), *_expected(out)
    _write_config(out, kept | {"architectures": [name]})
    tensors: dict[str, torch.Tensor] = {}
    for path in weight_files(folder):
        _take(read_file(path), expected, tensors)
    _check_whole(tensors, expected, shape.tied)
    save_file(tensors, out / "model.safetensors", metadata={"format": "pt"})
    return len(_embedding(tensors)), shape.context


def _write_config(out: Path, config: dict[str, Any]) -> None:
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _shape(folder: Path) -> Shape:
    """With numbers that are some. Raises Refused or OSError."""
    try:
        shape = read_shape(folder)
    except UnknownShape as error:
        raise Refused(f"It is a model that can't be run here: {error}. {ASK}") from error
    except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
        raise Refused(f"Its config.json has nonsense in it. {ASK}") from error
    sizes = (shape.layers, shape.width, shape.heads, shape.kv_heads, shape.head_dim, shape.context)
    if not all(isinstance(size, int) and size > 0 for size in sizes):
        raise Refused(f"Its config.json has sizes that are none. {ASK}")
    if shape.layers > MOST_LAYERS or shape.context > MOST_CONTEXT:
        raise Refused(f"It is larger than any model that can be run here. {ASK}")
    return shape


def _expected(folder: Path) -> tuple[str, dict[str, tuple[int, ...]]]:
    """What a config.json's model and weights are called in transformers, with their shapes. Raises Refused."""
    try:
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(AutoConfig.from_pretrained(folder))
    except Exception as error:  # whatever transformers makes of it
        raise Refused(f"Its config.json is none of a model: {first_line(error)}. {ASK}") from error
    return type(model).__name__, {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def _take(
    found: dict[str, torch.Tensor], expected: Mapping[str, tuple[int, ...]], into: dict[str, torch.Tensor]
) -> None:
    """Move what is expected, under the name that transformers has for it now. Raises Refused."""
    for given in list(found):
        tensor = found.pop(given)
        name = next((name for name in (given, f"transformer.{given}", f"model.{given}") if name in expected), None)
        if name is None and _COMPUTED.search(given):
            continue
        if name is None or name in into:
            raise Refused(f"It has weights that its config.json doesn't account for ({given[:80]}). {ASK}")
        into[name] = stored(tensor, name, expected[name])


def _check_whole(tensors: dict[str, torch.Tensor], expected: Mapping[str, tuple[int, ...]], tied: bool) -> None:
    """Nothing is missing; a tied output embedding, which older files have as well, is gone. Raises Refused."""
    head = tensors.pop(HEAD, None) if tied else None
    missing = min(expected.keys() - tensors.keys() - ({HEAD} if tied else set()), default=None)
    if missing:
        raise Refused(f"Its weights {missing} are missing. {ASK}")
    if head is not None and not torch.equal(head, _embedding(tensors)):
        raise Refused(f"Its config.json says that input and output embedding are one, and its weights differ. {ASK}")


def _embedding(tensors: Mapping[str, torch.Tensor]) -> torch.Tensor:
    return next(tensor for name, tensor in tensors.items() if name.endswith(EMBEDDINGS))

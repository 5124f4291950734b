"""Which base models the engine can run: GPT-2's shape and Llama's, read from a `config.json`. No torch."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Family = Literal["gpt2", "llama"]

# transformers' model types that are one of the two shapes, for as long as no window slides over the context.
FAMILIES: dict[str, Family] = {"gpt2": "gpt2", "llama": "llama", "mistral": "llama", "qwen2": "llama", "qwen3": "llama"}
GELU = {"gelu_new", "gelu_pytorch_tanh"}  # the same function


class UnknownShape(Exception):
    """The base model is neither of GPT-2's shape nor of Llama's. The message says what is different."""


@dataclass(frozen=True)
class Rope:
    """Rotary positions (https://arxiv.org/abs/2104.09864); `scaling` is Llama 3's (factor, low, high, old context)."""

    theta: float
    scaling: tuple[float, float, float, float] | None = None

    def frequencies(self, head_dim: int) -> list[float]:
        """Radians per position, of each pair of dimensions."""
        plain = [self.theta ** (-i / head_dim) for i in range(0, head_dim, 2)]
        return plain if self.scaling is None else [_llama3(f, *self.scaling) for f in plain]


def _llama3(frequency: float, factor: float, low: float, high: float, old: float) -> float:
    """As transformers' "llama3": long waves are stretched by the factor, short ones kept, between them a mixture."""
    turns = old * frequency / (2 * math.pi)
    share = min(1.0, max(0.0, (turns - low) / (high - low)))
    return frequency * (share + (1 - share) / factor)


@dataclass(frozen=True)
class Shape:
    family: Family
    layers: int
    width: int
    heads: int
    kv_heads: int
    head_dim: int
    context: int  # tokens
    eps: float
    tied: bool  # input and output embedding are one
    rope: Rope | None


def read_shape(folder: Path) -> Shape:
    """Raises UnknownShape."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    kind = config.get("model_type")
    if kind not in FAMILIES:
        raise UnknownShape(f"its model type is {kind!r}, and only {', '.join(sorted(FAMILIES))} can be run")
    try:
        shape = _gpt2(config) if FAMILIES[kind] == "gpt2" else _llama(config)
    except KeyError as error:
        raise UnknownShape(f"its config.json has no {error.args[0]}") from error
    if config.get("use_sliding_window", kind == "mistral") and (config.get("sliding_window") or 10**9) < shape.context:
        raise UnknownShape("its attention slides over the context")
    return shape


def _gpt2(config: dict[str, Any]) -> Shape:
    _check(config.get("activation_function", "gelu_new") in GELU, "its activation isn't GELU")
    _check(config.get("scale_attn_weights", True), "its attention isn't scaled")
    _check(not config.get("scale_attn_by_inverse_layer_idx"), "its attention is scaled by layer")
    width, heads = config["n_embd"], config["n_head"]
    context, eps = config["n_positions"], config.get("layer_norm_epsilon", 1e-5)
    tied = config.get("tie_word_embeddings", True)
    return Shape("gpt2", config["n_layer"], width, heads, heads, width // heads, context, eps, tied, None)


def _llama(config: dict[str, Any]) -> Shape:
    _check(config.get("hidden_act", "silu") == "silu", "its activation isn't SiLU")
    width, heads = config["hidden_size"], config["num_attention_heads"]
    return Shape(
        "llama",
        config["num_hidden_layers"],
        width,
        heads,
        config.get("num_key_value_heads") or heads,
        config.get("head_dim") or width // heads,
        config.get("max_position_embeddings") or 1024,
        config.get("rms_norm_eps", 1e-6),
        config.get("tie_word_embeddings", False),
        _rope(config),
    )


def _rope(config: dict[str, Any]) -> Rope:
    """From transformers 5's `rope_parameters`, or the older `rope_theta` and `rope_scaling`."""
    found = config.get("rope_parameters") or config.get("rope_scaling") or {}
    theta = found.get("rope_theta") or config.get("rope_theta") or 10_000.0
    kind = found.get("rope_type") or found.get("type") or "default"
    if kind == "default":
        return Rope(theta)
    _check(kind == "llama3", f"its rotary positions are of the type {kind!r}")
    keys = ("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings")
    factor, low, high, old = (float(found[key]) for key in keys)
    return Rope(theta, (factor, low, high, old))


def _check(holds: bool, difference: str) -> None:
    if not holds:
        raise UnknownShape(difference)

"""A base model as it is trained on: transformers' model of it. Only safetensors, no remote code."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForCausalLM, PreTrainedModel
from transformers.pytorch_utils import Conv1D
from transformers.utils import logging as transformers_logging

from trainer.basefiles import BaseModelError, fingerprint, locate, verify_bundled
from trainer.basenames import BUNDLED
from trainer.manifest import BaseRecord
from trainer.recipe import BaseSize
from trainer.shape import read_shape
from trainer.vocabulary import Vocabulary, read_vocabulary
from trainer.weights import read_tensors


@dataclass(frozen=True)
class Base:
    """A base model on its device with its tokenizer; `fingerprint` is a SHA-256 over its weights."""

    name: str
    model: PreTrainedModel
    vocabulary: Vocabulary
    context: int  # tokens
    fingerprint: str
    parameters: int

    @property
    def end_id(self) -> int:
        return self.vocabulary.end_id

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def record(self) -> BaseRecord:
        return BaseRecord(name=self.name, fingerprint=self.fingerprint, parameters=self.parameters)

    @property
    def size(self) -> BaseSize:
        return BaseSize(self.parameters, embedding_weight(self.model).numel(), self.context)


def load_base(name: str, device: torch.device | None = None) -> Base:
    """Load in fp32 on the CPU, bf16 on CUDA. Raises BaseModelError."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    place = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    folder = locate(name)
    try:
        if name == BUNDLED:
            verify_bundled(folder)
        shape = read_shape(folder)  # what can't be served is not trained on
        model = _read_model(folder, torch.bfloat16 if place.type == "cuda" else torch.float32)
        vocabulary = read_vocabulary(folder, len(embedding_weight(model)))
        mark = fingerprint(read_tensors(folder))
    except Exception as error:
        raise BaseModelError.from_loading(name, error) from error
    model.to(place)  # type: ignore[arg-type]
    model.eval().requires_grad_(False)
    return Base(
        name=name,
        model=model,
        vocabulary=vocabulary,
        context=shape.context,
        fingerprint=mark,
        parameters=sum(p.numel() for p in model.parameters()),
    )


def _read_model(folder: Path, dtype: torch.dtype) -> PreTrainedModel:
    """Raises ValueError for missing weights, which transformers would make up at random."""
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, use_safetensors=True, output_loading_info=True
    )
    model: PreTrainedModel = loaded[0]
    missing = loaded[1]["missing_keys"]
    if missing:
        raise ValueError(f"it has no weights for {min(missing)}")
    return model


def read_weights(folder: Path, like: PreTrainedModel) -> PreTrainedModel:
    """A persona's own model, on the device and in the precision of the base model that it came from."""
    model = _read_model(folder, like.dtype)
    model.to(like.device)  # type: ignore[arg-type]
    model.eval().requires_grad_(False)
    return model


def embedding_weight(model: PreTrainedModel) -> torch.Tensor:
    """(vocabulary, width)"""
    weight = model.get_input_embeddings().weight
    assert isinstance(weight, torch.Tensor)
    return weight


def layer_sizes(model: PreTrainedModel) -> dict[str, tuple[int, int]]:
    """(out, in) of each layer that an adapter may be of, by name."""
    sizes: dict[str, tuple[int, int]] = {}
    for name, layer in model.named_modules():
        if isinstance(layer, (nn.Linear, Conv1D)):
            first, second = layer.weight.shape
            sizes[name] = (second, first) if isinstance(layer, Conv1D) else (first, second)
    return sizes

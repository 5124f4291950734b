"""Finding and loading a base model: the bundled one, a folder, or a hub name. Only safetensors, no remote code."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast
from transformers.utils import logging as transformers_logging

from trainer.bundled import SHA256
from trainer.characters import Characters, characters_of
from trainer.digest import sha256
from trainer.lora import embedding_weight
from trainer.manifest import BaseRecord
from trainer.recipe import BaseSize

BUNDLED = "bundled"
BUNDLED_FOLDER = Path(__file__).parent / "bundled"
_FIX = 'base_model = "bundled" uses the one that comes with Mynah and needs no network.'


class BaseModelError(Exception):
    """The base model can't be found or used. The message says what was looked for."""


@dataclass(frozen=True)
class Base:
    """A base model on its device with its tokenizer; `fingerprint` is a SHA-256 over its weights."""

    name: str
    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    end_id: int
    context: int  # tokens
    fingerprint: str
    parameters: int
    characters: Characters | None  # keeps what is sampled valid Unicode

    @property
    def device(self) -> torch.device:
        return self.model.device

    @property
    def record(self) -> BaseRecord:
        return BaseRecord(name=self.name, fingerprint=self.fingerprint, parameters=self.parameters)

    @property
    def size(self) -> BaseSize:
        return BaseSize(self.parameters, embedding_weight(self.model).numel(), self.context)

    def encode(self, text: str) -> list[int]:
        """Token ids without special tokens, whatever the text says: `<|endoftext|>` in a post is only characters."""
        return list(self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"])


def load_base(name: str, device: torch.device | None = None) -> Base:
    """Load in fp32 on the CPU, bf16 on CUDA. Raises BaseModelError."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    place = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    where = str(_locate(name))
    try:
        if name == BUNDLED:
            verify_bundled(Path(where))
        tokenizer: PreTrainedTokenizerFast = AutoTokenizer.from_pretrained(where)  # type: ignore[assignment]
        model = _read_model(where, torch.bfloat16 if place.type == "cuda" else torch.float32)
    except Exception as error:  # whatever transformers, tokenizers and safetensors make of somebody's files
        raise BaseModelError(f"The base model {name!r} can't be loaded: {_first_line(error)} {_fix(name)}") from error
    if tokenizer.eos_token_id is None:
        raise BaseModelError(f"The base model {name!r} has no end-of-text token, which separates posts. {_FIX}")
    model.to(place)  # type: ignore[arg-type]
    model.eval().requires_grad_(False)
    return Base(
        name=name,
        model=model,
        tokenizer=tokenizer,
        end_id=int(tokenizer.eos_token_id),
        context=int(getattr(model.config, "max_position_embeddings", None) or 1024),
        fingerprint=fingerprint(model),
        parameters=sum(p.numel() for p in model.parameters()),
        characters=characters_of(tokenizer, len(embedding_weight(model))),
    )


def verify_bundled(folder: Path) -> None:
    """Raises ValueError unless the files that loading reads are the ones that `trainer.pretrain` wrote."""
    for name, expected in SHA256.items():
        if sha256(folder / name) != expected:
            raise ValueError(f"its file {folder / name} is damaged or was changed")


def _read_model(where: str, dtype: torch.dtype) -> PreTrainedModel:
    """Raises ValueError for missing weights, which transformers would make up at random."""
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        where, dtype=dtype, use_safetensors=True, output_loading_info=True
    )
    model: PreTrainedModel = loaded[0]
    missing = loaded[1]["missing_keys"]
    if missing:
        raise ValueError(f"it has no weights for {min(missing)}")
    return model


def read_weights(folder: Path, like: PreTrainedModel) -> PreTrainedModel:
    """A persona's own model, on the device and in the precision of the base model that it came from."""
    model = _read_model(str(folder), like.dtype)
    model.to(like.device)  # type: ignore[arg-type]
    model.eval().requires_grad_(False)
    return model


def _locate(name: str) -> Path | str:
    """A folder that exists, or a hub name. Raises BaseModelError for what looks like a path and isn't there."""
    folder = BUNDLED_FOLDER if name == BUNDLED else Path(os.path.expanduser(name))
    if folder.is_dir():
        if not (folder / "config.json").is_file():
            raise BaseModelError(f"The base model folder {folder} has no config.json. {_FIX}")
        return folder
    looks_like_path = name == BUNDLED or name.startswith((".", "~", "/")) or name.count("/") > 1
    if looks_like_path:
        raise BaseModelError(f"The base model folder {folder} does not exist. {_fix(name)}")
    return name


def _fix(name: str) -> str:
    return "Install Mynah again." if name == BUNDLED else _FIX


def _first_line(error: BaseException) -> str:
    """As a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(" .:") + "."


def fingerprint(model: torch.nn.Module) -> str:
    """SHA-256 over the weights' names, shapes and values rounded to bf16: the same on every device."""
    digest = hashlib.sha256()
    for name, tensor in model.state_dict().items():
        digest.update(f"{name}{tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().to("cpu", torch.bfloat16).contiguous().view(torch.uint8).numpy().data)
    return digest.hexdigest()

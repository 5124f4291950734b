"""Models as others have published them: folders as they come from a hub."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import GPT2Config, GPT2LMHeadModel

from tests.bases import TEXTS
from tests.builders import corpus_record, manifest
from trainer.base import Base
from trainer.corpus import END_OF_TEXT
from trainer.manifest import MANIFEST, BaseRecord, Manifest, checksum, write_manifest
from trainer.protocol import AccountCounts, AdoptRequest, Origin

from .adapters import save_random_adapter

CONTEXT = 48
ORIGIN = Origin(repo="huggingtweets/pip", revision="5" * 40)
ACCOUNTS = (
    AccountCounts(
        handle="pip",
        source="hub:huggingtweets/pip",
        downloaded=90,
        retweets=8,
        short=4,
        kept=78,
        characters=0,
        name="Pip",
    ),
)

Tensors = dict[str, torch.Tensor]


def adopt_request(folder: Path, out: Path, **changes: Any) -> AdoptRequest:
    fields = {"id": 7, "persona": "pip", "folder": str(folder), "out": str(out), "origin": ORIGIN, "accounts": ACCOUNTS}
    return AdoptRequest.model_validate(fields | changes)


def save_huggingtweets(folder: Path, seed: int = 0) -> Path:
    """A model of GPT-2's shape with the files of 2021: a pickle of weights, and a tokenizer in two files."""
    folder.mkdir(parents=True, exist_ok=True)
    size = save_old_tokenizer(folder)
    torch.manual_seed(seed)
    model = GPT2LMHeadModel(GPT2Config(vocab_size=size, n_positions=CONTEXT, n_embd=32, n_layer=2, n_head=2))
    write_json(folder / "config.json", old_config(size))
    torch.save(old_state(model), folder / "pytorch_model.bin")
    return folder


def save_old_tokenizer(folder: Path) -> int:
    """GPT-2's kind of vocabulary, whose last token ends a text; returns its size."""
    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(TEXTS, 380, show_progress=False)
    tokenizer.save_model(str(folder))
    vocabulary = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    vocabulary[END_OF_TEXT] = len(vocabulary)
    write_json(folder / "vocab.json", vocabulary)
    special = dict.fromkeys(("bos_token", "eos_token", "unk_token"), END_OF_TEXT)
    write_json(folder / "special_tokens_map.json", special)
    config = {"errors": "replace", "add_prefix_space": False, "model_max_length": 1024, "name_or_path": "gpt2"}
    write_json(folder / "tokenizer_config.json", special | config)
    return len(vocabulary)


def old_config(size: int) -> dict[str, Any]:
    """As transformers 4.3 wrote it."""
    return {
        "_name_or_path": "gpt2",
        "activation_function": "gelu_new",
        "architectures": ["GPT2LMHeadModel"],
        "attn_pdrop": 0.1,
        "bos_token_id": size - 1,
        "embd_pdrop": 0.1,
        "eos_token_id": size - 1,
        "gradient_checkpointing": False,
        "initializer_range": 0.02,
        "layer_norm_epsilon": 1e-05,
        "model_type": "gpt2",
        "n_ctx": CONTEXT,
        "n_embd": 32,
        "n_head": 2,
        "n_inner": None,
        "n_layer": 2,
        "n_positions": CONTEXT,
        "resid_pdrop": 0.1,
        "summary_activation": None,
        "summary_first_dropout": 0.1,
        "summary_proj_to_labels": True,
        "summary_type": "cls_index",
        "summary_use_proj": True,
        "task_specific_params": {"text-generation": {"do_sample": True, "max_length": 50}},
        "transformers_version": "4.3.2",
        "use_cache": True,
        "vocab_size": size,
    }


def old_state(model: GPT2LMHeadModel) -> Tensors:
    """As older versions of transformers stored it: the masks too, and the embedding twice."""
    state = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    for layer in range(2):
        mask = torch.ones(CONTEXT, CONTEXT, dtype=torch.uint8).tril()
        state[f"transformer.h.{layer}.attn.bias"] = mask.view(1, 1, CONTEXT, CONTEXT)
        state[f"transformer.h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    state["lm_head.weight"] = state["transformer.wte.weight"]
    return state


def change_weights(folder: Path, change: Callable[[Tensors], object]) -> None:
    path = folder / "pytorch_model.bin"
    state = torch.load(path, weights_only=True)
    change(state)
    torch.save(state, path)


def change_json(path: Path, **changes: Any) -> None:
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    write_json(path, {key: value for key, value in (found | changes).items() if value is not ...})


def write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def sign(folder: Path, base: BaseRecord, **changes: Any) -> Manifest:
    """With a record of Mynah's for the files that are there."""
    files = {path.name: checksum(path) for path in folder.iterdir() if path.is_file() and path.name != MANIFEST}
    public_posts = corpus_record("pip", source="x:pip")
    record = manifest("pip", **{"corpus": public_posts} | changes, base=base, files=files)
    write_manifest(folder, record)
    return record


def save_mynahs_adapter(base: Base, folder: Path, **changes: Any) -> Path:
    """As a training writes it. Leaves `base` changed."""
    save_random_adapter(base, folder, rank=8, seed=3, tokens=[1, 5, 7])
    sign(folder, base.record, **changes)
    return folder


def save_others_adapter(base: Base, folder: Path) -> Path:
    """As PEFT's users publish theirs. Leaves `base` changed."""
    save_random_adapter(base, folder, rank=4, seed=3)
    change_json(
        folder / "adapter_config.json",
        base_model_name_or_path=base.name,
        auto_mapping={
            "base_model_class": "GPT2LMHeadModel",
            "parent_library": "transformers.models.gpt2.modeling_gpt2",
        },
    )
    return folder

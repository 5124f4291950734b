"""What `benchmarks.say` runs on: base models and personas of random numbers, which changes nothing about speed."""

from __future__ import annotations

import json
import os
import random
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import GPT2Config, GPT2LMHeadModel

from trainer.basefiles import BUNDLED_FOLDER, locate
from trainer.basenames import BUNDLED
from trainer.manifest import BaseRecord, CorpusRecord, Manifest, RunRecord, checksums, write_manifest
from trainer.quotes import Quotes
from trainer.recipe import default_rank
from trainer.speaker import Speaker, load_speaker

DISTINCT = 64  # sets of files; further personas are links to them, read and kept in memory one by one
POSTS = 3_000  # in the index of quotes
Mix = Literal["identical", "zipf", "uniform", "distinct"]


@dataclass(frozen=True)
class World:
    """A base model, by name, and its personas' folders; each persona's file is `n_bytes` long."""

    base: str
    speaker: Speaker
    personas: tuple[Path, ...]

    def key(self, number: int) -> str:
        return str(self.personas[number])


def gpt2_base(folder: Path) -> str:
    """GPT-2's shape (124 M parameters) with a tokenizer of 50,257 words."""
    torch.manual_seed(1)
    GPT2LMHeadModel(GPT2Config(bos_token_id=0, eos_token_id=0)).bfloat16().save_pretrained(folder)
    content = json.loads((BUNDLED_FOLDER / "tokenizer.json").read_text(encoding="utf-8"))
    words = content["model"]["vocab"]
    words |= {f"Ġw{i}": i for i in range(len(words), 50_257)}
    (folder / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    (folder / "tokenizer_config.json").write_bytes((BUNDLED_FOLDER / "tokenizer_config.json").read_bytes())
    assert Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size() == 50_257
    return str(folder)


def make_world(root: Path, base: str, n: int) -> World:
    """`n` personas as the recipe would make them for this base: LoRA, and for the bundled one all token rows."""
    speaker = load_speaker(base)
    places = [root / f"{i}" for i in range(n)]
    for i, place in enumerate(places):
        place.mkdir(parents=True)
        if i < DISTINCT:
            _write_persona(place, base, speaker, i)
        else:
            for file in places[i % DISTINCT].iterdir():
                os.link(file, place / file.name)
    return World(base, speaker, tuple(places))


def _write_persona(folder: Path, base: str, speaker: Speaker, seed: int) -> None:
    torch.manual_seed(seed)
    decoder, rank = speaker.decoder, default_rank(speaker.decoder.parameters)
    tensors: dict[str, torch.Tensor] = {}
    for name, (n_out, n_in) in decoder.layer_sizes.items():
        tensors[f"base_model.model.{name}.lora_A.weight"] = torch.randn(rank, n_in).bfloat16() / n_in**0.5
        tensors[f"base_model.model.{name}.lora_B.weight"] = torch.randn(n_out, rank).bfloat16() * 0.01
    config: dict[str, object] = {"r": rank, "lora_alpha": rank, "peft_type": "LORA", "task_type": "CAUSAL_LM"}
    config |= {"target_modules": sorted({name.rpartition(".")[2] for name in decoder.layer_sizes})}
    config |= {"base_model_name_or_path": str(locate(base)), "fan_in_fan_out": decoder.shape.family == "gpt2"}
    if base == BUNDLED:
        table = decoder.embedding.rows(torch.arange(len(decoder.embedding.weight)), torch.float32)
        tensors["base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta"] = (
            table + torch.randn_like(table) * 0.01
        ).bfloat16()
        config["trainable_token_indices"] = {"embed_tokens": list(range(len(table)))}
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    rng = random.Random(seed)
    Quotes.of(" ".join(f"w{rng.randrange(9_000)}" for _ in range(15)) for _ in range(POSTS)).save(folder)
    write_manifest(folder, _manifest(folder, speaker, rank))


def _manifest(folder: Path, speaker: Speaker, rank: int) -> Manifest:
    zeros = dict.fromkeys(("bits_per_byte_before", "bits_per_byte", "seconds", "tokens_per_second"), 0.0)
    run = RunRecord(
        method="lora",
        epochs=1,
        learning_rate=1e-3,
        lora_rank=rank,
        token_rows=0,
        batch_tokens=512,
        seed=1,
        curve=(),
        best_epoch=1,
        peak_bytes=0,
        device="cpu",
        **zeros,
    )
    return Manifest(
        persona=folder.name,
        base=BaseRecord(name=speaker.name, fingerprint=speaker.fingerprint, parameters=speaker.decoder.parameters),
        corpus=CorpusRecord(accounts=(), duplicates=0, train_posts=POSTS, held_out_posts=0, train_tokens=0),
        run=run,
        sample="",
        versions={},
        files=checksums(folder),
    )


def popularity(mix: Mix, n: int, seed: int) -> list[int]:
    """A long list of personas in the order in which they are asked for, as in the Punica paper (arXiv 2310.18547)."""
    rng = random.Random(seed)
    count = 20_000
    match mix:
        case "identical":
            return [0] * count
        case "distinct":
            return [i % n for i in range(count)]
        case "uniform":
            return [rng.randrange(n) for _ in range(count)]
        case "zipf":
            weights = list(accumulate(1 / (i + 1) for i in range(n)))
            return rng.choices(range(n), cum_weights=weights, k=count)

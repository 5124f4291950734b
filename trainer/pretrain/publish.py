"""A finished run → `trainer/bundled/`: weights, tokenizer, scores, samples, model card, and their checksums."""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel

from trainer.hardware import cpu_name, usable_cores
from trainer.pretrain.card import model_card
from trainer.pretrain.loop import Run
from trainer.pretrain.plot import plot_losses
from trainer.pretrain.score import held_out_bits_per_byte
from trainer.pretrain.tokenizer import as_transformers
from trainer.sampling import Sampling, sample

PROMPTS = ("My dream is", "I can't believe", "The best thing about")
SAMPLES = 4  # per prompt


def publish(run: Run, work: Path, out: Path) -> dict[str, Any]:
    """Write the folder; returns the provenance. The weights are the last ones or their average, as scores better."""
    out.mkdir(parents=True, exist_ok=True)
    scores = choose_weights(run, work)
    model = run.model.to(torch.bfloat16)  # type: ignore[arg-type]
    model.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)  # it is written for its owner only
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    as_transformers(tokenizer, run.plan.context).save_pretrained(out)
    provenance = {
        "command": shlex.join(["python", "-m", "trainer.pretrain", *sys.argv[1:]]),
        "date": datetime.now(UTC).date().isoformat(),
        "plan": asdict(run.plan),
        "parameters": sum(p.numel() for p in model.parameters()),
        "n_bytes": (out / "model.safetensors").stat().st_size,
        "data": json.loads((work / "data.json").read_text()),
        "log": run.log[-1],
        "hours": round(run.seconds / 3600, 2),
        "hardware": hardware(),
        "held_out_bits_per_byte": scores,
        "samples": samples(model, tokenizer),
        "versions": {name: metadata.version(name) for name in ("torch", "transformers", "tokenizers")},
    }
    (out / "provenance.json").write_text(json.dumps(provenance, indent=2, ensure_ascii=False) + "\n")
    drawn = bool(find_spec("matplotlib"))
    if drawn:
        plot_losses([x["tokens"] for x in run.log], [x["loss"] for x in run.log], "The bundled base", out / "loss.png")
    (out / "README.md").write_text(model_card(provenance, "![Training loss over tokens](loss.png)" if drawn else ""))
    (out / "__init__.py").write_text(checksums_module(out))
    return provenance


def choose_weights(run: Run, work: Path) -> dict[str, dict[str, float]]:
    """Scores of the last weights and of their average; `run.model` is left with the better ones."""
    scores = {"last": held_out_bits_per_byte(run.model, work)}
    last = [p.detach().clone() for p in run.model.parameters()]
    set_parameters(run.model, run.average)
    scores["average"] = held_out_bits_per_byte(run.model, work)
    if scores["last"]["all"] <= scores["average"]["all"]:
        set_parameters(run.model, last)
    return scores


@torch.no_grad()
def set_parameters(model: PreTrainedModel, values: list[torch.Tensor]) -> None:
    for parameter, value in zip(model.parameters(), values, strict=True):
        parameter.copy_(value)


def samples(model: PreTrainedModel, tokenizer: Tokenizer) -> dict[str, list[str]]:
    """Unselected continuations, seed 0, temperature 0.8, top-p 0.95."""
    model.eval()
    found: dict[str, list[str]] = {}
    for prompt in PROMPTS:
        ids = [0, *tokenizer.encode(prompt).ids]
        rows = sample(model, ids, Sampling(SAMPLES, 40, temperature=0.8, seed=0), {0})
        found[prompt] = [tokenizer.decode(row) for row in rows]
    return found


def hardware() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{usable_cores()} cores of {cpu_name()}"


def checksums_module(folder: Path) -> str:
    """Python source with the SHA-256 of each file that loading reads."""
    names = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    lines = [f'    "{name}": "{hashlib.sha256((folder / name).read_bytes()).hexdigest()}",\n' for name in names]
    doc = '"""The bundled base model: checksums that loading verifies. Written by `python -m trainer.pretrain`."""'
    return f"{doc}\n\nSHA256 = {{\n{''.join(lines)}}}\n"

"""A finished run → `trainer/bundled/`: weights, tokenizer, scores, samples, model card, and their checksums."""

from __future__ import annotations

import json
import os
import shlex
import sys
import tempfile
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import PreTrainedModel

from trainer.digest import sha256
from trainer.pretrain.card import model_card
from trainer.pretrain.loop import Run
from trainer.pretrain.plot import plot_losses
from trainer.pretrain.score import held_out_bits_per_byte
from trainer.pretrain.tokenizer import as_transformers

PROMPTS = ("My dream is", "I can't believe", "The best thing about")
SAMPLES = 4  # per prompt
PICTURE = "loss.png"
FIRST_LOOK = 16  # one held-out window in so many decides between two sets of weights


def publish(run: Run, work: Path, out: Path) -> dict[str, Any]:
    """Write the folder, file by file when all is ready; returns the provenance.

    The weights are the last ones or their average, as a first look at the held-out documents says.
    """
    chosen = choose_weights(run, work)
    tokenizer = Tokenizer.from_file(str(work / "tokenizer.json"))
    provenance = {
        "command": shlex.join(["python", "-m", "trainer.pretrain", *sys.argv[1:]]),
        **run.made_with,
        "plan": asdict(run.plan),
        "aims": run.aims,
        "parameters": sum(p.numel() for p in run.model.parameters()),
        "data": json.loads((work / "data.json").read_text(encoding="utf-8")),
        "log": run.log[-1],
        "hours": round(run.seconds / 3600, 2),
        "weights": chosen,
        "held_out_bits_per_byte": held_out_bits_per_byte(run.model, work),
        "samples": samples(run.model, tokenizer),
    }
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as staging:
        write_files(run, tokenizer, provenance, Path(staging))
        (out / PICTURE).unlink(missing_ok=True)
        for path in Path(staging).iterdir():
            os.replace(path, out / path.name)
    return provenance


def write_files(run: Run, tokenizer: Tokenizer, provenance: dict[str, Any], folder: Path) -> None:
    """Everything that is published; `run.model` is in bf16 afterwards."""
    run.model.to(torch.bfloat16)  # type: ignore[arg-type]
    run.model.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # it is written for its owner only
    as_transformers(tokenizer, run.plan.context).save_pretrained(folder)
    picture = ""
    if find_spec("matplotlib"):
        plot_losses([x["tokens"] for x in run.log], [x["loss"] for x in run.log], "The bundled base", folder / PICTURE)
        picture = f"![Training loss over tokens]({PICTURE})"
    texts = {
        "provenance.json": json.dumps(provenance, indent=2, ensure_ascii=False) + "\n",
        "README.md": model_card(provenance, (folder / "model.safetensors").stat().st_size, picture),
        "__init__.py": checksums_module(folder),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")


def choose_weights(run: Run, work: Path) -> str:
    """Leave in `run.model` the last weights or their average, rounded to bf16 as they are published; returns which."""
    last = [p.detach().clone() for p in run.model.parameters()]
    scores: dict[str, float] = {}
    for name, values in (("average", run.average), ("last", last)):
        set_rounded(run.model, values)
        scores[name] = held_out_bits_per_byte(run.model, work, FIRST_LOOK)["all"]
    if scores["last"] <= scores["average"]:
        return "last"
    set_rounded(run.model, run.average)
    return "average"


@torch.no_grad()
def set_rounded(model: PreTrainedModel, values: list[torch.Tensor]) -> None:
    """Set the parameters, in their own precision, to the values rounded to bf16."""
    for parameter, value in zip(model.parameters(), values, strict=True):
        parameter.copy_(value.to(torch.bfloat16))


def samples(model: PreTrainedModel, tokenizer: Tokenizer) -> dict[str, list[str]]:
    """Unselected continuations, seed 0, temperature 0.8, top-p 0.95."""
    model.eval()
    torch.manual_seed(0)
    found: dict[str, list[str]] = {}
    for prompt in PROMPTS:
        ids = torch.tensor([[0, *tokenizer.encode(prompt).ids]], device=model.device)
        rows: Any = model.generate(  # type: ignore[operator]
            ids,
            attention_mask=torch.ones_like(ids),
            do_sample=True,
            temperature=0.8,
            top_p=0.95,
            top_k=0,
            max_new_tokens=40,
            num_return_sequences=SAMPLES,
            eos_token_id=0,
            pad_token_id=0,
        )
        found[prompt] = [tokenizer.decode(row[ids.shape[1] :].tolist()) for row in rows]
    return found


def checksums_module(folder: Path) -> str:
    """Python source with the SHA-256 of each file that loading reads."""
    names = ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    lines = [f'    "{name}": "{sha256(folder / name)}",\n' for name in names]
    doc = '"""The bundled base model: checksums that loading verifies. Written by `python -m trainer.pretrain`."""'
    return f"{doc}\n\nSHA256 = {{\n{''.join(lines)}}}\n"

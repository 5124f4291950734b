"""How the bundled base model was made: corpus → token files → a small GPT-2 → `trainer/bundled/`.

    python -m trainer.pretrain --corpus base-corpus.txt.xz --work runs/base --tokens 25e6

Interrupt it at any point and give the same command again: it goes on from its last checkpoint, with the same
batches. Needs torch, transformers, tokenizers, numpy and safetensors only.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional
from tqdm import tqdm
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

from trainer.pretrain_data import END_OF_TEXT, PASSES, prepare


@dataclass(frozen=True)
class Plan:
    """What to train, and how. Rates are peak rates: a short warm-up, then linear to zero (no cool-down knob needed)."""

    tokens: int  # seen in training
    layers: int = 6
    width: int = 320
    heads: int = 5
    context: int = 256  # tokens
    vocab_size: int = 8192
    rows: int = 32  # sequences per step
    micro_rows: int = 8  # sequences per forward pass
    muon_rate: float = 0.006  # matrices (update RMS matched to AdamW's)
    adam_rate: float = 0.003  # embeddings, norms, biases
    weight_decay: float = 0.05
    warm_up: float = 0.02  # fraction of the steps
    seed: int = 1

    @property
    def steps(self) -> int:
        return max(1, self.tokens // (self.rows * self.context))


def build_model(plan: Plan) -> GPT2LMHeadModel:
    torch.manual_seed(plan.seed)
    config = GPT2Config(
        vocab_size=plan.vocab_size,
        n_positions=plan.context,
        n_embd=plan.width,
        n_layer=plan.layers,
        n_head=plan.heads,
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=0,
        eos_token_id=0,
        use_cache=True,
    )
    return GPT2LMHeadModel(config)


def batches(tokens: np.ndarray, plan: Plan, start: int) -> Iterator[torch.Tensor]:
    """(rows, context + 1) int64 per step, from step `start`; the order of a pass depends on the seed only.

    Raises ValueError when there are too few tokens for one step.
    """
    n_rows = (len(tokens) - 1) // plan.context
    per_pass = n_rows // plan.rows
    if not per_pass:
        raise ValueError(f"{len(tokens):,} tokens are too few: a step takes {plan.rows} × {plan.context}")
    for step in range(start, plan.steps):
        number, place = divmod(step, per_pass)
        order = np.random.default_rng(plan.seed + number).permutation(n_rows)
        chosen = order[place * plan.rows : (place + 1) * plan.rows]
        rows = [tokens[i * plan.context : (i + 1) * plan.context + 1] for i in chosen]
        yield torch.from_numpy(np.stack(rows).astype(np.int64))


def rate_factor(step: int, plan: Plan) -> float:
    warm_up = max(1, int(plan.steps * plan.warm_up))
    if step < warm_up:
        return (step + 1) / warm_up
    return max(0.0, (plan.steps - step) / (plan.steps - warm_up))


def optimizers(model: nn.Module, plan: Plan) -> list[torch.optim.Optimizer]:
    """Muon for the blocks' matrices, AdamW for the rest."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and ".h." in name]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=plan.muon_rate, weight_decay=plan.weight_decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=plan.adam_rate, betas=(0.9, 0.95), weight_decay=0.0),
    ]


def loss_of(model: nn.Module, rows: torch.Tensor) -> torch.Tensor:
    """Mean nats per token of (rows, context + 1) ids."""
    logits = model(input_ids=rows[:, :-1], use_cache=False).logits
    return functional.cross_entropy(logits.float().flatten(0, 1), rows[:, 1:].flatten())


@torch.no_grad()
def bits_per_byte(model: nn.Module, work: Path, kind: str, plan: Plan, device: torch.device) -> float | None:
    """Over at most 200 held-out rows of one kind, None if there is none; bytes are apportioned by tokens."""
    tokens = np.load(work / f"held_out_{kind}.npy")
    n_bytes = json.loads((work / "data.json").read_text())["held_out_bytes"][kind]
    n_rows = min(200, (len(tokens) - 1) // plan.context)
    if n_rows < 1:
        return None
    losses = []
    for i in range(n_rows):
        row = torch.from_numpy(tokens[i * plan.context : (i + 1) * plan.context + 1].astype(np.int64))
        losses.append(loss_of(model, row[None].to(device)).item())
    bits = sum(losses) / n_rows / math.log(2) * len(tokens)
    return round(bits / float(n_bytes), 4)


def save_checkpoint(work: Path, state: dict[str, Any]) -> None:
    torch.save(state, work / "checkpoint.tmp")
    os.replace(work / "checkpoint.tmp", work / "checkpoint.pt")


def train(plan: Plan, work: Path, every: int, compiling: bool = True) -> GPT2LMHeadModel:
    """Train from `work`'s token files and its checkpoint, if there is one; log a JSON line every `every` steps."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model = build_model(plan)
    model.to(device)  # type: ignore[arg-type]
    opts = optimizers(model, plan)
    start = 0
    if (work / "checkpoint.pt").exists():
        state = torch.load(work / "checkpoint.pt", map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        for opt, saved in zip(opts, state["optimizers"], strict=True):
            opt.load_state_dict(saved)
        start = state["step"]
    compiled = torch.compile(model) if compiling else model
    tokens = np.load(work / "tokens.npy", mmap_mode="r")
    bar = tqdm(batches(tokens, plan, start), total=plan.steps, initial=start, unit="step", mininterval=10)
    began = time.monotonic()
    for step, rows in enumerate(bar, start):
        loss = train_step(compiled, opts, rows.to(device), rate_factor(step, plan), plan)
        bar.set_postfix(loss=f"{loss:.3f}", refresh=False)
        if (step + 1) % every == 0 or step + 1 == plan.steps:
            save_checkpoint(
                work, {"model": model.state_dict(), "optimizers": [o.state_dict() for o in opts], "step": step + 1}
            )
            log(work, step + 1, loss, time.monotonic() - began, plan)
    return model


def train_step(model: Any, opts: list[torch.optim.Optimizer], rows: torch.Tensor, factor: float, plan: Plan) -> float:
    """One optimizer step over (rows, context + 1) ids; returns the mean loss in nats per token."""
    total = 0.0
    parts: tuple[torch.Tensor, ...] = rows.split(plan.micro_rows)
    for part in parts:
        with torch.autocast(rows.device.type, dtype=torch.bfloat16):
            loss = loss_of(model, part) / len(parts)
        loss.backward()
        total += loss.item()
    rates = (plan.muon_rate, plan.adam_rate)
    for opt, rate in zip(opts, rates, strict=True):
        for group in opt.param_groups:
            group["lr"] = rate * factor
        opt.step()
        opt.zero_grad(set_to_none=True)
    return total


def log(work: Path, step: int, loss: float, seconds: float, plan: Plan) -> None:
    seen = step * plan.rows * plan.context
    line = {"step": step, "tokens": seen, "loss": round(loss, 4), "seconds": round(seconds, 1)}
    with (work / "log.jsonl").open("a") as file:
        file.write(json.dumps(line) + "\n")


def publish(model: GPT2LMHeadModel, work: Path, out: Path, plan: Plan) -> dict[str, Any]:
    """Write bf16 safetensors, the tokenizer and provenance.json; returns the provenance."""
    device = next(model.parameters()).device
    scores = {kind: bits_per_byte(model, work, kind, plan, device) for kind in PASSES}
    out.mkdir(parents=True, exist_ok=True)
    model.to(torch.bfloat16)  # type: ignore[arg-type]
    model.save_pretrained(out)
    (out / "model.safetensors").chmod(0o644)  # it is written for its owner only
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_file(str(work / "tokenizer.json")),
        bos_token=END_OF_TEXT,
        eos_token=END_OF_TEXT,
        pad_token=END_OF_TEXT,
        model_max_length=plan.context,
    )
    tokenizer.save_pretrained(out)
    provenance = {
        "command": shlex.join(["python", "-m", "trainer.pretrain", *sys.argv[1:]]),
        "plan": asdict(plan),
        "parameters": sum(p.numel() for p in model.parameters()),
        "data": json.loads((work / "data.json").read_text()),
        "log": [json.loads(line) for line in (work / "log.jsonl").read_text().splitlines()][-1],
        "held_out_bits_per_byte": scores,
        "torch": torch.__version__,
    }
    (out / "provenance.json").write_text(json.dumps(provenance, indent=2) + "\n")
    return provenance


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="the .txt or .txt.xz, its manifest beside it")
    parser.add_argument("--work", type=Path, required=True, help="folder for token files, checkpoint and log")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "bundled")
    parser.add_argument("--tokens", type=float, default=25e6, help="tokens seen in training")
    parser.add_argument("--width", type=int, default=Plan.width)
    parser.add_argument("--layers", type=int, default=Plan.layers)
    parser.add_argument("--heads", type=int, default=Plan.heads)
    parser.add_argument("--seed", type=int, default=Plan.seed)
    parser.add_argument("--every", type=int, default=100, help="steps between checkpoints")
    parser.add_argument(
        "--no-compile", action="store_true", help="start at once, without a C++ compiler, and go slower"
    )
    args = parser.parse_args()
    plan = Plan(int(args.tokens), args.layers, args.width, args.heads, seed=args.seed)
    prepare(args.corpus, args.work, plan.vocab_size, plan.seed)
    model = train(plan, args.work, args.every, not args.no_compile)
    print(json.dumps(publish(model, args.work, args.out, plan), indent=2))


if __name__ == "__main__":
    main()

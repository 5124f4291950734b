"""Training: batches, optimizers, steps, checkpoints. Killed at any point, it goes on with the same batches."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from tqdm import tqdm
from transformers import PreTrainedModel

from trainer.hardware import cpu_name, usable_cores
from trainer.pretrain.loss import LossOf, training_loss
from trainer.pretrain.plan import Plan, build_model, rate_factor

LogLine = dict[str, float]
CHECKPOINT = "checkpoint.pt"
BEFORE_DECAY = "before-decay.pt"  # copy it over CHECKPOINT to go on towards more tokens


@dataclass
class Run:
    """Everything a checkpoint holds.

    `average` has the model's parameters, averaged over the last steps. `aims` says from which step on the run was to
    see how many tokens; `made_with` what the last steps ran on.
    """

    plan: Plan
    model: PreTrainedModel
    optimizers: list[torch.optim.Optimizer]
    average: list[torch.Tensor]
    step: int = 0
    seconds: float = 0.0
    log: list[LogLine] = field(default_factory=list)
    aims: list[dict[str, int]] = field(default_factory=list)
    made_with: dict[str, str] = field(default_factory=dict)

    def state(self) -> dict[str, Any]:
        return {
            "plan": asdict(self.plan),
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "average": self.average,
            "step": self.step,
            "seconds": self.seconds,
            "log": self.log,
            "aims": self.aims,
            "made_with": self.made_with,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Raises ValueError for a checkpoint of another plan; only the tokens to see may differ."""
        saved_plan: dict[str, Any] = state["plan"] | {"tokens": self.plan.tokens}
        different = sorted(name for name, value in asdict(self.plan).items() if saved_plan.get(name) != value)
        if different:
            raise ValueError(f"the checkpoint was made with another {', '.join(different)}; take another work folder")
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        for name in ("average", "step", "seconds", "log", "aims", "made_with"):
            setattr(self, name, state[name])


def start_run(plan: Plan, work: Path) -> Run:
    """A new run, or the one whose checkpoint is in `work`."""
    model = place_model(plan)
    run = Run(plan, model, optimizers(model, plan), [p.detach().clone() for p in model.parameters()])
    if (work / CHECKPOINT).exists():
        run.restore(torch.load(work / CHECKPOINT, map_location=model.device, weights_only=True))
    return run


def place_model(plan: Plan) -> PreTrainedModel:
    """The untrained model, where it trains and with the attention that trains fastest there."""
    model = build_model(plan)
    if torch.cuda.is_available():
        model.to(torch.device("cuda"))  # type: ignore[arg-type]
    else:
        model.set_attn_implementation("eager")  # compiled, it is faster on CPUs than the fused kernel
    return model


def batches(tokens: np.ndarray, plan: Plan, start: int) -> Iterator[torch.Tensor]:
    """(rows, context + 1) int64 per step, from step `start`; the order of a pass depends on the seed only.

    Raises ValueError when there are too few tokens for one step.
    """
    n_rows = (len(tokens) - 1) // plan.context
    per_pass = n_rows // plan.rows
    if not per_pass:
        raise ValueError(f"{len(tokens):,} tokens are too few: a step takes {plan.rows} × {plan.context}")
    order = np.empty(0, dtype=np.int64)
    for step in range(start, plan.steps):
        number, place = divmod(step, per_pass)
        if step == start or not place:
            order = np.random.default_rng(plan.seed + number).permutation(n_rows)
        chosen = order[place * plan.rows : (place + 1) * plan.rows]
        rows = [tokens[i * plan.context : (i + 1) * plan.context + 1] for i in chosen]
        yield torch.from_numpy(np.stack(rows).astype(np.int64))


def optimizers(model: nn.Module, plan: Plan) -> list[torch.optim.Optimizer]:
    """Muon (https://kellerjordan.github.io/posts/muon/) for the blocks' matrices, AdamW for the rest."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and (".h." in name or ".layers." in name)]
    chosen = {id(p) for p in matrices}
    rest = [p for p in model.parameters() if id(p) not in chosen]
    return [
        torch.optim.Muon(matrices, lr=plan.muon_rate, weight_decay=plan.weight_decay, adjust_lr_fn="match_rms_adamw"),
        torch.optim.AdamW(rest, lr=plan.adam_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
    ]


def train(plan: Plan, work: Path, every: int, compiling: bool = True) -> Run:
    """Train to the plan's end from `work`'s token files and checkpoint, which is written every `every` steps."""
    run = start_run(plan, work)
    loss_of = training_loss(run.model, compiling)
    tokens = np.load(work / "tokens.npy", mmap_mode="r")
    device = run.model.device
    bar = tqdm(batches(tokens, plan, run.step), total=plan.steps, initial=run.step, unit="step", mininterval=10)
    losses: list[float] = []
    if run.step < plan.steps:
        run.made_with = made_with()
        if not run.aims or run.aims[-1]["tokens"] != plan.tokens:
            run.aims.append({"step": run.step, "tokens": plan.tokens})
    began = time.monotonic()
    for rows in bar:
        losses.append(train_step(loss_of, run, rows.to(device)))
        bar.set_postfix(loss=f"{losses[-1]:.3f}", refresh=False)
        if run.step % every == 0 or run.step in (plan.decay_from, plan.steps):
            run.seconds += time.monotonic() - began
            began = time.monotonic()
            run.log.append(log_line(run, losses))
            losses.clear()
            save(run, work)
    return run


def made_with() -> dict[str, str]:
    cuda = torch.cuda.is_available()
    return {
        "hardware": torch.cuda.get_device_name() if cuda else f"{usable_cores()} cores of {cpu_name()}",
        "date": datetime.now(UTC).date().isoformat(),
        "versions": ", ".join(f"{name} {version(name)}" for name in ("torch", "transformers", "tokenizers")),
    }


def train_step(loss_of: LossOf, run: Run, rows: torch.Tensor) -> float:
    """One optimizer step over (rows, context + 1) ids; returns the mean loss in nats per token."""
    plan, total = run.plan, 0.0
    parts: tuple[torch.Tensor, ...] = rows.split(plan.micro_rows)
    for part in parts:
        loss = loss_of(part) * (len(part) / len(rows))
        loss.backward()
        total += loss.item()
    factor = rate_factor(run.step, plan)
    for optimizer, rate in zip(run.optimizers, (plan.muon_rate, plan.adam_rate), strict=True):
        for group in optimizer.param_groups:
            group["lr"] = rate * factor
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    run.step += 1
    weight = max(1 / run.step, 1 / max(1.0, plan.average * plan.steps))
    with torch.no_grad():
        torch._foreach_lerp_(run.average, list(run.model.parameters()), weight)
    return total


def log_line(run: Run, losses: list[float]) -> LogLine:
    """The mean loss since the last line."""
    seen = run.step * run.plan.rows * run.plan.context
    loss = sum(losses) / len(losses)
    return {"step": run.step, "tokens": seen, "loss": round(loss, 4), "seconds": round(run.seconds, 1)}


def save(run: Run, work: Path) -> None:
    """The checkpoint in one piece, a copy of it when the decay begins, then the log for people."""
    names = [BEFORE_DECAY, CHECKPOINT] if run.step == run.plan.decay_from else [CHECKPOINT]
    for name in names:
        torch.save(run.state(), work / "checkpoint.tmp")
        os.replace(work / "checkpoint.tmp", work / name)
    (work / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in run.log), encoding="utf-8")

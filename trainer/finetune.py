"""finetune(request, base, tell) → a persona's files, and then its report card.

Posts → tokens → packed rows → a trainee (an adapter, or a copy of the whole base model) → held-out loss on the way,
best weights kept → files, manifest last → told, so that people can use it → the report card.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import math
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import torch

from trainer.base import Base
from trainer.blocklist import BlockedPrompt
from trainer.checkpoint import Checkpoint
from trainer.compute import peak_bytes
from trainer.digest import sha256
from trainer.engine import continue_prompt, line_end_ids
from trainer.evaluation import held_out_nats
from trainer.fit import Curve, Hooks, TokenCorpus, fit
from trainer.manifest import CorpusRecord, Manifest, PointRecord, RunRecord, checksums, write_manifest
from trainer.protocol import BlocklistOptions, GenerateRequest, Progress, Reported, Trained, TrainRequest
from trainer.recipe import Recipe, choose_recipe
from trainer.report import Posts, report_card
from trainer.trainee import Trainee, adapter, whole

FIRST_PROMPT = "My dream is"  # the example prompt of the cards
CHECKPOINT = "checkpoint.pt"
Tell = Callable[[Progress | Trained], None]


def finetune(request: TrainRequest, base: Base, tell: Tell, cancelled: Callable[[], bool] = lambda: False) -> Reported:
    """Train and write a persona into `request.out`, tell of it, and measure it; `base` is left as it was.

    Beside the corpus it keeps a checkpoint, from which the same request goes on after a crash. Raises
    sampling.Cancelled, fit.OutOfMemory or OSError.
    """
    began = time.monotonic()
    posts = read_posts(request)
    corpus = encode(posts, base)
    recipe = choose_recipe(request.hyperparameters, base.parameters, base.context, corpus.n_tokens)
    torch.manual_seed(recipe.seed % 2**63)
    before = held_out_nats(base.model, corpus.held_out, base.end_id, base.context)
    out = Path(request.out)
    hooks = Hooks(
        lambda progress: tell(progress.model_copy(update={"id": request.id})),
        cancelled,
        checkpoint_of(request, base, recipe),
    )
    with trainee_of(base, recipe, corpus) as trainee:
        curve = fit(trainee, corpus, base.end_id, recipe, hooks)
        tell(Progress(id=request.id, stage="check"))
        persona = replace(base, model=trainee.model)
        sample = first_sample(persona, recipe.seed, request.blocklist, cancelled)
        trainee.save(out)
        n_rows = 0 if trainee.slots is None else len(trainee.rows)
        run = _run_record(recipe, corpus, curve, before, n_rows, time.monotonic() - began, base.device)
        manifest = _manifest(request, base, corpus, run, sample, out)
        write_manifest(out, manifest)
        tell(Trained(id=request.id, n_bytes=manifest.n_bytes))
        return Reported(id=request.id, card=report_card(persona, posts, run, cancelled))


def read_posts(request: TrainRequest) -> Posts:
    """Raises OSError."""
    corpus = json.loads(Path(request.corpus).read_text(encoding="utf-8"))
    contrast = json.loads(Path(request.contrast).read_text(encoding="utf-8")) if request.contrast else {}
    return Posts(corpus["train"], corpus["held_out"], corpus["duplicates"], contrast)


def encode(posts: Posts, base: Base) -> TokenCorpus:
    return TokenCorpus(
        train=[base.encode(text) for text in posts.train],
        held_out=[base.encode(text) for text in posts.held_out],
        held_out_bytes=sum(len(text.encode()) for text in posts.held_out),
        duplicates=posts.duplicates,
    )


def checkpoint_of(request: TrainRequest, base: Base, recipe: Recipe) -> Checkpoint:
    corpus = Path(request.corpus)
    return Checkpoint(corpus.with_name(CHECKPOINT), f"{base.fingerprint} {sha256(corpus)} {recipe}")


@contextlib.contextmanager
def trainee_of(base: Base, recipe: Recipe, corpus: TokenCorpus) -> Iterator[Trainee]:
    if recipe.method == "full":
        trainee = whole(base)
    else:
        trainee = adapter(base, recipe.lora_rank, sorted({base.end_id}.union(*corpus.train)))
    try:
        yield trainee
    finally:
        trainee.release()


def first_sample(base: Base, seed: int, words: BlocklistOptions, cancelled: Callable[[], bool]) -> str:
    request = GenerateRequest(id=0, key="", prompt=FIRST_PROMPT, seed=seed, blocklist=words)
    base.model.eval()
    try:
        return continue_prompt(base, request, line_end_ids(base), cancelled=cancelled).samples[0]
    except BlockedPrompt:  # the operator has blocked a word of ours
        return ""


def _run_record(
    recipe: Recipe, corpus: TokenCorpus, curve: Curve, before: float, n_rows: int, seconds: float, device: torch.device
) -> RunRecord:
    bits_per_nat = 1 / (math.log(2) * max(1, corpus.held_out_bytes))
    n_held_out = max(1, corpus.n_held_out)
    best = curve.points[curve.best]
    return RunRecord(
        method=recipe.method,
        epochs=recipe.epochs,
        learning_rate=recipe.learning_rate,
        lora_rank=recipe.lora_rank if recipe.method == "lora" else 0,
        token_rows=n_rows,
        batch_tokens=recipe.batch_tokens,
        seed=recipe.seed,
        curve=tuple(
            PointRecord(epoch=point.epoch, train_loss=point.train_loss, held_out_loss=point.held_out_nats / n_held_out)
            for point in curve.points
        ),
        best_epoch=best.epoch,
        bits_per_byte_before=before * bits_per_nat,
        bits_per_byte=best.held_out_nats * bits_per_nat,
        seconds=round(seconds, 2),
        tokens_per_second=round(corpus.n_tokens * curve.points[-1].epoch / seconds, 1),
        peak_bytes=peak_bytes(device),
        device=device.type,
    )


def _manifest(
    request: TrainRequest, base: Base, corpus: TokenCorpus, run: RunRecord, sample: str, out: Path
) -> Manifest:
    return Manifest(
        persona=request.persona,
        base=base.record,
        corpus=CorpusRecord(
            accounts=request.accounts,
            duplicates=corpus.duplicates,
            train_posts=len(corpus.train),
            held_out_posts=len(corpus.held_out),
            train_tokens=corpus.n_tokens,
        ),
        run=run,
        sample=sample,
        versions=versions(),
        files=checksums(out),
    )


def versions() -> dict[str, str]:
    """What the persona was made with."""
    packages = ("mynah", "torch", "transformers", "peft", "tokenizers", "safetensors")
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}

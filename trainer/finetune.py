"""finetune(request, base, tell) → a persona's files, and then its report card.

Posts → tokens → packed rows → a trainee (an adapter, or a copy of the whole base model) → held-out loss on the way,
best weights kept → files, manifest last → told, so that people can use it → the report card.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import platform
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import torch

from trainer.base import Base
from trainer.blocklist import BlockedPrompt, blocklist
from trainer.checkpoint import Checkpoint
from trainer.compute import peak_bytes
from trainer.digest import sha256
from trainer.engine import Engine, Limits
from trainer.evaluation import held_out_nats
from trainer.fit import Curve, Hooks, TokenCorpus, fit
from trainer.logs import get_logger
from trainer.manifest import CorpusRecord, Manifest, PointRecord, RefreshRecord, RunRecord, checksums, write_manifest
from trainer.protocol import FIRST_PROMPT, BlocklistOptions, GenerateRequest, Progress, Reported, Trained, TrainRequest
from trainer.quotes import Quotes
from trainer.recipe import Recipe, choose_recipe
from trainer.report import Posts, report_card
from trainer.speaker import load_speaker
from trainer.start import NotBetter, Start, find_start, trainee_of
from trainer.tracking.runs import Runs, tracked
from trainer.trainee import check

FIRST_TRIES, FIRST_WORDS = 5, 7  # of the first sample, the prompt's three among them
CHECKPOINT = "checkpoint.pt"
CHECKED_POSTS = 4
REPORT_ROWS = 64  # posts that are written at a time to be measured
SHOWN = 20  # of them, where the run is logged
Tell = Callable[[Progress | Trained], None]
log = get_logger(__name__)


def finetune(request: TrainRequest, base: Base, tell: Tell, cancelled: Callable[[], bool] = lambda: False) -> Reported:
    """Train and write a persona into `request.out`, tell of it, and measure it; `base` is left as it was.

    Beside the corpus it keeps a checkpoint, from which the same request goes on after a crash. Raises
    sampling.Cancelled, fit.OutOfMemory, NotBetter, TrackingMissing or OSError.
    """
    with tracked(request) as runs:
        return train_and_measure(request, base, runs.beside(tell), cancelled, runs)


def train_and_measure(
    request: TrainRequest, base: Base, tell: Tell, cancelled: Callable[[], bool], runs: Runs
) -> Reported:
    posts = read_posts(request)
    corpus = encode(posts, base)
    start = find_start(request.refresh, base, request.hyperparameters) if corpus.held_out else None
    recipe = recipe_of(request, base, corpus, start)
    counted = corpus_record(request, corpus)
    runs.begun(base.record, counted, recipe, start.folder if start else None, versions())
    log_begun(request, counted, recipe, start)
    torch.manual_seed(recipe.seed % 2**63)
    before = held_out_nats(base.model, corpus.held_out, base.end_id, base.context, cancelled)
    out = Path(request.out)
    hooks = Hooks(
        report=lambda progress: tell(progress.model_copy(update={"id": request.id})),
        cancelled=cancelled,
        checkpoint=checkpoint_of(request, base, recipe),
    )
    with trainee_of(base, recipe, tokens_in(corpus, base), start) as trainee:
        check(trainee, corpus.train[:CHECKED_POSTS], base.end_id)
        persona = replace(base, model=trainee.model)
        record = refresh_record(persona, corpus, start, cancelled)
        curve = fit(trainee, corpus, base.end_id, recipe, hooks)
        check_better(request.persona, curve, corpus, record)
        tell(Progress(id=request.id, stage="check"))
        with whole_or_gone(out):
            trainee.save(out)
            quotes = Quotes.of(posts.train)
            quotes.save(out)
            engine = speaking(base, out, recipe)
            sample = first_sample(engine, recipe.seed, request.blocklist, cancelled)
            n_rows = len(trainee.embedding) if recipe.method == "lora" and recipe.trains_embedding else 0
            run = _run_record(recipe, corpus, curve, before, n_rows, base.device)
            manifest = _manifest(request, base, counted, run, record, sample, out)
            write_manifest(out, manifest)
        runs.trained(manifest)
        tell(Trained(id=request.id, n_bytes=manifest.n_bytes))
        log_trained(manifest, run)
        generated: list[str] = []
        card = report_card(persona, engine, posts, run, cancelled, generated.extend)
        runs.reported(card, samples(sample, generated, quotes, request.blocklist))
        log.info("measured", persona=request.persona, seconds=card.seconds, generations=card.generations)
        return Reported(id=request.id, card=card)


def log_begun(request: TrainRequest, corpus: CorpusRecord, recipe: Recipe, start: Start | None) -> None:
    log.info(
        "training started",
        persona=request.persona,
        method=recipe.method,
        posts=corpus.train_posts,
        held_out=corpus.held_out_posts,
        tokens=corpus.train_tokens,
        epochs=recipe.epochs,
        after_version=start.refresh.version if start else None,
    )


def log_trained(manifest: Manifest, run: RunRecord) -> None:
    best = next(point for point in run.curve if point.epoch == run.best_epoch)
    log.info(
        "training ended",
        persona=manifest.persona,
        seconds=run.seconds,
        best_epoch=run.best_epoch,
        train_loss=round(best.train_loss, 4),
        held_out_loss=round(best.held_out_loss, 4),
        bits_per_byte=round(run.bits_per_byte, 4),
        peak_megabytes=round(run.peak_bytes / 2**20),
        bytes=manifest.n_bytes,
    )


@contextlib.contextmanager
def whole_or_gone(out: Path) -> Iterator[None]:
    """What is not finished leaves no folder behind."""
    try:
        yield
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise


def recipe_of(request: TrainRequest, base: Base, corpus: TokenCorpus, start: Start | None) -> Recipe:
    """What goes on from a version keeps its rank, and its token rows."""
    wished = request.hyperparameters
    recipe = choose_recipe(wished, base.size, corpus.n_tokens, refreshing=start is not None)
    if start is None:
        return recipe
    return replace(recipe, lora_rank=start.rank, trains_embedding=recipe.trains_embedding or start.has_rows)


def tokens_in(corpus: TokenCorpus, base: Base) -> set[int]:
    return {base.end_id}.union(*corpus.train)


def refresh_record(
    persona: Base, corpus: TokenCorpus, start: Start | None, cancelled: Callable[[], bool]
) -> RefreshRecord | None:
    """How good the persona is that the run goes on from, on today's held-out posts."""
    if start is None:
        return None
    nats = held_out_nats(persona.model, corpus.held_out, persona.end_id, persona.context, cancelled)
    refresh = start.refresh
    return RefreshRecord(
        version=refresh.version,
        new_posts=refresh.new_posts,
        bits_per_byte=corpus.bits_per_byte(nats),
        origin=start.origin,
    )


def check_better(name: str, curve: Curve, corpus: TokenCorpus, before: RefreshRecord | None) -> None:
    """Raises NotBetter."""
    after = corpus.bits_per_byte(curve.points[curve.best].held_out_nats)
    if before is not None and after > before.bits_per_byte:
        raise NotBetter(
            f"@{name} stays as it is (version {before.version}). Trained on with {before.new_posts:,} new posts, it "
            f"would read held-out posts no better: {after:.3f} bits per byte, {before.bits_per_byte:.3f} now. "
            "With --fresh, /train starts over with all of them."
        )


def read_posts(request: TrainRequest) -> Posts:
    """Raises OSError."""
    corpus = json.loads(Path(request.corpus).read_text(encoding="utf-8"))
    contrast = json.loads(Path(request.contrast).read_text(encoding="utf-8")) if request.contrast else {}
    return Posts(corpus["train"], corpus["held_out"], corpus["duplicates"], contrast)


def encode(posts: Posts, base: Base) -> TokenCorpus:
    return TokenCorpus(
        train=[base.vocabulary.encode(text) for text in posts.train],
        held_out=[base.vocabulary.encode(text) for text in posts.held_out],
        held_out_bytes=sum(len(text.encode()) for text in posts.held_out),
        duplicates=posts.duplicates,
    )


def checkpoint_of(request: TrainRequest, base: Base, recipe: Recipe) -> Checkpoint:
    corpus = Path(request.corpus)
    return Checkpoint(corpus.with_name(CHECKPOINT), f"{base.fingerprint} {sha256(corpus)} {recipe} {request.refresh}")


def speaking(base: Base, out: Path, recipe: Recipe) -> Engine:
    """What serves people, with the persona in it whose files are in `out`, under the key ""."""
    engine = Engine(load_speaker(base.name, base.device), Limits(rows=REPORT_ROWS))
    engine.admit("", engine.make(engine.read_unverified(out, recipe.method == "full")))
    return engine


def first_sample(engine: Engine, seed: int, words: BlocklistOptions, cancelled: Callable[[], bool]) -> str:
    """A text on the example prompt, with some words of its own if that can be had.

    None if every try is a quote, or the operator has blocked a word of ours.
    """
    request, best = GenerateRequest(id=0, key="", prompt=FIRST_PROMPT, seed=seed, blocklist=words), ""
    try:
        for i in range(FIRST_TRIES):
            text = "".join(engine.generate(request.model_copy(update={"seed": seed + i}), cancelled=cancelled).samples)
            best = max(best, text, key=n_words)
            if n_words(best) >= FIRST_WORDS:
                break
    except BlockedPrompt:
        return ""
    return best


def n_words(text: str) -> int:
    return len(text.split())


def samples(first: str, generated: Iterable[str], quotes: Quotes, words: BlocklistOptions) -> Iterator[tuple[str, str]]:
    """(prompt, text), fit to be seen by anybody: no quotes of training posts, no blocked words."""
    if first:
        yield FIRST_PROMPT, first
    blocked = blocklist(words) or (lambda text: False)
    fit = (text for text in generated if text and not quotes.is_one(text) and not blocked(text))
    yield from (("", text) for text in islice(fit, SHOWN))


def _run_record(
    recipe: Recipe, corpus: TokenCorpus, curve: Curve, before: float, n_rows: int, device: torch.device
) -> RunRecord:
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
        bits_per_byte_before=corpus.bits_per_byte(before),
        bits_per_byte=corpus.bits_per_byte(best.held_out_nats),
        seconds=round(curve.seconds, 2),
        tokens_per_second=round(corpus.n_tokens * curve.points[-1].epoch / curve.seconds, 1),
        peak_bytes=peak_bytes(device),
        device=device.type,
    )


def _manifest(
    request: TrainRequest,
    base: Base,
    corpus: CorpusRecord,
    run: RunRecord,
    refresh: RefreshRecord | None,
    sample: str,
    out: Path,
) -> Manifest:
    return Manifest(
        persona=request.persona,
        base=base.record,
        corpus=corpus,
        run=run,
        sample=sample,
        refresh=refresh,
        lineage=request.lineage,
        versions=versions(),
        files=checksums(out),
    )


def corpus_record(request: TrainRequest, corpus: TokenCorpus) -> CorpusRecord:
    return CorpusRecord(
        accounts=request.accounts,
        duplicates=corpus.duplicates,
        train_posts=len(corpus.train),
        held_out_posts=len(corpus.held_out),
        train_tokens=corpus.n_tokens,
    )


def versions() -> dict[str, str]:
    """What the persona was made with."""
    packages = ("mynah", "torch", "transformers", "peft", "tokenizers", "safetensors")
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}

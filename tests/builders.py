"""Valid values for tests."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from trainer.corpus import AccountCorpus, Counts
from trainer.manifest import BaseRecord, CorpusRecord, FileRecord, Manifest, PointRecord, RunRecord
from trainer.protocol import AccountCounts, ReportCard


def manifest(persona: str = "alice", **changes: Any) -> Manifest:
    """A persona's record, of one account for each handle in its name; `changes` replace whole fields."""
    fields: dict[str, Any] = {
        "persona": persona,
        "created_at": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        "base": BaseRecord(name="bundled", fingerprint="f" * 64, parameters=10_100_000),
        "corpus": corpus_record(*persona.split("-")),
        "run": run_record(),
        "sample": "My dream is soup.",
        "versions": {"torch": "2.13.0", "transformers": "5.23.0"},
        "files": {"adapter_model.safetensors": FileRecord(sha256="0" * 64, n_bytes=1_000)},
    }
    return Manifest(**(fields | changes))


def corpus_record(*handles: str, source: str | None = None) -> CorpusRecord:
    accounts = (account_counts(handle) for handle in handles)
    return CorpusRecord(
        accounts=tuple(one.model_copy(update={"source": source or one.source}) for one in accounts),
        duplicates=1,
        train_posts=80,
        held_out_posts=7,
        train_tokens=2_000,
    )


def account_counts(handle: str) -> AccountCounts:
    return AccountCounts(
        handle=handle,
        source=f"file:/posts/{handle}.jsonl",
        downloaded=100,
        retweets=8,
        short=4,
        kept=88,
        characters=8_000,
    )


def run_of(manifest: Manifest) -> RunRecord:
    """Of a persona that was trained here."""
    assert manifest.run is not None
    return manifest.run


def run_record() -> RunRecord:
    return RunRecord(
        method="lora",
        epochs=2,
        learning_rate=1e-3,
        lora_rank=8,
        token_rows=0,
        batch_tokens=2_048,
        seed=1,
        curve=(
            PointRecord(epoch=1, train_loss=4.0, held_out_loss=4.1),
            PointRecord(epoch=2, train_loss=3.5, held_out_loss=3.9),
        ),
        best_epoch=2,
        bits_per_byte_before=2.0,
        bits_per_byte=1.6,
        seconds=60.0,
        tokens_per_second=1_500.0,
        peak_bytes=600_000_000,
        device="cpu",
    )


def report_card() -> ReportCard:
    return ReportCard(
        bits_per_byte=1.6,
        bits_per_byte_base=2.0,
        bits_per_byte_others=2.2,
        contrast=("bob",),
        generations=100,
        attribution=0.96,
        attribution_ceiling=1.0,
        copied=0.01,
        copied_own=0.02,
        clean=1.0,
        distinct_2=0.9,
        distinct_2_own=0.95,
        length=80.0,
        length_own=85.5,
        seconds=5.0,
    )


def different_texts(n: int, beginning: str = "") -> list[str]:
    """Texts of eight words that no near-duplicate is among."""
    return [beginning + " ".join(_word(random.Random(f"{beginning}{i} {j}")) for j in range(8)) for i in range(n)]


def _word(rng: random.Random) -> str:
    return "".join(rng.choices("aeioubdgklmnprstvz", k=rng.randint(3, 6)))


def account_corpus(handle: str, *texts: str) -> AccountCorpus:
    return AccountCorpus(handle, Counts(len(texts), 0, 0, len(texts), sum(map(len, texts))), texts)

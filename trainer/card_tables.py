"""The tables of a model card, as plain cells: a persona's record → rows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainer.basenames import BUNDLED, is_path
from trainer.manifest import CorpusRecord, Manifest, RunRecord
from trainer.markdown import plain
from trainer.protocol import AccountCounts

MOST_NAME = 80  # characters of a display name
SHORT = 12  # digits of a checksum
SOURCES = {
    "x": "X",
    "bluesky": "Bluesky",
    "mastodon": "Mastodon",
    "file": "a file",
    "sample": "Mynah's samples",
    "stored": "what an earlier training kept",
    "hub": "somewhere that its card doesn't name",
}

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    head: Row
    rows: list[Row]


def names(accounts: Sequence[AccountCounts]) -> list[str]:
    """What the accounts call themselves, in the order in which they were given; a handle where there is nothing."""
    found = [plain(one.name, MOST_NAME) or f"@{one.handle}" for one in accounts]
    return [
        name if found.count(name) == 1 else f"{name} (@{one.handle})" for name, one in zip(found, accounts, strict=True)
    ]


def source(account: AccountCounts) -> str:
    """What kind of place its posts come from, and never which."""
    return SOURCES.get(account.source.partition(":")[0], "elsewhere")


def origins(accounts: Sequence[AccountCounts]) -> list[str]:
    """Each account's name, and where its posts come from."""
    return [f"{name} (from {source(one)})" for name, one in zip(names(accounts), accounts, strict=True)]


def listed(parts: Sequence[str]) -> str:
    """`a, b and c`"""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def base_name(name: str) -> str:
    """A folder on somebody's machine is nobody's business."""
    if name == BUNDLED:
        return "Mynah's own base model"
    return "a base model of the operator's" if is_path(name) else name


def data(manifest: Manifest) -> Table | None:
    """What became of each account's posts; None where nobody counted them. Plain numbers, which programs can read."""
    accounts = manifest.corpus.accounts
    if not any(one.downloaded for one in accounts):
        return None
    rows: list[tuple[str, list[float], bool]] = [
        ("Posts downloaded", [one.downloaded for one in accounts], True),
        ("Retweets", [one.retweets for one in accounts], True),
        ("In other languages", [one.foreign for one in accounts], any(one.foreign for one in accounts)),
        ("Short posts", [one.short for one in accounts], True),
        ("Posts kept", [one.kept for one in accounts], True),
        ("Duplicates", [one.duplicates for one in accounts], _has_duplicates(manifest)),
        ("Details masked", [one.masked.total for one in accounts], any(one.masked.total for one in accounts)),
        ("Weight", [one.weight for one in accounts], any(one.weight != 1 for one in accounts)),
        ("Characters kept", [one.characters for one in accounts], any(one.characters for one in accounts)),
    ]
    head = ("Data", *names(accounts)) if len(accounts) > 1 else ("Data", "Quantity")
    return Table(head, [(label, *map(_number, cells)) for label, cells, is_shown in rows if is_shown])


def _has_duplicates(manifest: Manifest) -> bool:
    """Older records have their number for all accounts together."""
    return manifest.run is not None and sum(one.duplicates for one in manifest.corpus.accounts) == (
        manifest.corpus.duplicates
    )


def _number(value: float) -> str:
    return str(value) if isinstance(value, int) else f"{value:g}"


def procedure(manifest: Manifest) -> Table:
    """Hyper-parameters as recorded, and what the run took."""
    base, run, corpus = manifest.base, manifest.run, manifest.corpus
    rows = [("Base model", f"{base_name(base.name)}, {millions(base.parameters)} parameters")]
    if run is not None:
        rows += [
            *_method(run),
            ("Posts learnt from", f"{corpus.train_posts}{_repeated(corpus)}; {corpus.train_tokens} tokens an epoch"),
            ("Posts held out", str(corpus.held_out_posts)),
            ("Epochs", f"{run.epochs} planned, best after {run.best_epoch:g}"),
            ("Learning rate", f"{run.learning_rate:g} at its peak, then by a cosine to zero"),
            ("Optimizer", "AdamW"),
            ("Batch", f"{run.batch_tokens} tokens"),
            ("Seed", str(run.seed)),
            ("Time", duration(run.seconds)),
            ("Device", f"{run.device.upper()}, {run.tokens_per_second:.0f} tokens a second"),
            ("Peak memory", f"{run.peak_bytes / 1e6:.0f} MB"),
        ]
    if manifest.versions:
        rows.append(("Software", ", ".join(f"{name} {version}" for name, version in manifest.versions.items())))
    rows.append(("Written down", f"{manifest.created_at:%Y-%m-%d}"))
    return Table(("Setting", "Value"), list(rows))


def _repeated(corpus: CorpusRecord) -> str:
    """The smaller of two accounts is read more than once."""
    return ", with repetitions for balance" if len(corpus.accounts) > 1 else ""


def _method(run: RunRecord) -> list[tuple[str, str]]:
    if run.method == "full":
        return [("Method", "fine-tuning of all weights")]
    rows = [("Method", "LoRA, a low-rank adapter"), ("Rank", str(run.lora_rank))]
    return [*rows, ("Token embeddings trained", str(run.token_rows))] if run.token_rows else rows


def curve(run: RunRecord) -> Table:
    """Losses in nats per token; the weights of the lowest held-out loss were kept."""
    rows = [(f"{point.epoch:.2f}", f"{point.train_loss:.3f}", f"{point.held_out_loss:.3f}") for point in run.curve]
    return Table(("Epoch", "Training loss", "Held-out loss"), list(rows))


def lineage(manifest: Manifest) -> Table:
    """What it was made from, by content: the beginnings of SHA-256 checksums."""
    steps = [("Base model's weights", manifest.base.fingerprint)]
    if manifest.lineage is not None:
        posts = [(f"Posts of @{one.handle}", one.sha256) for one in manifest.lineage.posts]
        steps = [*posts, ("Corpus", manifest.lineage.corpus_sha256), *steps]
    steps.append(("This version, as it was trained", manifest.sha256))
    return Table(("Step", "SHA-256"), [(step, digest[:SHORT]) for step, digest in steps])


def millions(n: int) -> str:
    return f"{n / 1e6:.1f} M"


def duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"

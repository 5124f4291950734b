"""What is on the picture of what a persona was made from, step by step. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.domain import Persona
from bot.figures import bytes_text, duration
from bot.pictures.words import Words, one_line, shortened, words
from trainer.card_tables import SHORT, base_name, millions, source
from trainer.corpus import MAX_ACCOUNTS
from trainer.manifest import Manifest, RunRecord
from trainer.protocol import AccountCounts

Row = tuple[str, str]

TITLE, VALUE = 120, 80  # characters
DEVICES = {"cpu": "CPU", "cuda": "GPU", "mps": "GPU"}


@dataclass(frozen=True, slots=True)
class Box:
    """One step; the first box in the next column goes on from it. `face`: a round PNG file in base64, or ""."""

    label: str
    title: Words
    rows: tuple[Row, ...]
    face: str


def _box(label: str, title: str, rows: Iterable[Row], language: str = "", face: str = "") -> Box:
    """Of a record that may be somebody else's: any text may be in it."""
    fit = tuple((name, shortened(one_line(value), VALUE)) for name, value in rows if value)
    return Box(label, words(title, TITLE, language), fit, face)


@dataclass(frozen=True, slots=True)
class PipelineFacts:
    title: str
    columns: tuple[tuple[Box, ...], ...]


def pipeline_facts(persona: Persona, faces: Mapping[str, str]) -> PipelineFacts:
    """`faces` by handle."""
    manifest = persona.manifest
    known = manifest.corpus.accounts[:MAX_ACCOUNTS]
    accounts = tuple(_account(manifest, one, faces.get(one.handle, "")) for one in known)
    if manifest.run is None:
        middle: tuple[tuple[Box, ...], ...] = ((_pulled(manifest),),)
    else:
        middle = ((_corpus(manifest), _start(persona)), (_training(manifest, manifest.run),))
    columns = (accounts, *middle, (_persona(persona),))
    return PipelineFacts(f"How @{persona.name} was made", tuple(filter(None, columns)))


def _account(manifest: Manifest, account: AccountCounts, face: str) -> Box:
    handle, name = f"@{account.handle}", one_line(account.name)
    rows = [("handle", handle)] if name else []
    if account.downloaded:
        rows += [("posts from", source(account)), ("posts", f"{account.downloaded:,}")]
    if len({one.weight for one in manifest.corpus.accounts}) > 1:
        rows.append(("weight", f"{account.weight:g}"))
    rows.append(("SHA-256", manifest.posts_sha256.get(account.handle, "")[:SHORT]))
    language = account.languages[0][0] if account.languages else ""
    return _box("Account", name or handle, rows, language, face)


def _corpus(manifest: Manifest) -> Box:
    corpus, accounts = manifest.corpus, manifest.corpus.accounts
    counts = {
        "retweets left out": sum(one.retweets for one in accounts),
        "too short": sum(one.short for one in accounts),
        "in other languages": sum(one.foreign for one in accounts),
        "near-duplicates": corpus.duplicates,
        "details masked": sum(one.masked.total for one in accounts),
        "learnt from, balanced" if len(accounts) > 1 else "learnt from": corpus.train_posts,
        "held out": corpus.held_out_posts,
    }
    rows = [(label, f"{n:,}") for label, n in counts.items() if n]
    kept = sum(one.kept for one in accounts)
    return _box("Corpus", f"{kept:,} posts kept", (*rows, ("SHA-256", manifest.corpus_sha256[:SHORT])))


def _start(persona: Persona) -> Box:
    """What the training went on from: the base model, or the version before."""
    base, refresh = persona.manifest.base, persona.manifest.refresh
    name = base_name(base.name)
    figures = (("parameters", millions(base.parameters)), ("fingerprint", base.fingerprint[:SHORT]))
    if refresh is None:
        return _box("Base model", name, figures)
    before = (("bits per byte", f"{refresh.bits_per_byte:.2f}"), ("new posts", f"{refresh.new_posts:,}"))
    return _box("Version before", f"Version {refresh.version}", (*before, ("base model", name), *figures))


def _training(manifest: Manifest, run: RunRecord) -> Box:
    rows = (
        ("epochs", f"{run.best_epoch:g} of {run.epochs}"),
        ("tokens an epoch", f"{manifest.corpus.train_tokens:,}"),
        ("learning rate", f"{run.learning_rate:g}"),
        ("seed", f"{run.seed}"),
        ("time", duration(run.seconds)),
        ("device", DEVICES.get(run.device, run.device)),
    )
    return _box("Training", f"LoRA, rank {run.lora_rank}" if run.method == "lora" else "All weights", rows)


def _pulled(manifest: Manifest) -> Box:
    """A model of another kind, of whose training nothing was recorded."""
    origin, base = manifest.origin, manifest.base
    rows = (("parameters", millions(base.parameters)), ("training", "not recorded"))
    if origin is None:
        return _box("Published model", base_name(base.name), rows)
    return _box("Published model", origin.repo, (*rows, ("revision", origin.revision[:SHORT])))


def _persona(persona: Persona) -> Box:
    manifest, run = persona.manifest, persona.manifest.run
    made = f"{manifest.created_at:%Y-%m-%d}"
    rows = [("version", f"{persona.version}"), ("made", made), ("size", bytes_text(persona.n_bytes))]
    if run is not None and manifest.corpus.held_out_posts:
        before = manifest.refresh.bits_per_byte if manifest.refresh else run.bits_per_byte_before
        rows.append(("bits per byte", f"{before:.2f} → {run.bits_per_byte:.2f}"))
    if run is not None and manifest.origin is not None:
        rows.append(("pulled from", manifest.origin.repo))
    return _box("Persona", f"@{persona.name}", (*rows, ("SHA-256", manifest.sha256[:SHORT])))

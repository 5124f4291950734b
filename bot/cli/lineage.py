"""`mynah models show --lineage`: where a persona came from, as text. Pure."""

from __future__ import annotations

from bot.figures import bytes_text
from bot.render import table
from bot.usecases.lineage import Traced
from trainer.manifest import Manifest

SHA = 16  # hexadecimal digits that are shown
STATES = {True: "the same here", False: "CHANGED here", None: "not kept with it"}
TIME = "%Y-%m-%d %H:%M UTC"


def lineage(traced: Traced) -> str:
    """From the posts down to the persona, a step a line: what, how much, its checksum, whether it is still so."""
    persona, manifest = traced.persona, traced.persona.manifest
    head = f"@{persona.name} · version {persona.version} · {manifest.created_at:{TIME}}"
    files = (
        "persona",
        f"{len(manifest.files)} files, {bytes_text(persona.n_bytes)}",
        manifest.sha256[:SHA],
        STATES[traced.files],
    )
    rows = [("step", "what", "sha256", ""), *_posts(traced), *_corpus(manifest), *_base(manifest), files]
    steps = table([(f"  {step}", *rest) for step, *rest in rows])
    return "\n".join([head, *_asked(manifest), steps, *_published(traced)])


def _published(traced: Traced) -> list[str]:
    return [
        f"  published {'for everybody' if one.public else 'in private'}, version {one.version}, {one.at:{TIME}}: "
        f"{one.address}"
        for one in traced.published
    ]


def _asked(manifest: Manifest) -> list[str]:
    lines, lineage, origin = [], manifest.lineage, manifest.origin
    if lineage:
        asked = lineage.hyperparameters.model_dump(exclude_none=True)
        who = f"by {lineage.asked_by}, job {lineage.job}" if lineage.asked_by else "elsewhere"
        lines.append(f"  asked for {who}, {lineage.asked_at:{TIME}}")
        lines.append(f"  settings: {', '.join(f'{name} {value}' for name, value in asked.items())}")
    if origin:
        lines.append(f"  pulled from {origin.repo} at {origin.revision[:SHA]}")
    return lines


def _posts(traced: Traced) -> list[tuple[str, str, str, str]]:
    manifest = traced.persona.manifest
    return [
        (
            "posts",
            f"@{one.handle}: {count(one.downloaded)} from {one.source or 'an unknown place'}",
            manifest.posts_sha256.get(one.handle, "")[:SHA],
            STATES[traced.posts[one.handle]] if one.handle in traced.posts else "",
        )
        for one in manifest.corpus.accounts
    ]


def count(n: int) -> str:
    return f"{n:,}" if n else "?"


def _corpus(manifest: Manifest) -> list[tuple[str, str, str, str]]:
    corpus = manifest.corpus
    if not corpus.train_posts:
        return []
    masked = sum(account.masked.total for account in corpus.accounts)
    what = f"{corpus.train_posts:,} posts to learn, {corpus.held_out_posts:,} held out"
    notes = {"near-duplicates left out": corpus.duplicates, "details masked": masked}
    what += "".join(f", {n:,} {name}" for name, n in notes.items() if n)
    return [("corpus", what, manifest.corpus_sha256[:SHA], "")]


def _base(manifest: Manifest) -> list[tuple[str, str, str, str]]:
    base, run, before = manifest.base, manifest.run, manifest.refresh
    rows = [("base model", f"{base.name}, {base.parameters / 1e6:.1f} M parameters", base.fingerprint[:SHA], "")]
    if before:
        pulled = f" (pulled from {before.origin.repo})" if before.origin else ""
        rows.append(("went on from", f"version {before.version}{pulled}, with {before.new_posts:,} new posts", "", ""))
    if run:
        what = f"{run.method}, {run.best_epoch:g} of {run.epochs} epochs, rate {run.learning_rate:g}, seed {run.seed}"
        rows.append(("training", f"{what}, {run.seconds:.0f} s on {run.device}", "", ""))
    return rows

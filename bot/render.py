"""Replies → plain text. Pure. Pictures of progress are drawn with characters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from wcwidth import wcswidth

from bot.domain import Persona, Utterance
from bot.figures import bytes_text
from bot.languages import language_name
from bot.money import dollars
from bot.replies import Card, Help, JobList, Notice, Page, PersonaList, Reply, Status, Submitted
from bot.texts import Text
from bot.usecases.train import DryRun
from trainer.card_report import percent
from trainer.manifest import Manifest
from trainer.protocol import AccountCounts, Preview, Progress, ReportCard

BAR_CELLS = 20
MAX_NAME = 24  # characters of an account's display name
MIXED = 0.05  # of the posts whose language is known
_EIGHTHS = " ▏▎▍▌▋▊▉█"


def plain(reply: Reply, now: datetime) -> str:
    """A reply as lines of text."""
    match reply:
        case Submitted():
            return submitted(reply)
        case Utterance():
            return utterance(reply)
        case PersonaList():
            return persona_list(reply)
        case Card():
            return card(reply.persona)
        case JobList():
            return job_list(reply, now)
        case Status():
            return status(reply)
        case Help():
            return table([(f"  {usage}", summary) for usage, summary in reply.commands])
        case Page():
            return "\n\n".join(f"{head}\n{body}" for head, body in reply.parts)
        case Notice():
            return reply.text


def submitted(reply: Submitted) -> str:
    waiting = "" if reply.position == 0 else f", {ordinal(reply.position + 1)} in the queue"
    return f"Training @{reply.job.persona} (job {reply.job.id}{waiting}). /cancel {reply.job.id} stops it."


def utterance(reply: Utterance) -> str:
    """Every sample, under a line that names the persona and says that a machine wrote it."""
    head = f"@{reply.persona} · written by a machine"
    if reply.cut:
        head += " · the beginning of your text was too long for me and was left out"
    if not reply.samples and reply.quotes:
        return f"{head}\n  {quotes_note(reply)} Try another beginning."
    if len(reply.samples) == 1 and not reply.quotes:
        return f"{head}\n  {reply.samples[0]}"
    lines = [f"  {number}. {text}" for number, text in enumerate(reply.samples, 1)]
    return "\n".join([head, *lines, *([f"  {quotes_note(reply)}"] if reply.quotes else [])])


def quotes_note(reply: Utterance) -> str:
    """What became of the samples that are missing."""
    which = "Every try" if not reply.samples else f"Every try at {reply.quotes} more"
    return f"{which} came out as a quote from a real post."


def status(reply: Status) -> str:
    """The serving worker in figures."""
    pool, done = reply.pool, reply.generator
    asked = max(1, done.requests)
    leases = pool.hits + pool.misses
    rows = [
        (
            "  In memory",
            f"{done.resident} persona{'' if done.resident == 1 else 's'}, {bytes_text(done.resident_bytes)}",
        ),
        ("  Found there", f"{pool.hits} of {leases} times" if leases else "nobody was asked for yet"),
        ("  Loaded", f"{done.loads} times, {1000 * done.load_seconds / max(1, done.loads):.0f} ms each"),
        ("  Answered", f"{done.requests} requests, {1000 * done.seconds / asked:.0f} ms each"),
        (
            "  First token",
            f"{1000 * done.first_seconds / asked:.0f} ms, {1000 * done.queue_seconds / asked:.0f} of them in the queue",
        ),
        ("  Batch", f"{done.row_steps / max(1, done.steps):.1f} rows a step; {done.rows} now, {done.waiting} waiting"),
        ("  Tokens", f"{done.tokens:,}, {done.row_steps / max(1e-9, done.step_seconds):.0f} a second of work"),
    ]
    return "\n".join(["The serving worker, since its start", table(rows)])


def counted(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def persona_list(reply: PersonaList) -> str:
    if not reply.personas:
        return "No persona yet. Train one: /train @pip_the_lighthouse"
    rows = [("  persona", "version", "posts", "bits per byte", "size")]
    for one in reply.personas:
        mark = "▸ " if one.name == reply.current else "  "
        posts = sum(account.kept for account in one.manifest.corpus.accounts)
        rows.append(
            (
                f"{mark}@{one.name}",
                f"v{one.version}",
                f"{posts:,}" if posts else "?",
                f"{one.manifest.run.bits_per_byte:.2f}" if one.manifest.run else "?",
                bytes_text(one.n_bytes),
            )
        )
    return table(rows)


def job_list(reply: JobList, now: datetime) -> str:
    if not reply.jobs:
        return "No trainings yet."
    rows = [("  job", "persona", "state", "asked", "")]
    for job in reply.jobs:
        note = job.error or ""
        if reply.progress is not None and reply.progress[0] == job.id:
            note = progress_line(reply.progress[1])
        rows.append((f"  {job.id}", f"@{job.persona}", job.state, ago(now - job.created_at), note))
    return table(rows)


def progress_line(progress: Progress) -> str:
    """`train  ████▌     45%  loss 3.21  held out 3.40  0:32 left  2,950 tokens/s`"""
    parts = [f"{progress.stage:<7}"]
    if progress.total:
        parts += [bar(progress.done / progress.total), f"{100 * progress.done // progress.total:3d}%"]
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.2f}")
    if progress.held_out_loss is not None:
        parts.append(f"held out {progress.held_out_loss:.2f}")
    if progress.seconds_left is not None:
        parts.append(f"{clock(progress.seconds_left)} left")
    if progress.tokens_per_second is not None:
        parts.append(f"{progress.tokens_per_second:,.0f} tokens/s")
    return "  ".join(parts)


def bar(share: float, cells: int = BAR_CELLS) -> str:
    """Filled in steps of an eighth of a cell."""
    eighths = round(min(1.0, max(0.0, share)) * cells * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(cells, "·")


def training_table(accounts: Sequence[AccountCounts], told: Callable[[str], str] = str) -> str:
    """The cards' training table: a column for each account. `told` says its words in another language."""
    return table([(f"  {label}", *cells) for label, *cells in training_rows(accounts, told)])


def training_rows(accounts: Sequence[AccountCounts], told: Callable[[str], str] = str) -> list[tuple[str, ...]]:
    """The first one is the head."""
    rows: list[tuple[str, ...]] = [
        (Text("Data"), *(f"@{account.handle}" for account in accounts)),
        (Text("Posts downloaded"), *(f"{account.downloaded:,}" for account in accounts)),
        (Text("Retweets"), *(f"{account.retweets:,}" for account in accounts)),
        (Text("Short posts"), *(f"{account.short:,}" for account in accounts)),
        (Text("Posts kept"), *(f"{account.kept:,}" for account in accounts)),
        (Text("Characters kept"), *(f"{account.characters:,}" for account in accounts)),
    ]
    if any(account.foreign for account in accounts):
        rows.insert(-3, (Text("In other languages"), *(f"{account.foreign:,}" for account in accounts)))
    if any(account.masked.total for account in accounts):
        rows.append((Text("Details masked"), *(f"{account.masked.total:,}" for account in accounts)))
    if len({account.weight for account in accounts}) > 1:
        rows.append((Text("Weight"), *(f"{account.weight:g}" for account in accounts)))
    return [(told(label), *cells) for label, *cells in rows]


def trained(persona: Persona, warn_characters: int) -> str:
    """What a finished training shows: the table, how it went, a warning if there was little text, a first sample."""
    manifest = persona.manifest
    took = f", {clock(manifest.run.seconds)}" if manifest.run else ""
    lines = [
        f"@{persona.name} is ready (version {persona.version}, {bytes_text(persona.n_bytes)}{took}).",
        training_table(manifest.corpus.accounts),
        f"  Held-out posts: {held_out(manifest)}.",
        *(f"  {warning}" for warning in remarks(manifest.corpus.accounts, warn_characters)),
        utterance(Utterance(persona.name, (manifest.sample,))),
    ]
    return "\n".join(lines)


def card(persona: Persona) -> str:
    """A persona's record: training table, run, report card, a sample."""
    manifest = persona.manifest
    lines = [
        f"@{persona.name} · version {persona.version} · {manifest.created_at:%Y-%m-%d} · {bytes_text(persona.n_bytes)}",
        *([training_table(manifest.corpus.accounts)] if n_downloaded(manifest) else ["  Its posts were not counted."]),
        f"  {how_trained(manifest)}",
        report_card(persona.name, manifest.report) if manifest.report else unmeasured(manifest),
        utterance(Utterance(persona.name, (manifest.sample,))),
    ]
    return "\n".join(lines)


def n_downloaded(manifest: Manifest) -> int:
    return sum(account.downloaded for account in manifest.corpus.accounts)


def unmeasured(manifest: Manifest) -> str:
    if manifest.run is None:
        return "Nobody has measured it."
    return "No report card yet: it is still being made, or was interrupted."


def how_trained(manifest: Manifest) -> str:
    base, run = manifest.base, manifest.run
    on = f"Trained on {base.name} ({base.parameters / 1e6:.1f} M parameters)"
    if run is None:
        return f"{on} elsewhere; how was not recorded."
    what = f"rank {run.lora_rank} and {run.token_rows:,} token rows" if run.method == "lora" else "all weights"
    return (
        f"{on}: {what}, {run.best_epoch:g} of {run.epochs} epochs, rate {run.learning_rate:g}, {clock(run.seconds)}, "
        f"{run.tokens_per_second:,.0f} tokens/s, up to {bytes_text(run.peak_bytes)} of memory."
    )


def report_card(name: str, card: ReportCard) -> str:
    """How good a persona is, each figure beside what to compare it with."""
    before = f"{card.bits_per_byte_base:.2f} before training"
    if card.bits_per_byte_others is not None:
        before += f"; {card.bits_per_byte_others:.2f} on others' posts"
    rows = [
        ("  Held-out posts", f"{card.bits_per_byte:.2f} bits per byte", before),
        *attribution_row(card),
        ("  Copies of eight words", percent(card.copied), f"{percent(card.copied_own)} of its real posts"),
        ("  Clean texts", percent(card.clean), f"of {card.generations} generated"),
        ("  Different word pairs", percent(card.distinct_2), f"{percent(card.distinct_2_own)} in its real posts"),
        ("  Length", f"{card.length:.0f} characters", f"{card.length_own:.0f} in its real posts"),
    ]
    return f"Report card of @{name}\n{table(rows)}"


def attribution_row(card: ReportCard) -> list[tuple[str, str, str]]:
    """None when there was too little to measure on."""
    if card.attribution is None or card.attribution_ceiling is None:
        return []
    return [
        ("  Taken for the author", percent(card.attribution), f"{percent(card.attribution_ceiling)} of its real posts")
    ]


def held_out(manifest: Manifest) -> str:
    """What a training has changed."""
    run, refresh = manifest.run, manifest.refresh
    if run is None or not manifest.corpus.held_out_posts:
        return "none, there were too few to hold any out"
    if refresh is None:
        return f"{run.bits_per_byte_before:.2f} bits per byte before, {run.bits_per_byte:.2f} after"
    posts = f"{refresh.new_posts:,} new post{'s'[: refresh.new_posts != 1]}"
    return (
        f"{refresh.bits_per_byte:.3f} bits per byte in version {refresh.version}, {run.bits_per_byte:.3f} with {posts}"
    )


def previewed(preview: Preview) -> str:
    """What is about to be learnt."""
    return "\n".join([training_table(preview.accounts), *whose(preview.accounts), *example_posts(preview.posts)])


def whose(accounts: Sequence[AccountCounts]) -> list[str]:
    """Where posts come from, and who their source says that they are by."""
    return [f"  @{one.handle}: {one.name[:MAX_NAME] or 'posts'}, from {one.source}" for one in accounts]


def example_posts(posts: Sequence[str]) -> list[str]:
    return ["  Posts as they will be learnt, for example:", *(f"    · {post}" for post in posts)]


def remarks(accounts: Sequence[AccountCounts], warn_characters: int) -> list[str]:
    """What a person should know about the accounts' posts."""
    return [
        *(thin(account, warn_characters) for account in accounts if account.characters < warn_characters),
        *(mixed(account) for account in accounts if is_mixed(account)),
        *(masked(account) for account in accounts if account.masked.total),
    ]


def thin(account: AccountCounts, warn_characters: int) -> Text:
    return Text(
        "Only {characters:,} characters of @{handle}: the voice may be thin. From {enough:,} on it gets good.",
        characters=account.characters,
        handle=account.handle,
        enough=warn_characters,
    )


def is_mixed(account: AccountCounts) -> bool:
    """Whether another language than the main one has a part that can be heard."""
    known = sum(n for _, n in account.languages)
    return account.language is None and any(n >= MIXED * known for _, n in account.languages[1:])


def mixed(account: AccountCounts) -> Text:
    """The three languages that an account uses most."""
    found = ", ".join(f"{language_name(code)} ({n:,})" for code, n in account.languages[:3])
    return Text(
        "@{handle} posts in several languages: {found}. To keep one: --lang {code}",
        handle=account.handle,
        found=found,
        code=account.languages[0][0],
    )


def masked(account: AccountCounts) -> Text:
    found = {
        Text("e-mail addresses"): account.masked.emails,
        Text("phone numbers"): account.masked.phones,
        Text("numbers of cards and accounts"): account.masked.cards,
        Text("passwords and keys"): account.masked.keys,
        Text("names of others"): account.masked.mentions,
    }
    parts = [Text("{what}: {n:,}", what=what, n=n) for what, n in found.items() if n]
    return Text(
        "Masked in the posts of @{handle}, so that nobody learns it: {parts}.",
        handle=account.handle,
        parts=listed(parts),
    )


def listed(parts: Sequence[Text]) -> Text:
    """One after the other, each still to be translated."""
    names = [f"part{number}" for number in range(len(parts))]
    template = ", ".join(f"{{{name}}}" for name in names)
    return Text(template, **dict(zip(names, parts, strict=True)))


def dry_run(result: DryRun, warn_characters: int) -> str:
    if any(one.cost for one in result.outlooks):
        return costs(result)
    estimate = "unknown until a first training" if result.seconds is None else f"about {clock(result.seconds)}"
    lines = [
        f"@{result.persona} would be trained on:",
        training_table(result.accounts),
        *whose(result.accounts),
        *(f"  {warning}" for warning in remarks(result.accounts, warn_characters)),
        *example_posts(result.preview),
        *refreshing(result),
        f"  Estimated time: {estimate}.",
    ]
    return "\n".join(lines)


def costs(result: DryRun) -> str:
    """What reading costs, before anything is read."""
    rows = [("  account", "posts", "to read", "cost")]
    for one in result.outlooks:
        posts = "?" if one.n_posts is None else f"{one.n_posts:,}"
        rows.append((f"  {one.account.reference}", posts, f"{one.n_new:,}", dollars(one.cost)))
    left = min(one.left for one in result.outlooks if one.left is not None)
    total = sum(one.cost for one in result.outlooks)
    enough = "" if total <= left else " That is not enough: raise sources.x.monthly_budget, or use an X archive."
    return "\n".join(
        [
            f"@{result.persona} would be read first:",
            table(rows),
            f"  About {dollars(total)} in all; {dollars(max(0, left))} are left of this month's budget.{enough}",
            "  Nothing has been read yet, but who the account is.",
        ]
    )


def refreshing(result: DryRun) -> list[str]:
    if result.version is None:
        return []
    if not result.new_posts:
        return [f"  No new posts since version {result.version}: it would stay as it is; --fresh starts over."]
    return [f"  It goes on from version {result.version}, with {result.new_posts:,} new posts."]


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns two spaces apart: the first one flush left, numbers flush right, the rest flush left."""
    widths = [max(map(wcswidth, column)) for column in zip(*rows, strict=True)]
    numeric = [all(_is_number(cell) for cell in column[1:]) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            padding(cell, width) + cell if right else cell + padding(cell, width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in rows
    )


def padding(cell: str, width: int) -> str:
    """In cells of a terminal: a Japanese character takes two."""
    return " " * (width - wcswidth(cell))


def _is_number(cell: str) -> bool:
    return bool(cell) and cell.replace(",", "").replace(".", "").isdigit()


def clock(seconds: float) -> str:
    """`0:32`, `12:05`, `1:02:03`"""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def ago(span: timedelta) -> str:
    return f"{coarse(span.total_seconds())} ago" if span.total_seconds() >= 60 else "just now"


def coarse(seconds: float) -> str:
    """`32 s`, `12 min`, `3 h`, `5 d`"""
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {name}"
    return f"{max(0, round(seconds))} s"


def ordinal(number: int) -> str:
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"

"""The five cards of tests.seeds, made for real: archives → `mynah train` → `mynah models export` → docs/seeds.

    python -m benchmarks.seed_cards [--only aliceaeterna] [--share 0.1] [--base-model FOLDER] [--out docs/seeds]

Real trainings in one fresh data folder, one after the other, on posts of our own invention: as many as on the card, or
a share of them for a try. Prints, and writes beside the cards, what each card has and ours has, row by row; ends with
1 where they differ.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import hardware, print_report
from tests.markdown import Page
from tests.seeds import SEEDS, Seed, write_archive
from trainer.layout import PICTURES_FOLDER
from trainer.manifest import Manifest, read_manifest

OUT = Path("docs") / "seeds"
HEAD: tuple[str, ...] = ("card", "what", "seed", "Mynah", "same")
RUNS: tuple[str, ...] = (
    "persona",
    "posts learnt from",
    "time",
    "bits per byte before",
    "after",
    "taken for the author",
)
INTRODUCTION = """# The seeds, made again

Cards of public models whose numbers Mynah has to come out with. Each was made by `python -m benchmarks.seed_cards`: as
many posts of each kind as the card counts, of our own invention (nobody named here has written any of them), as
archives of X through `mynah train @… --from …`, and the card by `mynah models export @… --merged`.
"""


@dataclass(frozen=True)
class Made:
    """A seed's persona: its card, its record."""

    seed: Seed
    card: str
    record: Manifest


def mynah(data_dir: Path, base_model: str, *arguments: str) -> None:
    """One command, as somebody types it."""
    settings = {"MYNAH_DATA_DIR": str(data_dir), "MYNAH_TRAINING__MAX_POSTS": "0", "MYNAH_BASE_MODEL": base_model}
    shown = " ".join(re.sub(r".*/", "", argument) for argument in arguments)
    print(f"$ mynah {shown}", flush=True)
    subprocess.run([sys.executable, "-m", "bot", *arguments], env=os.environ | settings, check=True)


def make(seed: Seed, work: Path, base_model: str, out: Path) -> Made:
    """Train it, export it, and put its card and pictures into `out`."""
    archives = [write_archive(account, work) for account in seed.accounts]
    files = [part for path in archives for part in ("--from", str(path))]
    mynah(work / "data", base_model, "train", *(f"@{account.handle}" for account in seed.accounts), *files)
    exported = work / seed.persona
    mynah(work / "data", base_model, "models", "export", f"@{seed.persona}", "--to", str(exported), "--merged")
    pictures = out / seed.persona
    shutil.rmtree(pictures, ignore_errors=True)
    shutil.copytree(exported / PICTURES_FOLDER, pictures)
    card = (exported / "README.md").read_text(encoding="utf-8")
    card = card.replace(f"{PICTURES_FOLDER}/", f"{seed.persona}/")
    (out / f"{seed.persona}.md").write_text(card, encoding="utf-8")
    return Made(seed, card, read_manifest(exported))


def compared(made: Made) -> list[tuple[str, ...]]:
    """What the seed has and what our card has, a row each."""
    page, seed = Page(made.card), made.seed
    ours = {row[0]: row for row in page.table_under("Training data")}
    pairs = [
        ("heading", seed.heading, page.texts[: len(seed.heading)]),
        ("prompt", ["My dream is"], [str(one["text"]) for one in page.metadata["widget"]]),
        *((row[0], row[1:], ours.get(row[0], [""])[1:]) for row in seed.rows),
    ]
    return [
        (seed.persona, what, " / ".join(theirs), " / ".join(mine), "yes" if theirs == mine else "NO")
        for what, theirs, mine in pairs
    ]


def ran(made: Made) -> tuple[str, ...]:
    run, report = made.record.run, made.record.report
    assert run is not None
    author = "" if report is None or report.attribution is None else f"{report.attribution:.0%}"
    before, after = f"{run.bits_per_byte_before:.3f}", f"{run.bits_per_byte:.3f}"
    return (f"@{made.seed.persona}", str(made.record.corpus.train_posts), f"{run.seconds:.0f} s", before, after, author)


def markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *others = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *others])


def write_page(out: Path, rows: list[tuple[str, ...]], runs: list[tuple[str, ...]]) -> None:
    cards = "\n".join(f"- [{name}]({name}.md)" for name in dict.fromkeys(row[0] for row in rows[1:]))
    parts = [INTRODUCTION, cards, "", markdown(rows), "", f"The trainings, on {hardware()}:", "", markdown(runs), ""]
    (out / "README.md").write_text("\n".join(parts), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=[seed.persona for seed in SEEDS], help="some of them")
    parser.add_argument("--share", type=float, default=1.0, help="of each kind of post, for a try")
    parser.add_argument("--base-model", default="bundled")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    seeds = [seed.scaled(args.share) for seed in SEEDS if not args.only or seed.persona in args.only]
    with tempfile.TemporaryDirectory() as work:
        all_made = [make(seed, Path(work), args.base_model, args.out) for seed in seeds]
    rows = [HEAD, *(row for made in all_made for row in compared(made))]
    runs = [RUNS, *map(ran, all_made)]
    write_page(args.out, rows, runs)
    print_report("The seeds' cards, and ours", rows)
    print_report("Their trainings", runs)
    sys.exit(any(row[-1] == "NO" for row in rows))


if __name__ == "__main__":
    main()

"""What is known of a published model, as a persona's record: its own, where Mynah has made it, or hardly anything."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
from huggingface_hub import metadata_load

from trainer.corpus import MAX_ACCOUNTS, on_one_line
from trainer.foreign import ASK, Refused, read_object
from trainer.layout import CARD, CONFIG, MOST_CARD_BYTES
from trainer.manifest import (
    MANIFEST,
    BaseRecord,
    CorpusRecord,
    Manifest,
    checksums,
    public,
    read_manifest,
    verify,
)
from trainer.protocol import AdoptRequest
from trainer.quotes import QUOTES_FILE, read_quotes

NAME_CHARACTERS = 100
_HANDLE = re.compile(r"[A-Za-z0-9_@][A-Za-z0-9_.@]{0,63}")
_HUB_NAME = re.compile(r"(\w[\w.-]{0,95}/)?\w[\w.-]{0,95}", re.ASCII)


def own_record(folder: Path, whole: bool) -> Manifest | None:
    """Of a persona that Mynah has published, a whole model or an adapter; None where this is none.

    Raises DamagedPersona, Refused or OSError.
    """
    if not (folder / MANIFEST).is_file():
        return None
    if (folder / MANIFEST).stat().st_size > MOST_CARD_BYTES:
        raise Refused(f"Its {MANIFEST} is too large to be one. {ASK}")
    manifest = read_manifest(folder)
    if manifest.is_whole != whole:
        return None
    accounts = manifest.corpus.accounts
    # Files are called by these names.
    if not 1 <= len(accounts) <= MAX_ACCOUNTS or not all(_HANDLE.fullmatch(one.handle) for one in accounts):
        raise Refused(f"Its {MANIFEST} names accounts that can't be any. {ASK}")
    if any(Path(name).name != name for name in manifest.files):
        raise Refused(f"Its {MANIFEST} names files that are elsewhere. {ASK}")
    return verify(folder)


def copy_quotes(folder: Path, out: Path) -> None:
    """The index of quotes, if there is one. Raises Refused or OSError."""
    if not (folder / QUOTES_FILE).is_file():
        return
    shutil.copyfile(folder / QUOTES_FILE, out / QUOTES_FILE)
    try:
        quotes = read_quotes(out)
    except Exception as error:  # whatever safetensors makes of it
        raise Refused(f"Its {QUOTES_FILE} can't be read. {ASK}") from error
    hashes = quotes.hashes if quotes else np.empty(0)
    if hashes.dtype != np.uint32 or hashes.ndim != 1 or np.any(hashes[1:] < hashes[:-1]):
        raise Refused(f"Its {QUOTES_FILE} is no index of quotes. {ASK}")


def as_own(record: Manifest, request: AdoptRequest, sample: str, out: Path) -> Manifest:
    """The record that it came with, of the files that are in `out` now.

    Its posts are there, wherever they came from: nothing here may read an account because a stranger's record says so.
    """
    clean = Manifest.model_validate(_cleaned(public(record).model_dump(mode="json")))
    source = {"source": f"hub:{request.origin.repo}"}
    accounts = tuple(account.model_copy(update=source) for account in clean.corpus.accounts)
    corpus = clean.corpus.model_copy(update={"accounts": accounts})
    changes = {"persona": request.persona, "corpus": corpus, "sample": sample, "origin": request.origin}
    return clean.model_copy(update=changes | {"files": checksums(out)})


def as_foreign(base: BaseRecord, request: AdoptRequest, sample: str, out: Path, versions: dict[str, str]) -> Manifest:
    """Nobody recorded how it was trained; `accounts` say on what, as far as that is known."""
    return Manifest(
        persona=request.persona,
        base=base,
        corpus=CorpusRecord(accounts=request.accounts, duplicates=0, train_posts=0, held_out_posts=0, train_tokens=0),
        run=None,
        sample=sample,
        origin=request.origin,
        versions=versions,
        files=checksums(out),
    )


def _cleaned(value: Any) -> Any:
    """Every text of a record, fit for a terminal, and not long."""
    if isinstance(value, str):
        return on_one_line(value)[:NAME_CHARACTERS]
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    return {_cleaned(key): _cleaned(one) for key, one in value.items()} if isinstance(value, dict) else value


def base_name(folder: Path) -> str:
    """What a whole model was made from: by its card, or its config.json, or else only of what kind it is."""
    config = read_object(folder / CONFIG)
    card = _front_matter(folder / CARD).get("base_model")
    for name in (card[0] if isinstance(card, list) and card else card, config.get("_name_or_path")):
        if isinstance(name, str) and _HUB_NAME.fullmatch(name):
            return name
    return str(config.get("model_type"))


def _front_matter(card: Path) -> dict[str, Any]:
    if not card.is_file() or card.stat().st_size > MOST_CARD_BYTES:
        return {}
    try:
        return metadata_load(card) or {}
    except Exception:  # it's a stranger's YAML, and not needed
        return {}

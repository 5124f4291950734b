"""What a training's runs use and make, told apart by content. Pure, no torch.

What is known of one is the same whenever it is told, so that back ends see the same version again. No posts, no paths,
nothing of who asked: a project may be public.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath

from pydantic import JsonValue

from trainer.basenames import is_path
from trainer.digest import text_sha256
from trainer.manifest import BaseRecord, CorpusRecord, Manifest
from trainer.protocol import AccountCounts, PostsDigest, TrainRequest
from trainer.tracking.events import Artifact

MAX_NAME = 100  # W&B takes 128 characters, together with what it adds
_COUNTS = {"duplicates", "train_posts", "held_out_posts"}
_PRIVATE = {"source", "name", "bio"}  # of an account
_UNFIT = re.compile(r"[^A-Za-z0-9._-]")
Files = Mapping[str, str]  # path by name


def posts_artifact(account: AccountCounts, digest: PostsDigest) -> Artifact:
    """An account's posts as they were read; never they themselves, which nobody has masked."""
    about: dict[str, JsonValue] = {
        "handle": account.handle,
        "network": network(account),
        "posts": account.downloaded,
        "sha256": digest.sha256,
    }
    return Artifact(name=fit(f"posts-{account.handle}"), type="dataset", sha256=digest.sha256, about=about)


def corpus_artifact(request: TrainRequest, record: CorpusRecord, sha256: str, files: Files) -> Artifact:
    about: dict[str, JsonValue] = {
        "sha256": sha256,
        "accounts": accounts(record),
        "made_from": {account.handle: digest.sha256 for account, digest in posts_of(request)},
        **record.model_dump(include=_COUNTS),
    }
    return Artifact(
        name=fit(f"corpus-{request.persona}"), type="dataset", sha256=sha256, about=about, files=dict(files)
    )


def base_artifact(base: BaseRecord) -> Artifact:
    """Never its files: it comes with Mynah, or from where its name says, and the training leaves it as it is."""
    about = base_facts(base)
    return Artifact(name=fit(f"base-{about['name']}"), type="model", sha256=base.fingerprint, about=about)


def persona_artifact(manifest: Manifest, files: Files) -> Artifact:
    about: dict[str, JsonValue] = {
        "persona": manifest.persona,
        "created_at": manifest.created_at.isoformat(),
        "sha256": manifest.sha256,
        "method": manifest.method,
        "made_from": {
            "corpus": manifest.lineage.corpus_sha256 if manifest.lineage else None,
            "base_model": base_facts(manifest.base),
        },
        "bits_per_byte": manifest.run.bits_per_byte if manifest.run else None,
        "files": {name: record.sha256 for name, record in manifest.files.items()},
    }
    return Artifact(
        name=fit(f"persona-{manifest.persona}"), type="model", sha256=manifest.sha256, about=about, files=dict(files)
    )


def posts_of(request: TrainRequest) -> list[tuple[AccountCounts, PostsDigest]]:
    """The accounts whose posts have a digest."""
    digests = {digest.handle: digest for digest in request.lineage.posts} if request.lineage else {}
    return [(account, digests[account.handle]) for account in request.accounts if account.handle in digests]


def accounts(record: CorpusRecord) -> dict[str, JsonValue]:
    """The training table, by handle."""
    return {
        account.handle: {"network": network(account), **account.model_dump(mode="json", exclude=_PRIVATE | {"handle"})}
        for account in record.accounts
    }


def network(account: AccountCounts) -> str:
    """Or whatever kind of source it was: "x", "file"."""
    return account.source.partition(":")[0]


def base_facts(base: BaseRecord) -> dict[str, JsonValue]:
    """Of a base model in a folder of somebody's only the folder's own name."""
    name = PurePath(base.name).name if is_path(base.name) else base.name
    return {"name": name, "sha256": base.fingerprint, "parameters": base.parameters}


def fit(name: str) -> str:
    """As an artifact may be called everywhere; names that differ still do."""
    plain = _UNFIT.sub("-", name)[:MAX_NAME]
    return plain if plain == name else f"{plain}-{text_sha256(name)[:6]}"

"""A persona's model card, from its record: front matter for hubs, Markdown for people. No torch.

What strangers have written (names, bios, samples, whole records of pulled models) is escaped wherever the template
shows it; posts, their authors' pages, folders of this machine and who asked for a training are never in it.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from markupsafe import Markup

from trainer import card_tables
from trainer.basenames import is_path
from trainer.card_report import report
from trainer.manifest import Manifest
from trainer.markdown import escaped, plain
from trainer.protocol import FIRST_PROMPT, AccountCounts

if TYPE_CHECKING:
    from huggingface_hub import EvalResult
    from jinja2 import Template

TEMPLATE = Path(__file__).parent / "card.md.jinja"
SPOKEN = 0.05  # of an account's posts: a language that can be heard
_LANGUAGE = re.compile(r"[a-z]{2,3}")


@dataclass(frozen=True)
class Published:
    """How a persona is given away.

    `place` is what code names: `org/name` on a hub, or a folder. `address` is where its files can be read by URL, ""
    where they can't. `adapter` and `merged` are the subfolders of these forms ("": the root); None: it isn't there.
    `base` is what the adapter is loaded on: a hub name, or a subfolder of its own where `own_base`. `pictures` are the
    paths of those that there are, by name: share, loss, pipeline, and `@handle` for an account's.
    """

    place: str
    address: str
    adapter: str | None
    merged: str | None
    base: str
    own_base: bool
    pictures: dict[str, str]


def model_card(manifest: Manifest, published: Published) -> str:
    """Markdown with front matter, as hubs show it. `manifest` is a public one."""
    accounts = manifest.corpus.accounts
    return _template().render(
        front_matter=Markup(front_matter(manifest, published)),
        manifest=manifest,
        published=published,
        accounts=accounts,
        names=card_tables.names(accounts) or [f"@{manifest.persona}"],
        pictures={name: Markup(quote(path)) for name, path in published.pictures.items()},
        base=hub_base(manifest, published),
        trained_on=card_tables.listed(card_tables.origins(accounts)),
        prompt=FIRST_PROMPT,
        tables=card_tables,
        report_table=report,
    )


def _template() -> Template:
    """Imported where it is used: starting the bot needn't wait for it."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True,  # what the template itself says is Markup, and all else goes through `finalize`
        finalize=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"code": _code, "argument": _argument}
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def _code(text: str) -> Markup:
    """A string in Python."""
    return Markup(json.dumps(plain(text), ensure_ascii=False))


def _argument(text: str) -> Markup:
    """An argument in a shell."""
    return Markup(shlex.quote(plain(text)))


def front_matter(manifest: Manifest, published: Published) -> str:
    """YAML that hubs read: https://huggingface.co/docs/hub/model-cards#model-card-metadata"""
    from huggingface_hub import ModelCardData

    base = hub_base(manifest, published)
    merged = published.merged is not None
    share = published.pictures.get("share")
    found = ModelCardData(
        language=languages(manifest.corpus.accounts),
        license="other",
        library_name="transformers" if merged else "peft",
        pipeline_tag="text-generation",
        tags=["mynah", "persona", "text-generation", *(["lora"] if manifest.method == "lora" else [])],
        base_model=base,
        base_model_relation=base and ("finetune" if merged else "adapter"),
        thumbnail=f"{published.address}/{quote(share)}" if published.address and share else None,
        widget=[{"text": FIRST_PROMPT}],
        model_name=plain(manifest.persona),
        eval_results=_results(manifest),
    )
    return found.to_yaml()


def hub_base(manifest: Manifest, published: Published) -> str | None:
    """The base model's name on the hub, where it has one; of a pulled model it may be no more than a kind: llama."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    name = manifest.base.name
    if published.own_base or is_path(name) or (manifest.run is None and "/" not in name):
        return None
    try:
        validate_repo_id(name)
    except HFValidationError:  # what somebody else's record calls it
        return None
    return name


def languages(accounts: Sequence[AccountCounts]) -> str | list[str]:
    """ISO 639 codes: those that an account's posts were chosen by, or that it mostly writes in; else English."""
    codes = dict.fromkeys(code for one in accounts for code in _languages(one) if _LANGUAGE.fullmatch(code))
    found = list(codes) or ["en"]
    return found[0] if len(found) == 1 else found


def _languages(account: AccountCounts) -> list[str]:
    known = sum(n for _, n in account.languages)
    return [account.language] if account.language else [code for code, n in account.languages if n >= SPOKEN * known]


def _results(manifest: Manifest) -> list[EvalResult] | None:
    """Bits per byte, in the form that hubs compare models by."""
    from huggingface_hub import EvalResult

    run = manifest.run
    if run is None or not manifest.corpus.held_out_posts:
        return None
    result = EvalResult(
        task_type="text-generation",
        dataset_type="posts",
        dataset_name="Posts of the account, held out",
        metric_type="bits_per_byte",
        metric_name="Bits per byte",
        metric_value=round(run.bits_per_byte, 3),
    )
    return [result]

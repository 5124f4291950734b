"""A persona's model card, from its record. No torch."""

from __future__ import annotations

from dataclasses import dataclass

from trainer.manifest import Manifest


@dataclass(frozen=True)
class Published:
    """How a persona is given away.

    `place` is what code names: `org/name` on a hub, or a folder. `address` is where its files can be read by URL, ""
    where they can't. `adapter` and `merged` are the subfolders of these forms ("": the root); None: it isn't there.
    `base` is what the adapter is loaded on: a hub name, or a subfolder of its own where `own_base`. `pictures` are the
    paths of those that there are, by name: share, loss, pipeline, and each account's handle for its avatar.
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
    raise NotImplementedError

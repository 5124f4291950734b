"""Mastodon: live reading, of instances that the operator has named; see `mastodon_archive` for people's own archives.

https://docs.joinmastodon.org/methods/accounts/#statuses. Two GETs; the client library is synchronous.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field, RootModel

from bot.domain import About, AccountSource, Outlook, Profile
from bot.errors import NotAllowed, NotFound, UserError
from bot.handles import MASTODON
from bot.ports import FetchProgress, unheard
from bot.settings import MastodonSettings
from bot.sources.html import html_text
from bot.sources.networks.accounts import Account, AccountStore, Gap
from bot.sources.networks.patience import HASTY, PATIENT, Patience, waiting
from bot.sources.networks.walk import Page, ReadPage, Walk, network_post
from bot.sources.networks.web import Refused, Web, keep_avatar
from bot.texts import Text
from trainer.corpus import Post

PAGE = 40  # posts, the most that Mastodon gives
PUBLIC = {"public", "unlisted"}


class _Account(BaseModel):
    id: str
    display_name: str = ""
    note: str = ""
    avatar_static: str | None = None
    statuses_count: int = 0


class _Status(BaseModel):
    id: str = Field(pattern=r"^[0-9A-Za-z]{1,40}$")
    created_at: str = ""
    content: str = ""
    visibility: str = ""
    language: str | None = None
    reblog: dict[str, object] | None = None


class _Statuses(RootModel[tuple[_Status, ...]]):
    pass


@dataclass(frozen=True)
class MastodonSource:
    """References are `mastodon:<user>@<instance>`. `base` gives an instance's address."""

    store: AccountStore
    web: Web
    settings: MastodonSettings
    base: Callable[[str], str] = "https://{}".format
    patience: Patience = PATIENT

    @property
    def about(self) -> About:
        return About(
            name="Mastodon",
            state=f"on for {', '.join(self.settings.instances)}"
            if self.settings.instances
            else "off: name the servers whose rules allow it in sources.mastodon.instances",
            example="@alice@mastodon.example, https://mastodon.example/@alice",
            cost="none",
            login="none",
            terms="Each server has its own; many, mastodon.social among them, forbid training on their members' posts. "
            "A person's own archive is fine: see Files.",
        )

    def resolve(self, handle: str, keepers: Collection[str] | None = None) -> AccountSource | None:
        """Those that were read before."""
        return self.store.resolve(handle)

    def at_hand(self) -> list[AccountSource]:
        return self.store.at_hand()

    async def here(self, account: AccountSource) -> list[Post]:
        return await asyncio.to_thread(self.store.posts, _name(account))

    async def look(self, account: AccountSource, limit: int) -> Outlook:
        """Raises UserError."""
        known = await self._account(_name(account), HASTY, unheard)
        return Outlook(account, known.n_posts)

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """Raises UserError."""
        name = _name(account)
        async with self.store.reading(name, progress):
            known = await self._account(name, self.patience, progress)
            walk = Walk(self.store, name, self._reader(name, known.id), _newest, self.patience)
            posts = await walk.latest(known, limit, progress)
            await keep_avatar(self.web, known.avatar_url, self.store.avatar(name))
        if not posts:
            raise NotFound(Text("@{handle} has no public posts on Mastodon.", handle=name))
        return posts

    async def profile(self, account: AccountSource) -> Profile | None:
        return await asyncio.to_thread(self.store.profile, _name(account))

    async def _account(self, name: str, patience: Patience, progress: FetchProgress) -> Account:
        host = name.partition("@")[2]
        if host not in self.settings.instances:
            raise NotAllowed(
                Text(
                    "I don't read from {host}: many Mastodon servers forbid training on their members' posts, so each "
                    "one has to be allowed by the operator, in sources.mastodon.instances. Your own posts are yours: "
                    "ask your server for your archive, and give me that.",
                    host=host,
                )
            )
        place = f"{self.base(host)}/api/v1/accounts/lookup"
        try:
            found = await patience.ask(lambda: self.web.get(place, {"acct": name}, _Account), waiting(progress, 0, 0))
        except Refused as error:
            raise _explained(error, name) from error
        news = {
            "name": found.display_name or name,
            "bio": html_text(found.note),
            "n_posts": found.statuses_count,
            "avatar_url": found.avatar_static,
        }
        return self.store.renewed(name, found.id, news)

    def _reader(self, name: str, identity: str) -> ReadPage:
        host = name.partition("@")[2]

        async def read(gap: Gap, wanted: int) -> Page:
            query = {"limit": str(PAGE)}
            query |= {"since_id": gap.since} if gap.since else {}
            query |= {"max_id": gap.cursor} if gap.cursor else {}
            place = f"{self.base(host)}/api/v1/accounts/{identity}/statuses"
            try:
                answer = await self.web.get(place, query, _Statuses)
            except Refused as error:
                raise _explained(error, name) from error
            posts = tuple(_post(one) for one in answer.root if one.visibility in PUBLIC)
            return Page(posts, answer.root[-1].id if answer.root else None)

        return read


def _post(status: _Status) -> Post:
    boost = status.reblog is not None
    return network_post(html_text(status.content), boost, status.created_at, status.id, status.language)


def _newest(posts: Sequence[Post]) -> str:
    """Ids grow with time; they are numbers of up to 20 digits."""
    return max((post.id for post in posts if post.id), key=lambda text: (len(text), text))


def _name(account: AccountSource) -> str:
    scheme, _, name = account.reference.partition(":")
    if scheme != MASTODON or "@" not in name:
        raise NotFound(Text("The posts of @{handle} are not on Mastodon.", handle=account.handle))
    return name


def _explained(error: Refused, name: str) -> UserError:
    if error.status == 410:
        return NotFound(Text("The account @{handle} is suspended on its server.", handle=name))
    if error.status == 404:
        return NotFound(Text("There is no @{handle} on Mastodon. Check the spelling.", handle=name))
    return NotAllowed(
        Text(
            "The server of @{handle} doesn't show its posts without a login ({status}).",
            handle=name,
            status=error.status,
        )
    )

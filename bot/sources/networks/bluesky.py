"""Bluesky: public posts, free and without a login, from its AppView.

Two GETs do not pull a client library's weight (atproto 0.0.73: 0.9 s of imports, 40 MB). What an account declares about
synthetic content is in a record of its own, on the server that keeps its posts
(https://github.com/bluesky-social/proposals/tree/main/0008-user-intents).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field

from bot.domain import About, AccountSource, Outlook, Profile
from bot.errors import NotAllowed, NotFound, UserError
from bot.handles import BLUESKY
from bot.ports import FetchProgress, unheard
from bot.settings import BlueskySettings
from bot.sources.networks.accounts import AccountStore, Gap
from bot.sources.networks.bluesky_posts import Feed, ProfileView, feed_post
from bot.sources.networks.patience import HASTY, PATIENT, Patience, TryLater, waiting
from bot.sources.networks.walk import Page, Walk
from bot.sources.networks.web import Refused, Web, keep_avatar
from bot.sources.posts import parse_date
from bot.texts import Text
from trainer.corpus import Post

PAGE = 100  # posts, the most that the AppView gives
DECLARATIONS = ("org.user-intents.declaration", "org.user-intents.demo.declaration")
# A server of the usual kind: strangers say where theirs is, and nobody is to be sent to machines of our own network.
ORDINARY = re.compile(r"https://([a-z0-9-]+\.)+[a-z][a-z0-9-]*/?", re.IGNORECASE)
NO_HANDLE = "handle.invalid"  # what the AppView says of an account whose handle isn't its own
HIDDEN = "!no-unauthenticated"  # a label by which an account asks not to be shown to those without a login


class _Service(BaseModel):
    id: str
    endpoint: str = Field(alias="serviceEndpoint")


class _Document(BaseModel):
    service: tuple[_Service, ...] = ()


class _Intent(BaseModel):
    allow: bool | None = None


class _Declared(BaseModel):
    synthetic: _Intent = Field(_Intent(), alias="syntheticContentGeneration")


class _Record(BaseModel):
    value: _Declared


@dataclass(frozen=True)
class BlueskySource:
    """References are `bluesky:<handle>`."""

    store: AccountStore
    web: Web
    settings: BlueskySettings
    patience: Patience = PATIENT

    @property
    def about(self) -> About:
        return About(
            name="Bluesky",
            state="on" if self.settings.enabled else "off: set sources.bluesky.enabled",
            example="@alice.bsky.social, bsky:alice, did:plc:…, https://bsky.app/profile/alice.example",
            cost="none",
            login="none",
            terms="Posts are public; deletion on request is expected. Accounts that declare that they don't want to be "
            "used for synthetic content, or to be seen without a login, are not read.",
        )

    def resolve(self, handle: str, keepers: Collection[str] | None = None) -> AccountSource | None:
        """Those that were read before."""
        return self.store.resolve(handle)

    def at_hand(self) -> list[AccountSource]:
        return self.store.at_hand()

    async def here(self, account: AccountSource) -> list[Post]:
        return await asyncio.to_thread(self.store.posts, _name(account))

    async def look(self, account: AccountSource, limit: int) -> Outlook:
        """Who it is, by its handle even where it was named by its DID. Raises UserError."""
        known = await self._account(_name(account), HASTY, unheard)
        named = account
        if account.reference.startswith(f"{BLUESKY}:did:"):
            named = self.store.source(known.handle)
        if known.handle == NO_HANDLE:
            raise NotFound(Text("That account has no valid handle on Bluesky at the moment."))
        return Outlook(named, known.posts_count)

    async def fetch(self, account: AccountSource, limit: int, progress: FetchProgress) -> list[Post]:
        """Raises UserError."""
        name = _name(account)
        async with self.store.reading(name, progress):
            view = await self._account(name, self.patience, progress)
            known = self.store.renewed(name, view.did, _news(view))
            walk = Walk(self.store, name, lambda gap, n: self._page(name, view.did, gap), _newest, self.patience)
            posts = await walk.latest(known, limit, progress)
            await keep_avatar(self.web, known.avatar_url, self.store.avatar(name))
        if not posts:
            raise NotFound(Text("@{handle} has no posts on Bluesky.", handle=account.handle))
        return posts

    async def profile(self, account: AccountSource) -> Profile | None:
        return await asyncio.to_thread(self.store.profile, _name(account))

    async def _account(self, name: str, patience: Patience, progress: FetchProgress) -> ProfileView:
        """Raises UserError, NotAllowed among them."""
        if not self.settings.enabled:
            raise NotFound(Text("Bluesky is switched off here, by sources.bluesky.enabled."))
        try:
            view = await patience.ask(lambda: self._profile(name), waiting(progress, 0, 0))
            if any(label.val == HIDDEN for label in view.labels):
                raise NotAllowed(
                    Text("@{handle} asks Bluesky not to show its posts to those without a login.", handle=view.handle)
                )
            if await patience.ask(lambda: self._declines(view.did), waiting(progress, 0, 0)):
                raise NotAllowed(
                    Text("@{handle} has declared that nobody may generate posts from its own.", handle=view.handle)
                )
        except Refused as error:
            raise _explained(error, name) from error
        return view

    async def _profile(self, name: str) -> ProfileView:
        return await self.web.get(self._xrpc("app.bsky.actor.getProfile"), {"actor": name}, ProfileView)

    async def _page(self, name: str, did: str, gap: Gap) -> Page:
        query = {"actor": did, "limit": str(PAGE), "filter": "posts_with_replies"}
        if gap.cursor:
            query["cursor"] = gap.cursor
        try:
            feed = await self.web.get(self._xrpc("app.bsky.feed.getAuthorFeed"), query, Feed)
        except Refused as error:
            raise _explained(error, name) from error
        found = [post for item in feed.feed if (post := feed_post(item, did))]
        since = parse_date(gap.since)
        posts = tuple(post for post in found if not (since and post.created_at and post.created_at < since))
        stuck = feed.cursor == gap.cursor
        return Page(posts, None if stuck or len(posts) < len(found) else feed.cursor)

    async def _declines(self, did: str) -> bool:
        """Raises TryLater where it can't be asked: then nobody knows."""
        server = await self._server(did)
        for collection in DECLARATIONS:
            query = {"repo": did, "collection": collection, "rkey": "self"}
            try:
                record = await self.web.get(f"{server}/xrpc/com.atproto.repo.getRecord", query, _Record)
            except Refused:
                continue
            if record.value.synthetic.allow is False:
                return True
        return False

    async def _server(self, did: str) -> str:
        """Where an account's records are."""
        place = f"{self.settings.directory}/{did}"
        if did.startswith("did:web:"):
            host = f"https://{did.removeprefix('did:web:')}"
            place = f"{host}/.well-known/did.json" if ORDINARY.fullmatch(host) else place
        document = await self.web.get(place, {}, _Document)
        for service in document.service:
            own = service.endpoint == self.settings.directory
            if service.id.endswith("#atproto_pds") and (own or ORDINARY.fullmatch(service.endpoint)):
                return service.endpoint.rstrip("/")
        raise TryLater(Text("Bluesky doesn't say where the account's declarations are."))

    def _xrpc(self, method: str) -> str:
        return f"{self.settings.appview}/xrpc/{method}"


def _name(account: AccountSource) -> str:
    scheme, _, name = account.reference.partition(":")
    if scheme != BLUESKY or not name:
        raise NotFound(Text("The posts of @{handle} are not on Bluesky.", handle=account.handle))
    return name


def _news(view: ProfileView) -> dict[str, object]:
    return {
        "name": view.display_name or view.handle,
        "bio": view.description,
        "n_posts": view.posts_count,
        "avatar_url": view.avatar,
    }


def _newest(posts: Sequence[Post]) -> str:
    return max(post.created_at.isoformat() for post in posts if post.created_at)


def _explained(error: Refused, name: str) -> UserError:
    if error.error in {"AccountTakedown", "AccountDeactivated"}:
        return NotFound(Text("The account @{handle} is suspended or deactivated on Bluesky.", handle=name))
    if error.status in {400, 404}:
        return NotFound(Text("There is no @{handle} on Bluesky. Check the spelling.", handle=name))
    return NotAllowed(Text("Bluesky doesn't let me read @{handle} ({status}).", handle=name, status=error.status))

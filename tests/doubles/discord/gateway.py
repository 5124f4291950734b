"""The gateway: who identifies, who resumes, and what is dispatched to whom."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import WSMsgType, web

from tests.doubles.discord.links import Link, Session

if TYPE_CHECKING:
    from tests.doubles.discord.world import World

Json = dict[str, Any]

GUILDS, MEMBERS, GUILD_MESSAGES, DM_MESSAGES, MESSAGE_CONTENT = 1, 1 << 1, 1 << 9, 1 << 12, 1 << 15
RECONNECT, INVALID, HELLO, ACK = 7, 9, 10, 11  # what is only sent
BAD_TOKEN, ALREADY, BAD_SHARD, SHARDING_REQUIRED, DECODE_ERROR = 4004, 4005, 4010, 4011, 4002


class Gateway:
    def __init__(self, world: World, compress: bool, heartbeat_interval: float) -> None:
        self.world = world
        self.compress = compress
        self.heartbeat_interval = heartbeat_interval
        self.sessions: dict[int, Session] = {}  # by shard
        self.shards = 1  # as the bot counts them
        self.identified = 0
        self.resumed = 0
        self.heartbeats = 0
        self.presence: Json = {}
        self._links: set[Link] = set()
        self._last_interaction: tuple[Json, int | None] | None = None

    @property
    def intents(self) -> int:
        return next((session.intents for session in self.sessions.values()), 0)

    @property
    def complete(self) -> bool:
        """Every shard that the bot spoke of is there."""
        linked = [session for session in self.sessions.values() if session.link is not None]
        return len(linked) == self.shards and bool(linked)

    def session_of(self, guild: int | None) -> Session | None:
        return self.sessions.get((guild >> 22) % self.shards if guild else 0)

    def dispatch(self, event: str, data: Json, guild: int | None, intent: int = 0) -> None:
        session = self.session_of(guild)
        if session is not None and session.intents & intent == intent:
            session.dispatch(event, data)

    def interaction(self, data: Json, guild: int | None) -> None:
        self._last_interaction = data, guild
        self.dispatch("INTERACTION_CREATE", data, guild)

    def repeat_interaction(self) -> None:
        assert self._last_interaction is not None, "there was no interaction"
        self.dispatch("INTERACTION_CREATE", *self._last_interaction)

    def cut(self, resumable: bool) -> None:
        if not resumable:
            for session in self.sessions.values():
                session.id += " (dead)"
        for link in list(self._links):
            link.cut()

    def ask_reconnect(self) -> None:
        for link in self._links:
            link.send({"op": RECONNECT, "d": None})

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        wanted = request.query.get("compress") == "zlib-stream"
        link = Link(socket, request, wanted and self.compress)
        self._links.add(link)
        try:
            await self._serve(link)
        finally:
            self._links.discard(link)
            link.detach()
            self._forget(link)
            self.world.changes.tell()
        return socket

    def _forget(self, link: Link) -> None:
        """A client that closes with 1000 ends its session too."""
        session = link.session
        if session and session.link is None and link.socket.close_code in (1000, 1001):
            session.id += " (ended)"

    async def _serve(self, link: Link) -> None:
        link.send({"op": HELLO, "d": {"heartbeat_interval": int(self.heartbeat_interval * 1000)}})
        async for message in link.socket:
            if message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                await self._receive(link, json.loads(message.data))

    async def _receive(self, link: Link, payload: Json) -> None:
        match payload["op"]:
            case 1:  # heartbeat
                self.heartbeats += 1
                link.send({"op": ACK, "d": None})
            case 2:  # identify
                await self._identify(link, payload["d"])
            case 6:  # resume
                await self._resume(link, payload["d"])
            case 3:  # presence
                self.presence = payload["d"]
            case 8:  # request members
                self._members(link, payload["d"])
            case other:
                self.world.refusals.append(f"gateway: unexpected opcode {other}")
                await link.socket.close(code=4001)

    async def _identify(self, link: Link, data: Json) -> None:
        shard, count = data.get("shard") or (0, 1)
        if code := self._objection(link, data, shard, count):
            self.world.refusals.append(f"gateway: IDENTIFY closed with {code}")
            await link.socket.close(code=code)
            return
        self.identified, self.shards = self.identified + 1, count
        identifier = f"session-{shard}-{self.identified}"
        session = link.session = Session(identifier, shard, count, data.get("intents", 0), link)
        self.sessions[shard] = session
        self._welcome(session)
        self.world.changes.tell()

    def _objection(self, link: Link, data: Json, shard: int, count: int) -> int:
        if data.get("token") != self.world.token:
            return BAD_TOKEN
        if link.session is not None:
            return ALREADY
        if not isinstance(data.get("intents"), int):
            return DECODE_ERROR
        if shard >= count:
            return BAD_SHARD
        return SHARDING_REQUIRED if count < self.world.shards else 0

    def _welcome(self, session: Session) -> None:
        world = self.world
        guilds = [each for each in world.guilds.values() if each.has_bot and self.session_of(each.id) is session]
        ready = {
            "v": 10,
            "user": world.bot.payload() | {"verified": True, "mfa_enabled": False},
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": f"ws{world.base.removeprefix('http')}/gateway",
            "shard": [session.shard, session.count],
            "application": {"id": str(world.application_id), "flags": 1 << 19},
            "private_channels": [],
        }
        session.dispatch("READY", ready)
        if session.intents & GUILDS:
            for guild in guilds:
                session.dispatch("GUILD_CREATE", guild.payload())

    async def _resume(self, link: Link, data: Json) -> None:
        if data.get("token") != self.world.token:
            await link.socket.close(code=BAD_TOKEN)
            return
        known = (each for each in self.sessions.values() if each.id == data.get("session_id"))
        session = next(known, None)
        if session is None or not 0 <= (data.get("seq") or 0) <= len(session.history):
            link.send({"op": INVALID, "d": False})
            return
        self.resumed += 1
        link.session, session.link = session, link
        for payload in session.history[data.get("seq") or 0 :]:
            link.send(payload)
        session.dispatch("RESUMED", {})
        self.world.changes.tell()

    def _members(self, link: Link, data: Json) -> None:
        """GUILD_MEMBERS_CHUNK: the whole answer in one."""
        guild = self.world.guilds.get(int(data["guild_id"]))
        if guild is None or link.session is None:
            return
        wanted = {str(each) for each in data.get("user_ids") or []}
        query = data.get("query")
        found = [
            member.payload()
            for member in guild.members.values()
            if str(member.user.id) in wanted or (query is not None and member.user.name.startswith(query))
        ]
        whole = {"guild_id": str(guild.id), "members": found, "chunk_index": 0, "chunk_count": 1, "not_found": []}
        link.session.dispatch("GUILD_MEMBERS_CHUNK", whole | {"nonce": data.get("nonce")})

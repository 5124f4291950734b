"""Updates that wait for the bot, and how it fetches them itself."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.doubles.changes import Changes
from tests.doubles.telegram.refused import Refused, wrong
from tests.doubles.telegram.told import Told
from tests.doubles.telegram.words import names

if TYPE_CHECKING:
    from tests.doubles.telegram.chats import Chat

Json = dict[str, Any]

KINDS = names(
    "message edited_message channel_post edited_channel_post business_connection business_message "
    "edited_business_message deleted_business_messages message_reaction message_reaction_count "
    "inline_query chosen_inline_result callback_query shipping_query pre_checkout_query "
    "purchased_paid_media poll poll_answer my_chat_member chat_member chat_join_request chat_boost "
    "removed_chat_boost managed_bot guest_message"
)
BY_DEFAULT = KINDS - {"chat_member", "message_reaction", "message_reaction_count"}
OTHER_POLL = "terminated by other getUpdates request; make sure that only one bot instance is running"


@dataclass(eq=False)
class Update:
    id: int
    kind: str
    body: Json
    queue: int  # updates of the same chat or person stay in order
    about: Told | None = None
    chat: Chat | None = None

    def payload(self) -> Json:
        return {"update_id": self.id, self.kind: self.body}

    def hand_over(self) -> None:
        if self.about is not None:
            self.about.hand_over()
            if self.chat is not None and self.about not in self.chat.waiting:
                self.chat.waiting.append(self.about)


class Updates:
    def __init__(self, changes: Changes) -> None:
        self.changes = changes
        self.pending: list[Update] = []
        self.handed_out: list[int] = []  # each time that an update was given to the bot
        self.allowed = BY_DEFAULT
        self.polls = 0  # getUpdates so far
        self._last = 100_000_000
        self._poll: asyncio.Future[None] | None = None

    @property
    def polling(self) -> bool:
        return self._poll is not None and not self._poll.done()

    def add(self, kind: str, body: Json, queue: int, about: Told | None = None, chat: Chat | None = None) -> bool:
        """Whether the bot wants to be told of such."""
        if kind not in self.allowed:
            return False
        self._last += 1
        self.pending.append(Update(self._last, kind, body, queue, about, chat))
        self._wake()
        self.changes.tell()
        return True

    def allow(self, kinds: list[Any] | None) -> None:
        """Nothing said: as before; an empty list: as by default."""
        if kinds is None:
            return
        if set(kinds) - KINDS:
            raise wrong(f"unknown allowed_updates: {sorted(set(kinds) - KINDS)}")
        self.allowed = frozenset(kinds) or BY_DEFAULT

    def confirm(self, offset: int) -> None:
        """Forgets everything before `offset`; a negative one counts from the end."""
        if offset < 0:
            self.pending = self.pending[offset:]
        elif offset > 0:
            self.pending = [update for update in self.pending if update.id >= offset]

    async def poll(self, offset: int, limit: int, timeout: float) -> list[Json]:
        """getUpdates: at once if there are any, else when there are, at most after `timeout`."""
        self.polls += 1
        self.end_poll(OTHER_POLL)
        self.confirm(offset)
        if not self.pending and timeout > 0:
            await self._wait(timeout)
        given = self.pending[:limit]
        for update in given:
            self.handed_out.append(update.id)
            update.hand_over()
        self.changes.tell()
        return [update.payload() for update in given]

    async def _wait(self, timeout: float) -> None:
        own = self._poll = asyncio.get_running_loop().create_future()
        self.changes.tell()
        try:
            async with asyncio.timeout(timeout):
                await own
        except TimeoutError:
            pass
        finally:
            own.cancel()
            self._poll = None if self._poll is own else self._poll

    def _wake(self) -> None:
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)

    def end_poll(self, reason: str) -> None:
        """Another one, or a webhook, takes the place of the one that waits."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(Refused(409, reason))

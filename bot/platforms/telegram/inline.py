"""Inline queries: `@bot alice: my dream is` in any chat gives different ways to go on, as they come."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field

import telegram
from telegram import InlineQueryResult
from telegram.error import TelegramError

from bot.domain import Caller, Persona, Utterance
from bot.errors import Limited, NotFound
from bot.platforms.handling import reason
from bot.platforms.ids import named
from bot.platforms.telegram import look_inline
from bot.platforms.telegram.desk import Desk
from bot.platforms.telegram.look import Look
from bot.platforms.telegram.people import alone
from bot.platforms.telegram.rounds import SECONDS, Round, Rounds
from bot.policy import check_prompt
from bot.texts import Text
from bot.usecases.personas import find_public, list_personas
from bot.usecases.say import find_persona, variants

RESULTS = 5
PERSONAS = 20  # on a page
TYPING_SECONDS = 0.6  # without another key, and the question is answered
SOON, LATEST = 2.5, 8.0  # seconds: what has come by then; the first one, at the latest
PAUSES = 6  # that a question waits until it is allowed
logger = logging.getLogger(__name__)
_NAMED = re.compile(r"@?([\w.~-]{1,250})\s*:\s*(.*)|@([\w.~-]{1,250})(?:\s+(.*))?", re.DOTALL)


def parse_query(text: str, known: Sequence[str]) -> tuple[str | None, str]:
    """`alice: my dream` or `@alice my dream` → alice's; else it is all prompt. Pure.

    Without the @ it has to be one of those that are known: `note: buy milk` may be just that.
    """
    text = text.strip()
    if found := _NAMED.fullmatch(text):
        name = named((found[1] or found[3]).lower(), known)
        if name in known or text.startswith("@"):
            return name, (found[2] or found[4] or "").strip()
    return None, text


@dataclass
class Inline:
    desk: Desk
    rounds: Rounds = field(default_factory=Rounds)
    _latest: dict[int, str] = field(default_factory=dict)

    async def answer(self, query: telegram.InlineQuery) -> None:
        """Or not, when the person has typed on meanwhile."""
        look, caller = self.desk.look(query.from_user.language_code or "en"), alone(query.from_user)
        self._latest[query.from_user.id] = query.id
        try:
            await self._tell(query, look, caller)
        except TelegramError as error:  # there is nobody to tell any more
            logger.warning("an inline query could not be answered: %s", error)
        finally:
            if self._latest.get(query.from_user.id) == query.id:
                del self._latest[query.from_user.id]

    async def _tell(self, query: telegram.InlineQuery, look: Look, caller: Caller) -> None:
        try:
            await self._answer(query, look, caller)
        except TelegramError:
            raise
        except Exception as error:
            await self._explain(query, look, reason(error))

    async def _answer(self, query: telegram.InlineQuery, look: Look, caller: Caller) -> None:
        if query.query.strip():
            await asyncio.sleep(TYPING_SECONDS)
            if self._latest.get(query.from_user.id) != query.id:
                return
        personas = await list_personas(self.desk.services, caller)
        name, prompt = parse_query(query.query, [one.name for one in personas])
        elsewhere = None
        if name is not None and name not in {one.name for one in personas}:
            elsewhere = await find_public(self.desk.services, name)
        if not prompt:
            theirs = [one for one in personas if one.name.startswith(name or "")]
            await self._list(query, look, [*theirs, elsewhere] if elsewhere else theirs)
            return
        prompt = check_prompt(prompt, self.desk.services.settings.generation.max_prompt_characters)
        try:
            persona = elsewhere or await find_persona(self.desk.services, caller, name)
        except NotFound:  # they see who there is
            if name is not None or not personas:
                raise
            await self._list(query, look, personas)
            return
        await self._speak(query, look, caller, persona, prompt)

    async def _speak(
        self, query: telegram.InlineQuery, look: Look, caller: Caller, persona: Persona, prompt: str
    ) -> None:
        offset = int(query.offset) if query.offset.isdigit() else 0
        found = self.rounds.of((caller.user, persona.key, prompt), lambda: self._when_allowed(caller, persona, prompt))
        await found.more_than(offset, SOON, LATEST)
        if found.error is not None and not found.samples:
            raise found.error
        results = [look_inline.variant(look, persona.name, prompt, one) for one in found.samples[offset:]]
        await self._give(query, results, self._next(found, offset + len(results)), look)

    def _next(self, found: Round, n: int) -> str:
        """Where the page after this one begins; empty when there won't be any more."""
        return "" if found.finished else str(n)

    async def _when_allowed(self, caller: Caller, persona: Persona, prompt: str) -> AsyncGenerator[Utterance, None]:
        """Between two questions there is a pause, which people who type don't know of."""
        for left in reversed(range(PAUSES)):
            try:
                async for utterance in variants(self.desk.services, caller, persona, prompt, RESULTS):
                    yield utterance
                return
            except Limited:
                if not left:
                    raise
            await asyncio.sleep(TYPING_SECONDS)

    async def _list(self, query: telegram.InlineQuery, look: Look, personas: list[Persona]) -> None:
        offset = int(query.offset) if query.offset.isdigit() else 0
        some = personas[offset : offset + PERSONAS]
        results = [look_inline.persona(look, one) for one in some]
        rest = str(offset + PERSONAS) if len(personas) > offset + PERSONAS else ""
        if not results and not offset:
            await self._explain(query, look, Text("No persona here yet: train one"))
        else:
            await self.desk.outbox.answer_inline(query.id, results, 0, rest)

    async def _give(self, query: telegram.InlineQuery, results: list[InlineQueryResult], rest: str, look: Look) -> None:
        if results or query.offset:
            await self.desk.outbox.answer_inline(query.id, results, SECONDS, rest)
        else:
            await self._explain(query, look, Text("Still thinking: type a little more"))

    async def _explain(self, query: telegram.InlineQuery, look: Look, text: str) -> None:
        """Above the list, where there is room for a line; it leads to the chat with the bot."""
        await self.desk.outbox.answer_inline(query.id, [], 0, button=look_inline.hint(look, text))

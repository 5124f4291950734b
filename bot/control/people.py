"""Operations on accounts and people: opt-outs, and what the operator decides about people on messengers."""

from __future__ import annotations

import logging
import re
from dataclasses import replace

from pydantic import TypeAdapter

from bot.control.operation import Operation, Params, Tell
from bot.domain import Job, UserRules
from bot.errors import BadInput, NotFound
from bot.usecases import optouts
from bot.usecases.gate import named
from bot.usecases.optouts import Silence
from bot.usecases.services import Services

logger = logging.getLogger(__name__)
_NUMBER = {
    "discord": re.compile("[1-9][0-9]{0,19}"),
    "telegram": re.compile("-?[1-9][0-9]{0,19}"),  # with a minus: who writes in the name of a group or channel
}
_WRONG = (
    "{given} names nobody: give the messenger and the person's number there, like discord:123456789012345678 or "
    "telegram:987654321. `mynah jobs show JOB` says who has asked for a training. On Discord, switch on Developer Mode "
    "(settings, Advanced), then right-click the person, Copy User ID; Telegram Desktop shows it in profiles with Show "
    "Peer IDs (settings, Advanced, Experimental)."
)


def parse_user(text: str) -> str:
    """`Discord:123` → `discord:123`, as UserRules name people. Raises BadInput."""
    user = text.strip().lower()
    platform, _, number = user.partition(":")
    if platform not in _NUMBER or not _NUMBER[platform].fullmatch(number):
        raise BadInput(_WRONG.format(given=repr(text)))
    return user


class OptOut(Params):
    handle: str


class Block(Params):
    user: str
    blocked: bool


class Quota(Params):
    """None: as it was; `clear`: none of their own."""

    user: str
    generations: int | None = None
    trainings: int | None = None
    clear: bool = False


async def _opt_out(services: Services, params: OptOut, tell: Tell) -> Silence:
    logger.info("@%s is opted out, by the operator", params.handle)
    return await optouts.silence(services, params.handle)


async def _opt_in(services: Services, params: OptOut, tell: Tell) -> None:
    """Raises NotFound."""
    if params.handle not in await services.chats.optouts():
        raise NotFound(f"@{params.handle} has not opted out. mynah optout list shows who has.")
    logger.info("@%s may be imitated again, says the operator", params.handle)
    await services.chats.opt_in(params.handle)


async def _block(services: Services, params: Block, tell: Tell) -> list[Job]:
    """Returns their trainings under way. Raises NotFound when there is no block to lift."""

    def block(rules: UserRules) -> UserRules:
        if not params.blocked and not rules.blocked:
            raise NotFound(f"{params.user} is not blocked. mynah users list shows who is.")
        return replace(rules, blocked=params.blocked)

    await services.users.change_user(params.user, block)
    logger.info("%s is %s, by the operator", params.user, "blocked" if params.blocked else "not blocked any more")
    return [job for job in await services.store.unfinished_jobs() if named(job.caller) == params.user]


async def _set_quota(services: Services, params: Quota, tell: Tell) -> UserRules:
    def change(rules: UserRules) -> UserRules:
        before = UserRules(rules.user) if params.clear else rules
        return replace(
            rules,
            generations_a_day=before.generations_a_day if params.generations is None else params.generations,
            trainings_a_day=before.trainings_a_day if params.trainings is None else params.trainings,
        )

    return await services.users.change_user(params.user, change)


OPT_OUT = Operation("optout-add", OptOut, TypeAdapter(Silence), _opt_out)
OPT_IN = Operation("optout-rm", OptOut, TypeAdapter(None), _opt_in)
BLOCK = Operation("user-block", Block, TypeAdapter(list[Job]), _block)
SET_QUOTA = Operation("user-quota", Quota, TypeAdapter(UserRules), _set_quota)

OPERATIONS = (OPT_OUT, OPT_IN, BLOCK, SET_QUOTA)

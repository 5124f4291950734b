"""Operations on accounts and people: opt-outs, and what the operator decides about people on messengers."""

from __future__ import annotations

from pydantic import TypeAdapter

from bot.control.operation import Operation, Params, Tell
from bot.usecases import optouts
from bot.usecases.services import Services
from bot.usecases.train import OPERATOR


class OptOut(Params):
    handle: str


async def _opt_out(services: Services, params: OptOut, tell: Tell) -> tuple[str, ...]:
    """Returns where personas of the account are published."""
    silent = await optouts.opt_out(services, OPERATOR, params.handle)
    return tuple(await optouts.published(services, silent))


async def _opt_in(services: Services, params: OptOut, tell: Tell) -> bool:
    """False: it had not opted out."""
    known = params.handle in await services.chats.optouts()
    await services.chats.opt_in(params.handle)
    return known


OPT_OUT = Operation("optout-add", OptOut, TypeAdapter(tuple[str, ...]), _opt_out)
OPT_IN = Operation("optout-rm", OptOut, TypeAdapter(bool), _opt_in)

OPERATIONS = (OPT_OUT, OPT_IN)

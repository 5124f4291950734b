"""Operations on personas."""

from __future__ import annotations

from pydantic import TypeAdapter

from bot.control.operation import Operation, Params, Tell
from bot.usecases import personas
from bot.usecases.services import Services
from bot.usecases.train import OPERATOR


class Name(Params):
    name: str


async def _forget(services: Services, params: Name, tell: Tell) -> None:
    await personas.forget(services, OPERATOR, await personas.plan_forgetting(services, OPERATOR, params.name))


FORGET = Operation("model-rm", Name, TypeAdapter(None), _forget)

OPERATIONS = (FORGET,)

"""Operations on the disk."""

from __future__ import annotations

from pydantic import TypeAdapter

from bot.control.operation import Operation, Params, Tell
from bot.usecases import disk
from bot.usecases.services import Services
from bot.usecases.stock import Item, survey


class Prune(Params):
    """`names`: what the operator has agreed to, as `bot.usecases.stock.Item.name`."""

    names: tuple[str, ...]


async def _prune(services: Services, params: Prune, tell: Tell) -> tuple[Item, ...]:
    """What may go by now, and nothing else of it."""
    found = await survey(services.folders, services.store, services.library)
    return await disk.prune(services, [item for item in found.items if item.name in params.names])


PRUNE = Operation("disk-prune", Prune, TypeAdapter(tuple[Item, ...]), _prune)

OPERATIONS = (PRUNE,)

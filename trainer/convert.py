"""What the convert worker answers: personas → models that others can load, and back."""

from __future__ import annotations

import time
from collections.abc import Callable

from trainer.basefiles import BaseModelError
from trainer.cancelled import Cancelled
from trainer.engine import WrongBase
from trainer.export import NotExported, export
from trainer.foreign import Refused
from trainer.logs import get_logger
from trainer.manifest import DamagedPersona
from trainer.protocol import AdoptRequest, Answer, Done, ExportRequest, FailureCode
from trainer.worker import Work, failure

CODES: dict[type[Exception], FailureCode] = {
    BaseModelError: "no_base",
    Cancelled: "cancelled",
    DamagedPersona: "damaged",
    NotExported: "refused",
    Refused: "refused",
    WrongBase: "wrong_base",
}
log = get_logger(__name__)


def answer(request: Work, base_name: str, cancelled: Callable[[], bool]) -> Answer:
    """The request's terminal answer; errors are answers, too."""
    began = time.monotonic()
    try:
        match request:
            case ExportRequest():
                export(request, base_name, cancelled)
                log.info("exported", merged=request.merged, seconds=round(time.monotonic() - began, 2))
                return Done(id=request.id)
            case AdoptRequest():
                from trainer.adopt import adopt  # transformers takes seconds to import: exports needn't wait for it

                adopted = adopt(request, base_name)
                seconds = round(time.monotonic() - began, 2)
                log.info("adopted", persona=request.persona, repo=request.origin.repo, seconds=seconds)
                return adopted
            case _:
                raise TypeError(f"a convert worker has no answer to {request.type!r}")
    except Exception as error:
        return failure(CODES, request.id, error)

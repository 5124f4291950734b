from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from bot import errors
from bot.control.operation import Line, Note, Nothing, Operation, error_line, event_line, raised, result_line
from bot.domain import Utterance
from bot.errors import AlreadyTraining, BadInput, Costly, MynahError, OperatorError
from bot.texts import Text
from trainer.protocol import Piece

OPERATION = Operation("x", Nothing, TypeAdapter(Utterance), run=None)  # type: ignore[arg-type]


@pytest.mark.parametrize("event", [Note(text="hm"), Piece(id=3, sample=1, text="é\n", again=True)])
def test_events_cross_whole(event: Note | Piece) -> None:
    line = event_line(event)
    assert line.count(b"\n") == 1
    assert Line.model_validate_json(line).event == event


def test_results_cross_by_the_operations_type() -> None:
    said = Utterance("pip", ("one\ntwo", "“three”"), cut=True)
    line = Line.model_validate_json(result_line(OPERATION, said))
    assert line.over
    assert OPERATION.result.validate_python(line.result) == said


def kinds(kind: type[MynahError]) -> list[type[MynahError]]:
    return [one for sub in kind.__subclasses__() for one in (sub, *kinds(sub))]


@pytest.mark.parametrize("kind", [kind for kind in kinds(errors.MynahError) if kind not in {Costly, AlreadyTraining}])
def test_errors_come_out_as_what_they_were(kind: type[MynahError]) -> None:
    line = Line.model_validate_json(error_line(kind(Text("Not {what}.", what="so"))))
    assert line.error is not None
    again = raised(line.error)
    assert (type(again), str(again)) == (kind, "Not so.")


def test_errors_keep_what_they_carry() -> None:
    costly = Line.model_validate_json(error_line(Costly("It costs.", 7))).error
    training = Line.model_validate_json(error_line(AlreadyTraining("It is.", 4))).error
    assert costly is not None
    assert training is not None
    bought, job = raised(costly), raised(training)
    assert isinstance(bought, Costly)
    assert isinstance(job, AlreadyTraining)
    assert (bought.cost, job.job_id) == (7, 4)


def test_an_error_of_a_newer_bot_is_the_operators() -> None:
    line = Line.model_validate_json(error_line(BadInput("Hm.")))
    assert line.error is not None
    assert isinstance(raised(line.error.model_copy(update={"kind": "Unheard"})), OperatorError)

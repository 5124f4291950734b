from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import report_card
from trainer.protocol import (
    Answer,
    CancelRequest,
    Done,
    Failed,
    Generated,
    GenerateRequest,
    Hyperparameters,
    Loaded,
    LoadRequest,
    Piece,
    Progress,
    ProtocolError,
    Ready,
    Reported,
    Request,
    Trained,
    TrainRequest,
    UnloadRequest,
    decode_answer,
    decode_request,
    encode,
)

from .helpers import COUNTS

TEXT = st.text() | st.just("two\nlines\r\n\u2028\x00🍲")

REQUESTS: list[Request] = [
    TrainRequest(id=1, persona="pip", accounts=(COUNTS,), corpus="/c.json", out="/out"),
    TrainRequest(
        id=2,
        persona="a-b",
        accounts=(COUNTS, COUNTS),
        corpus="a\nb",
        out="c",
        hyperparameters=Hyperparameters(epochs=3, learning_rate=0.1, lora_rank=8, seed=-1),
    ),
    LoadRequest(id=3, key="pip/1", folder="/personas/pip\n/1"),
    UnloadRequest(id=4, key="pip/1"),
    GenerateRequest(id=5, key="pip/1", prompt="My dream\nis 🍲", n=5, max_tokens=9, temperature=0, top_p=1, seed=2**62),
    CancelRequest(id=6, target=5),
]
ANSWERS: list[Answer] = [
    Ready(base_model="bundled", parameters=10),
    Progress(id=1, stage="train", done=1, total=2, loss=3.25, seconds_left=0.5),
    Progress(stage="fetch"),
    Trained(id=1, n_bytes=5),
    Reported(id=1, card=report_card()),
    Loaded(id=3, n_bytes=5),
    Piece(id=5, sample=4, text=" two\nlines"),
    Generated(id=5, samples=("one\n", "🍲"), n_tokens=8, cut=True),
    Done(id=4),
    Failed(id=5, code="internal", message="a\nb"),
]


@pytest.mark.parametrize("message", REQUESTS, ids=lambda message: message.type)
def test_requests_round_trip_in_a_line(message: Request) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_request(line) == message


@pytest.mark.parametrize("message", ANSWERS, ids=lambda message: message.type)
def test_answers_round_trip_in_a_line(message: Answer) -> None:
    line = encode(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_answer(line) == message


@given(TEXT, TEXT)
def test_any_text_stays_in_its_line(key: str, prompt: str) -> None:
    request = GenerateRequest(id=1, key=key, prompt=prompt)
    answer = Generated(id=1, samples=(key, prompt), n_tokens=1)
    assert encode(request).count(b"\n") == encode(answer).count(b"\n") == 1
    assert decode_request(encode(request)) == request
    assert decode_answer(encode(answer)) == answer


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"hello\n",
        b"[]\n",
        b"{}\n",
        b'{"type": "done"}\n',
        b'{"type": "sing", "id": 1}\n',
        b'{"id": 1, "target": 2}\n',
        b'{"type": "cancel", "id": 1, "target": 2, "more": 3}\n',
        b'{"type": "cancel", "id": "one", "target": 2}\n',
        b'{"type": "cancel", "id": 1, "target": 2\n',
        b'{"type": "load", "id": 1, "key": "\xff", "folder": ""}\n',
        b'{"type": "generate", "id": 1, "key": "k", "prompt": "p", "n": 6}\n',
        b'{"type": "generate", "id": 1, "key": "k", "prompt": "p", "top_p": 0}\n',
        b'{"type": "generate", "id": 1, "key": "k", "prompt": "p", "temperature": -1}\n',
    ],
)
def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_request(line)
    with pytest.raises(ProtocolError):
        decode_answer(line)


def test_requests_are_no_answers() -> None:
    with pytest.raises(ProtocolError):
        decode_answer(encode(CancelRequest(id=1, target=2)))
    with pytest.raises(ProtocolError):
        decode_request(encode(Done(id=1)))


def test_an_error_says_what_is_wrong_but_not_with_which_text() -> None:
    """It gets into a log."""
    with pytest.raises(ProtocolError, match="100000 bytes; the line: json_invalid") as raised:
        decode_answer(b"a" * 100_000)
    assert "aaaa" not in str(raised.value)
    with pytest.raises(ProtocolError, match=r"generate\.n: less_than_equal") as raised:
        decode_request(b'{"type": "generate", "id": 1, "key": "k", "prompt": "My dream", "n": 6}')
    assert "dream" not in f"{raised.value} {raised.value.__cause__}"

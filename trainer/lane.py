"""Lane: the speeches that are being made on one model. They join and leave a batch from step to step.

A sample depends on its persona, its prompt, its settings and (seed, number, attempt), on nothing else.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch

from trainer.batch import Batch, Weights
from trainer.protocol import GenerateRequest
from trainer.sampling import Sampling, choose, penalize
from trainer.stream import PieceStream
from trainer.text import finish
from trainer.vocabulary import Vocabulary

REWINDS = 5  # attempts to get past a blocked word; then the text ends before it
COMPACT = 4  # of the rows, one in so many may be empty
PROMPT_STEP = 8  # prompts are read in lengths that are multiples of this, so that some have the same


@dataclass
class Speech:
    """A request that is being answered. `prompt` are the tokens that are read; `texts` are finished samples by number,
    None for one that was a quote at every try; `ended` are those that weren't cut at their length."""

    request: GenerateRequest
    weights: Weights
    prompt: Sequence[int]
    cut: bool
    max_tokens: int
    streams: Sequence[PieceStream]
    finished: Callable[[Speech], None]
    asked: float = field(default_factory=time.monotonic)
    joined: float | None = None  # when its prompt was read
    first: float | None = None  # when its first tokens came
    texts: dict[int, str | None] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)
    n_tokens: int = 0

    @property
    def n(self) -> int:
        return len(self.streams)

    @property
    def tries(self) -> int:
        """At what must not come out as a quote; the likeliest text would come out the same again."""
        return 1 if self.sampling.is_greedy else max(1, self.request.quote_tries)

    @property
    def sampling(self) -> Sampling:
        asked = self.request
        return Sampling(asked.temperature, asked.top_p, asked.top_k, asked.repetition_penalty)


@dataclass
class Row:
    """A sample's place in the batch. `last` is the token that the model reads next, at `position`."""

    speech: Speech
    stream: PieceStream
    last: int = 0
    position: int = 0
    state: int = 0  # of the character at its end
    rewinds: int = 0
    quotes: int = 0
    draw: Callable[[], float] = random.random

    def begin(self, vocabulary: Vocabulary) -> None:
        """Go on from the stream's tokens, some other way than before."""
        request, tokens = self.speech.request, self.stream.tokens
        attempt = self.rewinds + self.quotes
        self.draw = random.Random(f"{request.seed} {self.stream.number} {attempt}").random
        self.last = tokens[-1] if tokens else self.speech.prompt[-1]
        self.position = len(self.speech.prompt) + len(tokens) - 1
        if vocabulary.characters:
            self.state = vocabulary.characters.state_after([*self.speech.prompt, *tokens])

    @property
    def is_full(self) -> bool:
        return len(self.stream.tokens) >= self.speech.max_tokens


class Lane:
    def __init__(self, batch: Batch, vocabulary: Vocabulary) -> None:
        self.batch = batch
        self._vocabulary = vocabulary
        device = batch.decoder.device
        self._masks = vocabulary.characters.masks.to(device) if vocabulary.characters else None
        self._ends = torch.tensor(sorted(vocabulary.line_ends), device=device)
        self._rows: list[Row | None] = [None] * batch.rows
        self.n_steps = 0
        self.n_rows = 0  # the sum over all steps

    @property
    def free(self) -> int:
        return self._rows.count(None)

    def join(self, speeches: Sequence[Speech]) -> None:
        """There has to be room. Prompts of about the same length are read together."""
        groups: dict[int, list[Speech]] = {}
        for speech in speeches:
            groups.setdefault(_padded(len(speech.prompt)), []).append(speech)
        for length, group in groups.items():
            while group:
                start, room = self._run()
                self._read(start, group[:room], length)
                del group[:room]

    def _run(self) -> tuple[int, int]:
        """The longest run of free rows: the first of them, and how many."""
        best, start = (0, 0), 0
        for i in range(self.batch.rows + 1):
            if i == self.batch.rows or self._rows[i] is not None:
                best = max(best, (start, i - start), key=lambda run: run[1])
                start = i + 1
        return best

    def _read(self, start: int, speeches: Sequence[Speech], length: int) -> None:
        """Prompts, padded to a length, into the rows from `start` on; further samples of theirs into any others."""
        now = time.monotonic()
        for place, speech in enumerate(speeches, start):
            speech.joined = now
            self.batch.place(place, speech.weights)
            self._rows[place] = Row(speech, speech.streams[0])
        prompts = [[*speech.prompt, *[speech.prompt[-1]] * (length - len(speech.prompt))] for speech in speeches]
        logits = self.batch.read(start, prompts, [len(speech.prompt) - 1 for speech in speeches])
        sources = {start + i: i for i in range(len(speeches))}
        for i, speech in enumerate(speeches):
            for stream in speech.streams[1:]:
                place = self._rows.index(None)
                self.batch.copy(start + i, place, len(speech.prompt))
                self._rows[place] = Row(speech, stream)
                sources[place] = i
        for place in sources:
            self._row(place).begin(self._vocabulary)
        self._advance(list(sources), logits[list(sources.values())])

    def _row(self, place: int) -> Row:
        row = self._rows[place]
        assert row is not None
        return row

    def leave(self, gone: Callable[[Speech], bool]) -> None:
        """Free the rows of speeches that nobody wants any more."""
        for place, row in enumerate(self._rows):
            if row is not None and gone(row.speech):
                self._leave(place)

    def _leave(self, place: int) -> None:
        self._rows[place] = None
        self.batch.clear(place)

    def step(self) -> None:
        """A token more for each row."""
        self._compact()
        places = [i for i, row in enumerate(self._rows) if row is not None]
        if not places:
            return
        rows = self._rows[: places[-1] + 1]
        tokens = [row.last if row else 0 for row in rows]
        positions = [row.position if row else 0 for row in rows]
        logits = self.batch.step(tokens, positions)
        self.n_steps += 1
        self.n_rows += len(places)
        self._advance(places, logits if len(places) == len(rows) else logits[places])

    def _compact(self) -> None:
        """Move rows to the front when too many before them are empty."""
        while True:
            used = [i for i, row in enumerate(self._rows) if row is not None]
            if not used or (used[-1] + 1 - len(used)) * COMPACT < used[-1] + 1:
                return
            last, hole = self._row(used[-1]), self._rows.index(None)
            self.batch.copy(used[-1], hole, last.position)
            self._rows[hole] = last
            self._leave(used[-1])

    def _advance(self, places: Sequence[int], logits: torch.Tensor) -> None:
        """Sample a token for each of these rows, whose logits these are."""
        rows = [self._row(place) for place in places]
        for row, own in zip(rows, logits, strict=True):
            self._constrain(row, own)
        chosen = choose(logits, [row.speech.sampling for row in rows], [row.draw for row in rows])
        now = time.monotonic()
        for place, row, token in zip(places, rows, chosen, strict=True):
            row.speech.first = row.speech.first or now
            self._take(row, token)
            if token in self._vocabulary.line_ends or row.stream.halted or row.is_full:
                self._end(place, row)

    def _constrain(self, row: Row, logits: torch.Tensor) -> None:
        """In place: what can't come, or must not."""
        penalty = row.speech.request.repetition_penalty
        if penalty != 1:
            penalize(logits, {*row.speech.prompt, *row.stream.tokens}, penalty)
        if self._masks is not None:
            logits += self._masks[row.state]
        if not row.stream.tokens:  # saying nothing is no answer
            logits[self._ends] = -torch.inf
        if row.stream.banned:
            logits[list(row.stream.banned)] = -torch.inf

    def _take(self, row: Row, token: int) -> None:
        row.stream.add(token)
        row.last, row.position = token, row.position + 1
        if self._vocabulary.characters:
            row.state = self._vocabulary.characters.state_after([token], row.state)

    def _end(self, place: int, row: Row) -> None:
        """The sample is over, unless it has to go on some other way."""
        speech, stream = row.speech, row.stream
        stream.settle()
        if stream.halted == "blocked" and self._rewound(row):
            return
        text = self._finished(row)
        if text is None and self._restarted(row):
            return
        self._leave(place)
        speech.texts[stream.number] = text
        speech.n_tokens += len(stream.tokens)
        if len(speech.texts) == speech.n:
            speech.finished(speech)

    def _rewound(self, row: Row) -> bool:
        """Back to before the blocked word; False when that was done often enough: the text ends there."""
        row.rewinds += 1
        row.stream.rewind()
        if row.rewinds <= REWINDS:
            row.begin(self._vocabulary)
        return row.rewinds <= REWINDS

    def _finished(self, row: Row) -> str | None:
        """None for a text that must not be shown."""
        speech, stream = row.speech, row.stream
        if stream.halted == "quoted":
            return None
        ended = not self._vocabulary.line_ends.isdisjoint(stream.tokens[-1:])
        text = finish(speech.request.prompt, stream.text, ended)
        if stream.guards.forbid(text):
            return None
        if ended:
            speech.ended.add(stream.number)
        return text

    def _restarted(self, row: Row) -> bool:
        """From the prompt; False when that was done often enough."""
        row.quotes += 1
        row.stream.restart()
        if row.quotes < row.speech.tries:
            row.begin(self._vocabulary)
            return True
        row.stream.take_back()
        return False


def _padded(length: int) -> int:
    return -(-length // PROMPT_STEP) * PROMPT_STEP

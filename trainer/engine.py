"""Engine: many personas on one base model, whatever is asked for in one batch.

A persona is an adapter on the base model, or a model of its own, with its own tokenizer and a batch of its own. `step`
is one token for everybody; requests join and leave between steps.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import torch

from trainer.batch import PLAIN, Batch, Table, Weights
from trainer.blocklist import BlockedPrompt, blocklist
from trainer.cancelled import Cancelled
from trainer.decoder import Decoder, build
from trainer.lane import Lane, Speech
from trainer.linear import Matrix
from trainer.lora import Adapter, AdapterMismatch, Layout, Packed, read_adapter
from trainer.manifest import BaseRecord, DamagedPersona, verify
from trainer.protocol import Generated, GenerateRequest, Stats
from trainer.quotes import Quotes, read_quotes
from trainer.recipe import default_rank
from trainer.shape import Shape, UnknownShape, read_shape
from trainer.speaker import Speaker
from trainer.stream import Guards, OnPiece, PieceStream
from trainer.vocabulary import TOKENIZER, Vocabulary, read_vocabulary
from trainer.weights import n_tokens, read_tensors

JOIN_TOKENS = 256  # of prompts that are read between two steps: those who speak have to wait for it
OWN_ROWS = 8  # of a persona that is a model of its own
LEAST_ROWS = 5  # the samples of one request
ROW_TOKENS = 384  # a prompt of a thousand characters and a hundred new tokens


class WrongBase(Exception):
    """The persona was trained on another base model than the one that is here."""


class NotLoaded(Exception):
    """The persona is not resident."""


class QueueFull(Exception):
    """Too many requests wait already. The message is for who asked."""


@dataclass(frozen=True)
class Model:
    """A persona's own, as it is on the disk. Without a vocabulary it has the base model's, as older ones do."""

    shape: Shape
    tensors: dict[str, torch.Tensor]
    vocabulary: Vocabulary | None


@dataclass(frozen=True)
class Files:
    """A persona as it is on the disk: an adapter, or a model of its own; and its index of quotes."""

    quotes: Quotes | None
    adapter: Adapter | None = None
    model: Model | None = None


@dataclass(frozen=True)
class Resident:
    """A persona in memory: what it changes of the base model, or its own model, and what it must not quote.

    Without a vocabulary it has the base model's.
    """

    weights: Weights
    decoder: Decoder
    quotes: Quotes | None
    n_bytes: int
    vocabulary: Vocabulary | None = None


@dataclass(frozen=True)
class Limits:
    """`rows` samples at once, whose cache has `cache_bytes`; `queue` requests may wait."""

    rows: int = 32
    cache_bytes: int = 1024 * 2**20
    queue: int = 10**9


@dataclass(frozen=True)
class Cache:
    """Rows of so many tokens each: as many as there is room for, rather than shorter ones."""

    rows: int
    tokens: int
    n_bytes: int

    @classmethod
    def of(cls, decoder: Decoder, limits: Limits) -> Cache:
        shape = decoder.shape
        a_token = 2 * shape.layers * shape.kv_heads * shape.head_dim * decoder.dtype.itemsize
        tokens = min(shape.context, ROW_TOKENS, max(32, limits.cache_bytes // (LEAST_ROWS * a_token)))
        rows = max(LEAST_ROWS, min(limits.rows, limits.cache_bytes // (tokens * a_token)))
        return cls(rows, tokens, rows * tokens * a_token)


@dataclass(frozen=True)
class Timing:
    """Seconds from a request's arrival to its prompt's turn, to its first token, and to its end."""

    queue: float
    first: float
    whole: float

    @classmethod
    def of(cls, speech: Speech) -> Timing:
        """Of one that has just ended."""
        now = time.monotonic()
        return cls((speech.joined or now) - speech.asked, (speech.first or now) - speech.asked, now - speech.asked)


@dataclass
class Listener:
    """Whom a request's pieces and its end are for."""

    finished: Callable[[Generated], None]
    on_piece: OnPiece = lambda sample, text, again: None
    cancelled: Callable[[], bool] = lambda: False
    gone: Callable[[], None] = lambda: None  # it was cancelled, and is
    measured: Callable[[Generated, Timing], None] = lambda generated, timing: None  # just after `finished`


@dataclass
class Engine:
    speaker: Speaker
    limits: Limits = Limits()
    _residents: dict[str, Resident] = field(default_factory=dict)
    _lanes: dict[int, Lane] = field(default_factory=dict)  # by id of their decoder
    _waiting: deque[tuple[Speech, Decoder]] = field(default_factory=deque)
    _listeners: dict[int, Listener] = field(default_factory=dict)  # by id of their speech
    _sums: Stats = field(default_factory=lambda: Stats(id=0))
    _step_seconds: float = 0.0

    # Personas

    def load(self, key: str, folder: Path) -> int:
        """Make a persona resident; returns its bytes. Raises DamagedPersona or WrongBase."""
        resident = self.make(self.read(folder))
        self.admit(key, resident)
        return resident.n_bytes

    def read(self, folder: Path) -> Files:
        """The first half of loading, which may be in another thread than the steps.

        It computes nothing: a second thread with OpenMP threads of its own makes all of them wait for work asleep, and
        steps take twice as long (docs/measurements.md).
        """
        manifest = verify(folder)
        if TOKENIZER not in manifest.files or not manifest.is_whole:
            check_base(manifest.base, self.speaker.name, self.speaker.fingerprint)
        try:
            return self.read_unverified(folder, manifest.is_whole)
        except (AdapterMismatch, UnknownShape, ValueError) as error:
            raise DamagedPersona(str(error)) from error

    def read_unverified(self, folder: Path, full: bool) -> Files:
        """Of a persona that is not finished yet. Raises AdapterMismatch, UnknownShape or ValueError."""
        if full:
            return Files(read_quotes(folder), model=self._read_model(folder))
        base = self.speaker.decoder
        vocabulary, width = base.embedding.weight.shape
        return Files(read_quotes(folder), adapter=read_adapter(folder, base.layer_sizes, (vocabulary, width)))

    def _read_model(self, folder: Path) -> Model:
        """Many have the same tokenizer, which is in memory once."""
        shape, tensors = read_shape(folder), read_tensors(folder)
        if not (folder / TOKENIZER).is_file():
            return Model(shape, tensors, None)
        others = [resident.vocabulary for resident in list(self._residents.values()) if resident.vocabulary]
        return Model(shape, tensors, read_vocabulary(folder, n_tokens(tensors), [self.speaker.vocabulary, *others]))

    @torch.inference_mode()
    def make(self, files: Files) -> Resident:
        """The second half: some milliseconds between two steps."""
        base, n_quotes = self.speaker.decoder, files.quotes.n_bytes if files.quotes else 0
        if files.model:
            return self._make_own(files.model, files.quotes, n_quotes)
        assert files.adapter is not None
        adapter = files.adapter
        layout = _layout(base, max(adapter.rank, default_rank(base.parameters)))
        packed = Packed(layout, layout.pack(adapter.matrices).to(base.device), adapter.scale)
        table = None
        if len(adapter.token_ids):
            rows = Matrix.of(adapter.token_rows.to(base.device), self.speaker.precision)
            table = Table.of(adapter.token_ids.to(base.device), rows, len(base.embedding.weight))
        n_bytes = packed.n_bytes + (table.matrix.n_bytes if table else 0) + n_quotes
        return Resident(Weights(packed, table), base, files.quotes, n_bytes)

    def _make_own(self, model: Model, quotes: Quotes | None, n_quotes: int) -> Resident:
        own = build(model.shape, model.tensors, self.speaker.decoder.device, self.speaker.precision)
        cache = Cache.of(own, self._limits_of(own))
        vocabulary = model.vocabulary or self.speaker.vocabulary
        n_words = 0 if vocabulary is self.speaker.vocabulary else vocabulary.n_bytes
        return Resident(PLAIN, own, quotes, own.n_bytes + cache.n_bytes + n_quotes + n_words, vocabulary)

    def admit(self, key: str, resident: Resident) -> None:
        self._residents[key] = resident

    def unload(self, key: str) -> None:
        """What the persona is saying, it goes on to say."""
        self._residents.pop(key, None)

    # Requests

    def submit(self, request: GenerateRequest, listener: Listener) -> None:
        """Take a request in; the listener hears of it during steps. Raises NotLoaded, BlockedPrompt or QueueFull."""
        resident = self._residents.get(request.key)
        if resident is None:
            raise NotLoaded(request.key)
        if len(self._waiting) >= self.limits.queue:
            raise QueueFull("Too many people ask at once right now. Try again in a moment.")
        blocked = blocklist(request.blocklist)
        if blocked is not None and blocked(request.prompt):
            raise BlockedPrompt(request.blocklist, request.prompt)
        quotes = resident.quotes if request.quote_tries else None
        guards = Guards(request.prompt, blocked, quotes)
        vocabulary = resident.vocabulary or self.speaker.vocabulary
        capacity = self._lane(resident.decoder, vocabulary).batch.capacity
        prompt_ids = vocabulary.encode(request.prompt)
        max_tokens = min(request.max_tokens, capacity // 2)
        kept = prompt_ids[-(capacity - max_tokens - 1) :]
        speech = Speech(
            request=request,
            weights=resident.weights,
            prompt=[vocabulary.end_id, *kept],
            cut=len(kept) < len(prompt_ids),
            max_tokens=max_tokens,
            streams=[PieceStream(vocabulary, i, listener.on_piece, guards, kept) for i in range(request.n)],
            finished=self._finish,
        )
        self._listeners[id(speech)] = listener
        self._waiting.append((speech, resident.decoder))

    @torch.inference_mode()
    def step(self) -> bool:
        """One token for everybody who speaks; False when there is nobody."""
        began, busy = time.monotonic(), bool(self._listeners)
        self._leave()
        self._join()
        for lane in self._lanes.values():
            lane.step()
        self._drop_lanes()
        if busy:
            self._step_seconds += time.monotonic() - began
        return bool(self._listeners)

    def generate(
        self,
        request: GenerateRequest,
        on_piece: OnPiece = lambda sample, text, again: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Generated:
        """One request from its beginning to its end. Raises NotLoaded, BlockedPrompt or Cancelled."""
        found: list[Generated] = []
        self.submit(request, Listener(found.append, on_piece, cancelled))
        while not found and self.step():
            pass
        if not found:
            raise Cancelled
        return found[0]

    def _lane(self, decoder: Decoder, vocabulary: Vocabulary) -> Lane:
        if id(decoder) not in self._lanes:
            cache = Cache.of(decoder, self._limits_of(decoder))
            self._lanes[id(decoder)] = Lane(Batch(decoder, cache.rows, cache.tokens), vocabulary)
        return self._lanes[id(decoder)]

    def _limits_of(self, decoder: Decoder) -> Limits:
        if decoder is self.speaker.decoder:
            return self.limits
        return replace(self.limits, rows=OWN_ROWS, cache_bytes=self.limits.cache_bytes * OWN_ROWS // self.limits.rows)

    def _drop_lanes(self) -> None:
        """Those of models that have left."""
        kept = {id(self.speaker.decoder)} | {id(resident.decoder) for resident in self._residents.values()}
        for number in [number for number in self._lanes if number not in kept]:
            lane = self._lanes[number]
            if lane.free == lane.batch.rows and all(id(decoder) != number for _, decoder in self._waiting):
                del self._lanes[number]

    def _leave(self) -> None:
        gone = [number for number, listener in self._listeners.items() if listener.cancelled()]
        if not gone:
            return
        for lane in self._lanes.values():
            lane.leave(lambda speech: id(speech) in gone)
        self._waiting = deque(item for item in self._waiting if id(item[0]) not in gone)
        for number in gone:
            self._listeners.pop(number).gone()

    def _join(self) -> None:
        """Let those in who wait for longest, each as soon as its lane has room for it and those before it."""
        left: deque[tuple[Speech, Decoder]] = deque()
        joining: dict[int, list[Speech]] = {}
        tokens = 0
        free = {number: lane.free for number, lane in self._lanes.items()}
        for speech, decoder in self._waiting:
            number = id(decoder)
            if speech.n <= free[number] and (not tokens or tokens + len(speech.prompt) <= JOIN_TOKENS):
                tokens += len(speech.prompt)
                free[number] -= speech.n
                joining.setdefault(number, []).append(speech)
            else:
                free[number] = 0
                left.append((speech, decoder))
        self._waiting = left
        for number, speeches in joining.items():
            self._lanes[number].join(speeches)

    def _finish(self, speech: Speech) -> None:
        listener, timing = self._listeners.pop(id(speech)), Timing.of(speech)
        sums = self._sums
        self._sums = sums.model_copy(
            update={
                "requests": sums.requests + 1,
                "tokens": sums.tokens + speech.n_tokens,
                "seconds": sums.seconds + timing.whole,
                "queue_seconds": sums.queue_seconds + timing.queue,
                "first_seconds": sums.first_seconds + timing.first,
            }
        )
        generated = _generated(speech)
        listener.finished(generated)
        listener.measured(generated, timing)

    def stats(self) -> Stats:
        """Sums since the start."""
        base = self._lane(self.speaker.decoder, self.speaker.vocabulary)
        return self._sums.model_copy(
            update={
                "resident": len(self._residents),
                "resident_bytes": sum(resident.n_bytes for resident in self._residents.values()),
                "waiting": len(self._waiting),
                "rows": base.batch.rows - base.free,
                "steps": base.n_steps,
                "row_steps": base.n_rows,
                "step_seconds": self._step_seconds,
            }
        )


def _generated(speech: Speech) -> Generated:
    texts = [speech.texts[number] for number in range(speech.n)]
    return Generated(
        id=speech.request.id,
        samples=tuple(text for text in texts if text is not None),
        n_tokens=speech.n_tokens,
        ended=tuple(number in speech.ended for number, text in enumerate(texts) if text is not None),
        cut=speech.cut,
        quotes=texts.count(None),
    )


@lru_cache(maxsize=8)
def _layout(base: Decoder, rank: int) -> Layout:
    return Layout.of(base.linears, rank)


def check_base(base: BaseRecord, name: str, fingerprint: str) -> None:
    """Is it the one of this name and fingerprint? Raises WrongBase."""
    if base.fingerprint == fingerprint:
        return
    if base.name == name:
        raise WrongBase(f"it was trained on an earlier version of the base model {name!r}")
    raise WrongBase(f"it was trained on the base model {base.name!r}, and this is {name!r}")

"""Engine: load / unload / generate. One base model, any number of resident personas, one request at a time.

A persona is an adapter on the base model, or, trained with the method "full", a model of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from tokenizers.decoders import DecodeStream

from trainer.base import Base, read_weights
from trainer.blocklist import BlockedPrompt, blocklist
from trainer.lora import Adapter, AdapterMismatch, AdapterSwitch, read_adapter
from trainer.manifest import DamagedPersona, Manifest, verify
from trainer.protocol import Generated, GenerateRequest
from trainer.sampling import Sampling, sample
from trainer.text import finish, one_line

OnPiece = Callable[[int, str], None]
REWINDS = 5  # attempts to get past a blocked word; then the text ends before it


class WrongBase(Exception):
    """The persona was trained on another base model than the one in memory."""


class NotLoaded(Exception):
    """The persona is not resident."""


class Engine:
    """Serves personas on `base`, which it owns: its layers get hooks."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._switch = AdapterSwitch(base.model)
        self._adapters: dict[str, Adapter] = {}
        self._models: dict[str, Base] = {}
        self._line_ends = line_end_ids(base)

    def load(self, key: str, folder: Path) -> int:
        """Make a persona resident; returns its bytes. Raises DamagedPersona or WrongBase."""
        manifest = verify(folder)
        self._check_base(manifest)
        if manifest.run.method == "full":
            return self._load_model(key, folder)
        try:
            adapter = read_adapter(folder, self._base.model)
        except AdapterMismatch as error:
            raise DamagedPersona(str(error)) from error
        self._adapters[key] = adapter
        return adapter.n_bytes

    def _load_model(self, key: str, folder: Path) -> int:
        model = read_weights(folder, like=self._base.model)
        self._models[key] = replace(self._base, model=model)
        return sum(p.numel() * p.element_size() for p in model.parameters())

    def _check_base(self, manifest: Manifest) -> None:
        if manifest.base.fingerprint != self._base.fingerprint:
            raise WrongBase(_other_base(manifest.base.name, self._base.name))

    def unload(self, key: str) -> None:
        self._models.pop(key, None)
        adapter = self._adapters.pop(key, None)
        if adapter is not None and self._switch.active is adapter:
            self._switch.activate(None)

    def generate(
        self,
        request: GenerateRequest,
        on_piece: OnPiece = lambda sample, text: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Generated:
        """Continue the request's prompt. Raises NotLoaded or sampling.Cancelled."""
        if base := self._models.get(request.key):
            return continue_prompt(base, request, self._line_ends, on_piece, cancelled)
        if request.key not in self._adapters:
            raise NotLoaded(request.key)
        self._switch.activate(self._adapters[request.key])
        return continue_prompt(self._base, request, self._line_ends, on_piece, cancelled)


def _other_base(trained: str, loaded: str) -> str:
    if trained == loaded:
        return f"it was trained on an earlier version of the base model {loaded!r}"
    return f"it was trained on the base model {trained!r}, and this is {loaded!r}"


def line_end_ids(base: Base) -> frozenset[int]:
    """Tokens that end a post: end of text, and every token with a line end in it (some tokenizers have `.\\n`)."""
    ids = sorted(base.tokenizer.get_vocab().values())
    texts = base.tokenizer.backend_tokenizer.decode_batch([[i] for i in ids], skip_special_tokens=False)
    return frozenset({base.end_id} | {i for i, text in zip(ids, texts, strict=True) if "\n" in text or "\r" in text})


def continue_prompt(
    base: Base,
    request: GenerateRequest,
    stop: frozenset[int],
    on_piece: OnPiece = lambda sample, text: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Generated:
    """Sample from `base` with whatever adapter is on it; a prompt that doesn't fit is cut from the left.

    A sample that comes to a blocked word goes on from the word before it, some other way. Raises BlockedPrompt.
    """
    is_blocked = blocklist(request.blocklist)
    if is_blocked is not None and is_blocked(request.prompt):
        raise BlockedPrompt(request.blocklist, request.prompt)
    prompt_ids = base.encode(request.prompt)
    max_tokens = min(request.max_tokens, base.context // 2)
    room = base.context - max_tokens - 1
    kept = prompt_ids[-room:]
    check = None if is_blocked is None else lambda text: is_blocked(request.prompt + text)
    streams = [PieceStream(base, number, on_piece, check) for number in range(request.n)]
    options = Sampling(request.n, max_tokens, request.temperature, request.top_p, request.seed)
    draw = partial(_draw, base, [base.end_id, *kept], stop, cancelled)
    draw(streams, options)
    for stream in streams:
        for seed in rewind_seeds(request.seed, stream.number):
            if stream.settle():
                break
            draw([stream], replace(options, n=1, max_tokens=max_tokens - len(stream.tokens), seed=seed))
        else:
            stream.settle()
    n_tokens = sum(len(stream.tokens) for stream in streams)
    texts = tuple(finish(request.prompt, stream.text, not stop.isdisjoint(stream.tokens[-1:])) for stream in streams)
    return Generated(id=request.id, samples=texts, n_tokens=n_tokens, cut=len(kept) < len(prompt_ids))


def _draw(
    base: Base,
    prompt_ids: list[int],
    stop: frozenset[int],
    cancelled: Callable[[], bool],
    streams: list[PieceStream],
    options: Sampling,
) -> None:
    """Sample more tokens for streams that have the same ones so far."""

    def on_step(ids: list[int | None]) -> set[int]:
        for stream, token in zip(streams, ids, strict=True):
            if token is not None:
                stream.add(token)
        return {i for i, stream in enumerate(streams) if stream.blocked}

    first = streams[0]
    banned = first.banned if first.tokens else first.banned | {base.end_id}  # saying nothing is no answer
    sample(base.model, prompt_ids + first.tokens, options, stop, on_step, cancelled, banned, base.characters)


def rewind_seeds(seed: int, number: int) -> list[int]:
    """Seeds of a sample's further attempts, so that it depends on neither n nor the other samples."""
    return [(seed + 1_000_003 * (10 * number + attempt)) % 2**63 for attempt in range(1, 1 + REWINDS)]


class PieceStream:
    """One sample's tokens and text as they grow; hands on its first line in whole characters.

    A multi-byte character is held back until it is complete. With a blocklist so is a word until it has proved
    harmless, for which a suspicious one gets one word more ("Dick" is, "Dick Cheney" isn't). After a word that hasn't,
    the stream is `blocked` and takes no more tokens until `settle` has removed it.
    """

    def __init__(
        self, base: Base, number: int, on_piece: OnPiece, is_blocked: Callable[[str], bool] | None = None
    ) -> None:
        self._tokenizer = base.tokenizer.backend_tokenizer
        self._end_id = base.end_id
        self._is_blocked = is_blocked
        self._on_piece = on_piece
        self._decoder = DecodeStream(skip_special_tokens=True)
        self._shown = 0
        self._harmless = 0  # of the tokens
        self._suspicious = False  # is the last whole word
        self.banned: set[int] = set()  # tokens that blocked words after the harmless ones began with
        self.number = number
        self.tokens: list[int] = []
        self.text = ""
        self.blocked = False

    def add(self, token: int) -> None:
        piece = self._decoder.step(self._tokenizer, token) or ""
        if self._is_blocked is None:
            self._append(token, piece)
            self._show()
            return
        if token == self._end_id or any(character.isspace() for character in piece):
            self._check(last=False)
        if not self.blocked:
            self._append(token, piece)

    def settle(self) -> bool:
        """At the end of sampling: show what is left, or else go back to before the blocked word and return False."""
        if not self.blocked:
            self._check(last=True)
        if self.blocked:
            self._rewind()
            return False
        return True

    def _append(self, token: int, piece: str) -> None:
        self.tokens.append(token)
        self.text += piece

    def _check(self, last: bool) -> None:
        found = self._is_blocked is not None and self._is_blocked(one_line(self.text))
        self.blocked = found and (last or self._suspicious)
        self._suspicious = found
        if not found:
            if len(self.tokens) > self._harmless:
                self.banned.clear()
            self._harmless = len(self.tokens)
            self._show()

    def _show(self) -> None:
        line = one_line(self.text)
        if line[self._shown :]:
            self._on_piece(self.number, line[self._shown :])
        self._shown = len(line)

    def _rewind(self) -> None:
        self._decoder = DecodeStream(skip_special_tokens=True)
        kept = self.tokens[: self._harmless]
        self.banned.add(self.tokens[self._harmless])
        self.tokens, self.text, self.blocked, self._suspicious = [], "", False, False
        for token in kept:
            self._append(token, self._decoder.step(self._tokenizer, token) or "")

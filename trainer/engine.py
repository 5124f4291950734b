"""Engine: load / unload / generate. One base model, any number of resident adapters, one request at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tokenizers.decoders import DecodeStream

from trainer.base import Base
from trainer.lora import Adapter, AdapterMismatch, AdapterSwitch, read_adapter
from trainer.manifest import DamagedPersona, Manifest, verify
from trainer.protocol import Generated, GenerateRequest
from trainer.sampling import Sampling, sample
from trainer.text import finish, one_line

OnPiece = Callable[[int, str], None]


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
        self._line_ends = line_end_ids(base)

    def load(self, key: str, folder: Path) -> int:
        """Make a persona resident; returns its bytes. Raises DamagedPersona or WrongBase."""
        manifest = verify(folder)
        self._check_base(manifest)
        try:
            adapter = read_adapter(folder, self._base.model)
        except AdapterMismatch as error:
            raise DamagedPersona(str(error)) from error
        self._adapters[key] = adapter
        return adapter.n_bytes

    def _check_base(self, manifest: Manifest) -> None:
        if manifest.base.fingerprint != self._base.fingerprint:
            raise WrongBase(_other_base(manifest.base.name, self._base.name))

    def unload(self, key: str) -> None:
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
    """Sample from `base` with whatever adapter is on it; a prompt that doesn't fit is cut from the left."""
    prompt_ids = base.encode(request.prompt)
    max_tokens = min(request.max_tokens, base.context // 2)
    room = base.context - max_tokens - 1
    kept = prompt_ids[-room:]
    streams = [PieceStream(base, number, on_piece) for number in range(request.n)]

    def on_step(ids: list[int | None]) -> None:
        for stream, token in zip(streams, ids, strict=True):
            if token is not None and token != base.end_id:
                stream.add(token)

    options = Sampling(request.n, max_tokens, request.temperature, request.top_p, request.seed)
    rows = sample(base.model, [base.end_id, *kept], options, stop, on_step, cancelled)
    texts = tuple(
        finish(request.prompt, stream.text, bool(row) and row[-1] in stop)
        for stream, row in zip(streams, rows, strict=True)
    )
    cut = len(kept) < len(prompt_ids)
    return Generated(id=request.id, samples=texts, n_tokens=sum(map(len, rows)), cut=cut)


class PieceStream:
    """One sample's text as it grows; hands on its first line in whole characters.

    A multi-byte character is held back until it is complete.
    """

    def __init__(self, base: Base, number: int, on_piece: OnPiece) -> None:
        self._tokenizer = base.tokenizer.backend_tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)
        self._number = number
        self._on_piece = on_piece
        self.text = ""

    def add(self, token: int) -> None:
        shown = len(one_line(self.text))
        self.text += self._stream.step(self._tokenizer, token) or ""
        piece = one_line(self.text)[shown:]
        if piece:
            self._on_piece(self._number, piece)

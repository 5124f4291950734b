from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tests.builders import corpus_record, manifest
from trainer.manifest import checksums, public, write_manifest
from trainer.protocol import AdoptRequest


@dataclass
class FakeConverter:
    """bot.ports.Converter that converts nothing: writes small files, or raises `error`."""

    error: Exception | None = None
    requests: list[AdoptRequest] = field(default_factory=list)

    async def export(self, folder: Path, out: Path, merged: bool) -> None:
        out.mkdir(parents=True)
        (out / ("model.safetensors" if merged else "adapter_model.safetensors")).write_text(f"of {folder.name}")
        write_manifest(out, public(manifest(folder.parent.name)))
        if self.error is not None:
            raise self.error

    async def adopt(self, request: AdoptRequest) -> int:
        self.requests.append(request)
        if self.error is not None:
            raise self.error
        out = Path(request.out)
        out.mkdir()
        (out / "model.safetensors").write_text("a model")
        corpus = corpus_record().model_copy(update={"accounts": request.accounts})
        record = manifest(request.persona, run=None, origin=request.origin, corpus=corpus, files=checksums(out))
        write_manifest(out, record)
        return record.n_bytes


@dataclass
class FakeHub:
    """bot.ports.Hub in memory: what was pushed to a repository can be pulled from it."""

    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    public: set[str] = field(default_factory=set)
    error: Exception | None = None

    async def push(self, folder: Path, repo: str, public: bool, message: str) -> str:
        if self.error is not None:
            raise self.error
        found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        self.files[repo] = found
        if public:
            self.public.add(repo)
        return f"https://hub.example/{repo}"

    async def pull(self, repo: str, revision: str | None, to: Path) -> str:
        for name, content in self.files.get(repo, {}).items():
            path = to / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        if self.error is not None:
            raise self.error
        return revision or "c0ffee"

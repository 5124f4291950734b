"""What a hub keeps: repositories, each a line of commits, and the contents of files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

LARGE = 10 * 1024 * 1024  # bytes from which every file is a large one
LARGE_SUFFIXES = (".safetensors", ".bin", ".pt", ".onnx", ".h5", ".msgpack")
GIT_ATTRIBUTES = "".join(f"*{suffix} filter=lfs diff=lfs merge=lfs -text\n" for suffix in LARGE_SUFFIXES).encode()


def is_large(path: str, size: int, sample: bytes) -> bool:
    """Whether a file is kept in the storage rather than in git: large ones, and binary ones."""
    return size > LARGE or path.endswith(LARGE_SUFFIXES) or b"\0" in sample


@dataclass(frozen=True)
class Blob:
    """A file's content. `claims`: a size that it hasn't. `known_as`: its SHA-256, where the content is elsewhere."""

    data: bytes
    large: bool = False
    claims: int | None = None
    known_as: str = ""

    @property
    def size(self) -> int:
        return len(self.data) if self.claims is None else self.claims

    @property
    def sha256(self) -> str:
        return self.known_as or hashlib.sha256(self.data).hexdigest()

    @property
    def git_oid(self) -> str:
        content = f"oid sha256:{self.sha256}\nsize {self.size}\n".encode() if self.large else self.data
        return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()

    @property
    def etag(self) -> str:
        return self.sha256 if self.large else self.git_oid

    def sibling(self, path: str) -> dict[str, object]:
        """As /api/models/… lists it."""
        lfs = {"sha256": self.sha256, "size": self.size, "pointerSize": 134}
        return {"rfilename": path, "size": self.size, "blobId": self.git_oid} | ({"lfs": lfs} if self.large else {})

    def entry(self, path: str) -> dict[str, object]:
        """As /api/models/…/tree/… lists it."""
        lfs = {"oid": self.sha256, "size": self.size, "pointerSize": 134}
        entry: dict[str, object] = {"type": "file", "path": path, "size": self.size, "oid": self.git_oid}
        return entry | ({"lfs": lfs} if self.large else {})


@dataclass(frozen=True)
class Commit:
    sha: str
    message: str
    files: dict[str, Blob]


@dataclass
class Repo:
    """`main` is the last of its commits; `gated`: who wants to read it has to ask first."""

    name: str
    private: bool = False
    gated: bool = False
    commits: list[Commit] = field(default_factory=list)

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    @property
    def files(self) -> dict[str, bytes]:
        """Those of `main` that somebody has put there."""
        return {path: blob.data for path, blob in self.head.files.items() if path != ".gitattributes"}

    def find(self, revision: str) -> Commit | None:
        if revision == "main":
            return self.head
        return next((commit for commit in self.commits if commit.sha == revision), None)

    def commit(self, message: str, files: dict[str, Blob]) -> Commit:
        content = repr((self.name, len(self.commits), message, sorted(files))).encode()
        self.commits.append(Commit(hashlib.sha1(content).hexdigest(), message, files))
        return self.head


def repo(name: str, files: dict[str, bytes], private: bool = False, gated: bool = False) -> Repo:
    """One that is there already."""
    made = Repo(name, private, gated)
    blobs = {path: Blob(data, is_large(path, len(data), data[:512])) for path, data in files.items()}
    made.commit("initial commit", {".gitattributes": Blob(GIT_ATTRIBUTES)} | blobs)
    return made

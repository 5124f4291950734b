"""A repository on a hub → a folder of plain files.

The library's own download begins a file anew in each process, takes what it finds for whole, and leaves notes of its
own beside the files; its `http_get` does the part that is hard.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import BadInput, Busy, DiskFull
from bot.hub.files import ADAPTER, is_model, wanted
from bot.hub.library import headers_of
from bot.hub.troubles import AGAIN
from trainer.digest import sha256

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import RepoSibling

PART = ".part"


def pull(api: HfApi, repo: str, revision: str | None, to: Path) -> str:
    """`to` is for this repository alone: what another revision has left there goes. Returns the commit's hash.

    Raises MynahError, or what the library raises.
    """
    info = api.model_info(repo, revision=revision or None, files_metadata=True)
    there = {sibling.rfilename: sibling for sibling in info.siblings or ()}
    names = wanted(there)
    if info.sha is None or not is_model(names):
        raise BadInput(
            f"{repo} has no language model that Mynah knows: neither config.json with model.safetensors or "
            "pytorch_model.bin, nor adapter_config.json with adapter_model.safetensors. Check the name."
        )
    to.mkdir(parents=True, exist_ok=True)
    files = [there[name] for name in names]
    _sweep(to, {name for file in files for name in (file.rfilename, _part(file))})
    missing = [file for file in files if not _is_here(to / file.rfilename, file)]
    _check_room(repo, to, missing)
    for file in missing:
        _download(api, repo, info.sha, file, to)
    return info.sha


def _sweep(to: Path, keep: set[str]) -> None:
    """Only what comes from here: other files are somebody else's."""
    for path in [*to.glob("*"), *to.glob(f"{ADAPTER}*")]:
        name = path.relative_to(to).as_posix()
        if path.is_file() and name not in keep and (name.endswith(PART) or wanted([name])):
            path.unlink()


def _content(file: RepoSibling) -> str:
    """What it is known by: the SHA-256 of a large file, git's hash of another one; "": nothing."""
    return file.lfs.sha256 if file.lfs else file.blob_id or ""


def _part(file: RepoSibling) -> str:
    """Named for its content, so that a file isn't gone on with as another one."""
    return f"{file.rfilename}.{_content(file)[:16]}{PART}"


def _is_here(path: Path, file: RepoSibling) -> bool:
    """Whether it is there with the content that the hub says."""
    from huggingface_hub.utils.sha import git_hash

    if not path.is_file() or file.size not in (None, path.stat().st_size):
        return False
    return _content(file) in ("", sha256(path) if file.lfs else git_hash(path.read_bytes()))


def _check_room(repo: str, to: Path, missing: list[RepoSibling]) -> None:
    parts = [to / _part(file) for file in missing]
    needed = sum(file.size or 0 for file in missing) - sum(part.stat().st_size for part in parts if part.is_file())
    free = shutil.disk_usage(to).free
    if needed > free:
        raise DiskFull(
            f"{repo} takes {needed / 1e6:,.0f} MB more, and {free / 1e6:,.0f} MB are free in {to}. Free some space, "
            "then run the same command again."
        )


def _download(api: HfApi, repo: str, revision: str, file: RepoSibling, to: Path) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get

    name, part = file.rfilename, to / _part(file)
    headers = headers_of(api) | {"Accept-Encoding": "identity"}  # else the rest can't be asked for
    url = hf_hub_url(repo, name, revision=revision, endpoint=api.endpoint)
    part.parent.mkdir(exist_ok=True)
    with part.open("ab") as out:
        http_get(url, out, resume_size=out.tell(), headers=headers, expected_size=file.size, displayed_filename=name)
    if not _is_here(part, file):
        part.unlink()
        raise Busy(f"{name} has arrived damaged. {AGAIN}")
    part.replace(to / name)

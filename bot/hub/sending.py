"""A folder → a repository on a hub, by one commit: all of it is seen there, or nothing.

Large files go to the hub's storage before that. It knows them by their content, and so is sent nothing twice: neither
what a cut try has brought there, nor what an earlier version has had.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import BadInput
from bot.hub.files import stale
from bot.hub.library import headers_of
from bot.hub.troubles import Asked

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, HfApi

LARGE = 1_000_000  # bytes; smaller files keep nobody waiting


def push(api: HfApi, folder: Path, repo: str, public: bool, message: str) -> str:
    """Returns the repository's address. Raises MynahError, or what the library raises."""
    from huggingface_hub import CommitOperationDelete

    repo = _whole_name(api, repo)
    there = _open(api, repo, public)
    ours = _files(folder)
    with ExitStack() as stack:
        additions = _additions(api, repo, ours, stack)
        deletions = [CommitOperationDelete(name) for name in stale(there, ours)]
        commit = api.create_commit(repo, [*deletions, *additions], commit_message=message)
    _check_whole(api, repo, commit.oid, ours)
    return f"{api.endpoint}/{repo}"


def _whole_name(api: HfApi, repo: str) -> str:
    """`name` is one of the token's own account."""
    if "/" in repo:
        return repo
    if api.token is False:
        raise Asked(api.endpoint, repo).refusal("token")
    return f"{api.whoami()['name']}/{repo}"


def _open(api: HfApi, repo: str, public: bool) -> set[str]:
    """The names of the files there. Who may see a repository that is there already is not for us to change.

    Its history would come to be seen, or others would lose what they use.
    """
    api.create_repo(repo, private=not public, exist_ok=True)
    info = api.model_info(repo)
    if public and info.private:
        raise BadInput(
            f"{repo} is private, and so is all that was published there before; nothing was sent. To open it, change "
            f"its visibility at {api.endpoint}/{repo}/settings, then run the same command again."
        )
    if not public and not info.private:
        raise BadInput(
            f"Everybody sees {repo}; nothing was sent. Add --public to publish there all the same, or choose another "
            "name."
        )
    return {sibling.rfilename for sibling in info.siblings or ()}


def _files(folder: Path) -> dict[str, Path]:
    """By their names in the repository; hidden ones (.cache, .gitattributes) are not ours."""
    names = {path: path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        name.as_posix(): path for path, name in names.items() if not any(part.startswith(".") for part in name.parts)
    }


def _additions(api: HfApi, repo: str, files: dict[str, Path], stack: ExitStack) -> list[CommitOperationAdd]:
    """Open files go by LFS: where there is Xet's client, the library takes it that the server speaks Xet as well.

    The library's own pool of threads is waited for at the end of the process, this thread is not: so one by one.
    """
    from huggingface_hub import CommitOperationAdd

    if _speaks_xet(api, repo):
        return [CommitOperationAdd(name, path) for name, path in files.items()]
    additions = [CommitOperationAdd(name, stack.enter_context(path.open("rb"))) for name, path in files.items()]
    for addition in additions:
        if addition.upload_info.size > LARGE:
            api.preupload_lfs_files(repo, [addition], free_memory=False)
    return additions


def _speaks_xet(api: HfApi, repo: str) -> bool:
    """Whether it takes large files in chunks (https://huggingface.co/docs/hub/xet); other hubs have LFS only."""
    from huggingface_hub import get_session

    url = f"{api.endpoint}/api/models/{repo}/xet-write-token/main"
    return get_session().get(url, headers=headers_of(api)).is_success


def _check_whole(api: HfApi, repo: str, revision: str, files: dict[str, Path]) -> None:
    there = {sibling.rfilename for sibling in api.model_info(repo, revision=revision).siblings or ()}
    if missing := sorted(files.keys() - there):
        raise BadInput(
            f"{repo} has a .gitignore that has kept {', '.join(missing)} out. Delete it there, then run the same "
            "command again."
        )

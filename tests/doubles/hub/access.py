"""Who asks, and whether they may."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from tests.doubles.hub.repos import Commit, Repo


@dataclass(frozen=True)
class Account:
    """Whose an access token is; `reads_only`: the token may not write."""

    name: str
    organisations: tuple[str, ...] = ()
    reads_only: bool = False


class Refused(Exception):
    """What the hub says no with."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.headers = status, {"X-Error-Message": message} | ({"X-Error-Code": code} if code else {})


@dataclass(frozen=True)
class Access:
    """`accounts` are by their tokens, `repos` by their names."""

    accounts: dict[str, Account]
    repos: dict[str, Repo]

    def account(self, request: web.Request) -> Account | None:
        header = request.headers.get("Authorization")
        if header is None:
            return None
        account = self.accounts.get(header.removeprefix("Bearer "))
        if account is None:
            raise Refused(401, "Invalid credentials in Authorization header")
        return account

    def readable(self, request: web.Request) -> Repo:
        account, repo = self.account(request), self.repos.get(request.match_info["repo"])
        if repo is None or (repo.private and not (account and _owns(account, repo.name))):
            raise (
                Refused(404, "Repository not found", "RepoNotFound")
                if account
                else Refused(401, "Invalid username or password.")
            )
        if repo.gated and not (account and _owns(account, repo.name)):
            raise Refused(403 if account else 401, "Access to this model is restricted.", "GatedRepo")
        return repo

    def writable(self, request: web.Request) -> Repo:
        repo, account = self.readable(request), self.account(request)
        self.check_writer(account, repo.name)
        return repo

    def check_writer(self, account: Account | None, name: str) -> None:
        if account is None:
            raise Refused(401, "Invalid username or password.")
        if account.reads_only or not _owns(account, name):
            raise Refused(403, f'You don\'t have the rights to create a model under the namespace "{name}"')

    def at(self, request: web.Request) -> tuple[Repo, Commit]:
        repo = self.readable(request)
        revision = request.match_info.get("revision", "main")
        commit = repo.find(revision)
        if commit is None:
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return repo, commit


def _owns(account: Account, name: str) -> bool:
    return name.partition("/")[0] in (account.name, *account.organisations)

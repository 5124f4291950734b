"""What people type to name an account → its network and its name there. Pure.

`@alice`, `@alice.bsky.social`, `@alice@mastodon.example`, `x:alice`, `bsky:alice`, `did:plc:…`, and the address of a
profile page. X's names: https://help.x.com/en/managing-your-account/x-username-rules; Bluesky's are domain names and
DIDs: https://atproto.com/specs/handle, https://atproto.com/specs/did.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.errors import BadInput
from bot.texts import Text

X, BLUESKY, MASTODON = NETWORKS = ("x", "bluesky", "mastodon")
PREFIXES = {"x": X, "twitter": X, "bsky": BLUESKY, "bluesky": BLUESKY, "mastodon": MASTODON}
MAX_CHARACTERS = 64  # a blend's name, of three, has to be a folder's name

_HANDLE = re.compile(r"[a-z0-9_.]+(@[a-z0-9_.]+)?")
_DID = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]{1,200}")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_X_NAME = re.compile(r"[a-z0-9_]{1,15}")
_USER = re.compile(r"[a-z0-9_]+([.-]+[a-z0-9_]+)*")
_PAGE = re.compile(r"(?:https?://)?((?:[a-z0-9-]+\.)+[a-z]{2,}/.+)|https?://.+", re.IGNORECASE)
_X_HOSTS = {"x.com", "twitter.com"}
_NO_PROFILES = {"home", "explore", "search", "i", "settings", "notifications", "messages", "hashtag", "intent"}
_RULES = {
    X: Text("X has names of up to 15 letters, digits and _, like x:alice."),
    BLUESKY: Text("Bluesky has names like alice.bsky.social or alice.example, up to 64 characters long."),
    MASTODON: Text("Mastodon has names like @alice@mastodon.example, up to 64 characters long."),
}


@dataclass(frozen=True, slots=True)
class Address:
    """An account: `name` as its network writes it, in lower case; `network` is None where nobody said which.

    `handle` is what its persona is called: without `-`, which joins the handles of a blend.
    """

    name: str
    network: str | None = None

    @property
    def handle(self) -> str:
        return self.name.replace("-", "_").replace(":", "_")


def parse_handle(text: str) -> str:
    """`@Alice` → `alice`: the handle of a persona's account. Raises BadInput."""
    return parse_address(text).handle


def parse_address(text: str) -> Address:
    """Any of the forms above. Raises BadInput."""
    given = unicodedata.normalize("NFKC", text).strip()  # ＠ａｌｉｃｅ, as a Japanese keyboard may have it
    given = given.rstrip(".,") or given  # as sentences end
    name = given.removeprefix("@")
    if _PAGE.fullmatch(given):
        return _page(given)
    prefix, colon, rest = name.partition(":")
    if _DID.fullmatch(name):
        return Address(name, BLUESKY)
    if colon and prefix.lower() in PREFIXES:
        return _on(PREFIXES[prefix.lower()], rest.removeprefix("@"), text)
    return _plain(name.lower(), text)


def network_of(handle: str, default: str | None) -> Address | None:
    """Where a handle is that came without a network: on Bluesky with a dot, else where a plain one is."""
    name = handle.replace("_", "-")  # no domain has a _
    if "." in handle and _DOMAIN.fullmatch(name):
        return Address(name, BLUESKY)
    if default == BLUESKY and _DOMAIN.fullmatch(f"{name}.bsky.social"):
        return Address(f"{name}.bsky.social", BLUESKY)
    return Address(handle, X) if default == X and _X_NAME.fullmatch(handle) else None


def _plain(name: str, text: str) -> Address:
    _check_letters(name, text)
    user, at, host = name.partition("@")
    if at and host == "bsky.social":
        return _on(BLUESKY, f"{user}.{host}", text)
    if at and _DOMAIN.fullmatch(host):
        return _on(MASTODON, name, text)
    if "-" in name and _DOMAIN.fullmatch(name):
        return _on(BLUESKY, name, text)
    if at or not _HANDLE.fullmatch(name) or not user.strip(".") or len(name) > MAX_CHARACTERS:
        raise _no_handle(text)
    return Address(name)


def _on(network: str, name: str, text: str) -> Address:
    """An account of a network that was said. Raises BadInput when it has no such names."""
    name = name if _DID.fullmatch(name) else name.lower()
    _check_letters(name, text)
    if network == BLUESKY and not _DID.fullmatch(name) and "." not in name:
        name = f"{name}.bsky.social"
    user, _, host = name.partition("@")
    fits = {
        X: _X_NAME.fullmatch(name),
        BLUESKY: _DOMAIN.fullmatch(name) or _DID.fullmatch(name),
        MASTODON: _USER.fullmatch(user) and _DOMAIN.fullmatch(host),
    }
    if not fits[network] or (len(name) > MAX_CHARACTERS and not _DID.fullmatch(name)):
        raise BadInput(Text("{given} is no account's name: {rule}", given=repr(text), rule=_RULES[network]))
    return Address(name, network)


def _page(text: str) -> Address:
    """https://x.com/alice, https://bsky.app/profile/alice.example, https://mastodon.example/@alice"""
    try:
        parts = urlsplit(text if "//" in text else f"https://{text}")
    except ValueError:  # brackets without an address in them
        raise _no_handle(text) from None
    host = (parts.hostname or "").removeprefix("www.").removeprefix("mobile.")
    path = [part for part in parts.path.split("/") if part]
    if host in _X_HOSTS and path and path[0].lower() not in _NO_PROFILES:
        return _on(X, path[0].lower(), text)
    if host == "bsky.app" and len(path) > 1 and path[0] == "profile":
        return _on(BLUESKY, path[1] if path[1].startswith("did:") else path[1].lower(), text)
    user = path[0].removeprefix("@") if path and path[0].startswith("@") else "".join(path[1:2])
    if path and (path[0].startswith("@") or path[0] == "users") and user:
        return _on(MASTODON, user.lower() if "@" in user else f"{user.lower()}@{host}", text)
    raise BadInput(
        Text(
            "{given} is no profile page that I know. Give me one of X, Bluesky or Mastodon, or the handle, like "
            "@pip_the_lighthouse.",
            given=repr(text),
        )
    )


def _check_letters(name: str, text: str) -> None:
    """Raises BadInput for a letter that looks like one of a handle's, and for any other that none has."""
    for letter in name:
        if not letter.isascii() and letter.isalpha():
            raise BadInput(
                Text(
                    "{given} is not a handle: its “{letter}” is the letter {name}, which may look like another one. "
                    "Type it with the letters a to z.",
                    given=repr(text),
                    letter=letter,
                    name=unicodedata.name(letter, f"U+{ord(letter):04X}").title(),
                )
            )


def _no_handle(text: str) -> BadInput:
    return BadInput(
        Text("{given} is not a handle: use letters, digits, _ and dots, like @pip_the_lighthouse.", given=repr(text))
    )

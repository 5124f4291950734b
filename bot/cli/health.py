"""`mynah health`: how the bot that runs is, for people and for a container's HEALTHCHECK."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.cli.shared import settings_of
from bot.errors import OperatorError

SECONDS = 5.0  # in which it answers, or doesn't
NOBODY = "No bot is running on {}. `mynah run` starts one."
NOT_OURS = "The bot on {} is another user's. Run this as the user that it runs as, like `sudo -u mynah mynah health`."
HANGS = "The bot that runs on {} doesn't answer ({}). Its log, in logs/bot.log, may say why; restart it."


def health(
    ctx: typer.Context,
    ready: Annotated[
        bool, typer.Option("--ready", help="Fail, too, while something is missing that people need: a messenger, …")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False,
) -> None:
    """Ask the bot that runs how it is. Exits with 0 where it answers; with --ready, where people can be served."""
    found = ask(settings_of(ctx).data_dir)
    print(json.dumps(found, indent=2) if as_json else told(found))
    if ready and not found["ready"]:
        raise typer.Exit(1)


def told(found: dict[str, Any]) -> str:
    """A line for people."""
    state = "stopping" if found["stopping"] else "ready" if found["ready"] else "alive, not ready"
    return f"{state}: " + ", ".join(f"{part} {'ok' if works else 'missing'}" for part, works in found["parts"].items())


def ask(data_dir: Path) -> dict[str, Any]:
    """`ready`, `stopping` and `parts`, as bot.monitoring.readiness has them. Raises OperatorError."""
    from bot.control.place import short
    from bot.folders import Folders

    path = Folders(data_dir).control
    try:
        with short(path) as name:
            answer = _get(name)
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):  # a killed process has left its socket
        raise OperatorError(NOBODY.format(data_dir)) from None
    except PermissionError:
        raise OperatorError(NOT_OURS.format(data_dir)) from None
    except (OSError, http.client.HTTPException) as error:
        raise OperatorError(HANGS.format(data_dir, str(error) or type(error).__name__)) from error
    try:
        found: dict[str, Any] = {"ready": False, "stopping": False, "parts": {}} | json.loads(answer)
    except (ValueError, TypeError):
        raise OperatorError(HANGS.format(data_dir, "what it says is no state of a bot")) from None
    return found


def _get(name: str) -> bytes:
    connection = http.client.HTTPConnection("mynah", timeout=SECONDS)
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.settimeout(SECONDS)
        connection.sock.connect(name)
        connection.request("GET", "/readyz")
        return connection.getresponse().read()
    finally:
        connection.close()

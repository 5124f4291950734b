"""`mynah init` and `mynah doctor`: from nothing to a bot that runs, and what is wrong where it doesn't."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import JSON_HELP, show_json
from bot.cli.shared import REFUSED, STOPPED, folder, run
from bot.errors import OperatorError

if TYPE_CHECKING:
    from bot.setup.check import Check
    from bot.setup.doctor import Report

COLOURS = {"ok": "green", "warning": "yellow", "error": "red"}


def doctor(
    ctx: typer.Context,
    json: Annotated[bool, typer.Option("--json", help=JSON_HELP)] = False,
) -> None:
    """Check everything that Mynah needs, and say how to mend what is wrong.

    Tokens are checked where they are for. Nothing is changed. Exit code 0: no error; 1: something has to be mended.
    """
    report = _examined(*ctx.obj)
    if json:
        show_json({"ok": report.ok, "checks": report.checks, "next": report.next})
    else:
        _show(report)
    sys.exit(0 if report.ok else REFUSED)


def _examined(config: Path | None, data_dir: Path | None) -> Report:
    from rich.console import Console

    from bot.setup.doctor import examine

    logging.disable(logging.CRITICAL)  # what libraries say of a failure is in its line
    with Console(stderr=True).status("Looking at everything…"):  # shown on terminals alone
        return run(examine(config, data_dir))


def _show(report: Report) -> None:
    """As wide as the terminal, or 80 columns on a pipe. No colour on a pipe, nor with NO_COLOR."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for overflow in ("ellipsis", "ellipsis", "fold"):  # a long path is shown to its end
        table.add_column(overflow=overflow)
    for check in report.checks:
        table.add_row(Text(check.state, style=COLOURS[check.state]), Text(check.name, style="bold"), _words(check))
    console = Console(highlight=False)
    console.print(table)
    console.print(Text(f"\n{report.next}"), soft_wrap=True)


def _words(check: Check) -> str:
    from rich.markup import escape

    return escape(f"{check.text}\n→ {check.fix}" if check.fix else check.text)


def init(
    ctx: typer.Context,
    config: Annotated[
        Path | None, typer.Option(dir_okay=False, help="The file to write (default: the one that Mynah reads).")
    ] = None,
    data_dir: Annotated[
        Path | None, typer.Option(parser=folder, metavar="DIRECTORY", help="Folder of all state.")
    ] = None,
    base_model: Annotated[str | None, typer.Option(help='"bundled", a folder, or a name on a hub.')] = None,
    write_tokens: Annotated[
        bool, typer.Option("--write-tokens", help="With --yes: write tokens of the environment into the file, too.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Ask nothing; a file that is there keeps its settings.")
    ] = False,
) -> None:
    """Ask for tokens and folders, check them, and write a settings file that only you can read.

    What is there already stays as it is until the end, and is then kept beside the new one.
    """
    from bot.cli.initial import Wishes, initialize

    config_option, data_dir_option = ctx.obj
    wishes = Wishes(config or config_option, data_dir or data_dir_option, base_model, write_tokens, yes)
    logging.disable(logging.CRITICAL)  # what libraries say of a failure is told in a line
    try:
        initialize(wishes)
    except KeyboardInterrupt:
        print("\nStopped. Nothing was written.", file=sys.stderr)
        sys.exit(STOPPED)
    except EOFError:
        print()  # the question is still on this line
        raise OperatorError(
            "Nobody is here to answer, so nothing was written. `mynah init --yes` asks nothing."
        ) from None

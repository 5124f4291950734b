"""`mynah config`: the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.output import JSON_HELP, show_json, show_table
from bot.cli.shared import noun, settings_of

if TYPE_CHECKING:
    from bot.setup.origins import Setting

app = noun("The settings: what they are, where they come from, whether they are right.", usual="show")
Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]


@app.command()
def show(
    ctx: typer.Context,
    changed: Annotated[bool, typer.Option("--changed", help="Only those that are not as they come.")] = False,
    json: Json = False,
) -> None:
    """Every setting, its value, and where that comes from (the default). Secrets are masked."""
    settings = [one for one in _settings(ctx) if one.changed or not changed]
    if json:
        show_json([_facts(one) for one in settings])
    elif not settings:
        print("Nothing is changed: every setting has its default.")
    else:
        show_table(("setting", "value", "from"), list(_rows(settings)), elastic=1)


@app.command()
def check(ctx: typer.Context) -> None:
    """Whether the settings can be used: names each key that is wrong, and how to mend it."""
    from bot.settings import find_config

    settings = _settings(ctx)
    config = find_config(ctx.obj[0])
    places = {"file": "from it", "environment": "from the environment", "option": "from --data-dir"}
    counts = {place: sum(one.origin == origin for one in settings) for origin, place in places.items()}
    parts = [f"{number} {place}" for place, number in counts.items() if number]
    place = f"{config.absolute()} is right" if config else "There is no settings file, and none is needed"
    print(f"{place}: {len(settings)} settings, {', '.join(parts) or 'all as they come'}.")


@app.command()
def path(ctx: typer.Context, json: Json = False) -> None:
    """Which settings file is read, and where the data folder is."""
    from bot.settings import find_config

    config = find_config(ctx.obj[0])
    file = config.absolute() if config else None
    if json:
        show_json({"file": file, "data_dir": settings_of(ctx).data_dir})
        return
    print(f"Settings file  {file or 'none: mynah init writes one'}", flush=True)  # also where it can't be used
    print(f"Data folder    {settings_of(ctx).data_dir}")


def _settings(ctx: typer.Context) -> list[Setting]:
    """Raises SettingsError."""
    from bot.settings import find_config
    from bot.setup.origins import given, listed

    config, data_dir = ctx.obj
    return listed(settings_of(ctx), given(find_config(config), data_dir))


def _facts(one: Setting) -> dict[str, Any]:
    return {"key": one.key, "value": one.value, "from": one.origin, "default": one.default}


def _rows(settings: list[Setting]) -> list[tuple[str, str, str]]:
    """A line before each section names it."""
    rows: list[tuple[str, str, str]] = []
    section = ""
    for one in settings:
        if one.section != section:
            section = one.section
            rows.append((f"[{section}]", "", ""))
        rows.append((one.key.removeprefix(f"{section}."), _text(one.value), one.origin))
    return rows


def _text(value: object) -> str:
    """As in the file, but without quotation marks around texts."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value)) or "none"
    return str(value)

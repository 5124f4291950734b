"""`mynah discord`: setting the bot up."""

from __future__ import annotations

import typer

from bot.cli.shared import noun, run, settings_of

app = noun("Discord: inviting the bot.")


@app.command()
def invite(ctx: typer.Context) -> None:
    """Print the links that add the bot to a server or to an account, with the permissions it needs."""
    from bot.platforms.discord.invite import links

    for label, link in run(links(settings_of(ctx).discord)):
        print(f"{label}:\n  {link}")

"""What every message is made of: sentences in the person's language, boxes, blocks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from textwrap import dedent

import discord

from bot import phrases, render
from bot.domain import Persona
from bot.pictures.painter import Picture
from bot.platforms.discord.controls import Row, button, button_row
from bot.platforms.discord.markdown import LIMIT, first_part, plain, with_commands
from bot.platforms.discord.message import Message
from bot.platforms.ids import reference
from bot.texts import Text, translate
from trainer.protocol import ReportCard

NEUTRAL, GOOD, BAD = discord.Colour(0x5865F2), discord.Colour(0x2D7D46), discord.Colour(0xB3261E)
LAYOUT_LIMIT = 4000  # characters of all texts in a layout
SAMPLE_LIMIT = 600
ALT_LIMIT = 1024  # characters of what is said of a picture


@dataclass(frozen=True)
class Look:
    """One person's language; `commands`: the ids under which Discord knows them, for clickable mentions."""

    locale: str = "en"
    commands: dict[str, int] = field(default_factory=dict)

    def say(self, template: str, **values: object) -> str:
        return self.told(Text(template, **values))

    def told(self, text: str) -> str:
        """A sentence of ours, in the person's language."""
        return with_commands(translate(text, self.locale), self.commands)

    def quoted(self, text: str) -> str:
        """A sentence of ours; what it quotes from people is shown as it is."""
        return self.told(quoting(text))

    def notice(self, text: str) -> Message:
        return Message(first_part(self.quoted(text), LIMIT))

    def small(self, text: str) -> str:
        """A sentence of ours, in small print."""
        return f"-# {self.told(text)}"

    def alt(self, picture: Picture) -> str:
        """For who can't see it; nothing in it is a command or a mark."""
        return translate(picture.alt, self.locale)

    def label(self, persona: str) -> str:
        return f"-# @{plain(persona)} · {self.told(phrases.WRITTEN)}"

    def sample(self, persona: Persona) -> str:
        return f"> {plain(first_part(persona.manifest.sample, SAMPLE_LIMIT))}\n{self.label(persona.name)}"

    def training_table(self, persona: Persona) -> str:
        return block(render.training_table(persona.manifest.corpus.accounts, self.told))

    def run_line(self, persona: Persona) -> str:
        day = f"<t:{int(persona.manifest.created_at.timestamp())}:D>"
        return self.small(phrases.run_line(persona, day))

    def report_lines(self, card: ReportCard) -> list[str]:
        return [self.told(one) for one in phrases.report_lines(card)]

    def persona_buttons(self, persona: str, *actions: str) -> Row:
        labels = {
            "speak": (self.say("Say something"), "💬"),
            "card": (self.say("Card"), "📇"),
            "retrain": (self.say("Retrain"), "🔄"),
        }
        return button_row(*(button(action, *labels[action], reference(persona)) for action in actions))


def quoting(text: str) -> str:
    if not isinstance(text, Text):
        return plain(text)
    values = {name: quoting(value) if isinstance(value, str) else value for name, value in text.values.items()}
    return Text(text.template, **values)


def block(text: str) -> str:
    return f"```\n{dedent(text)}\n```"


def layout(
    colour: discord.Colour,
    texts: Sequence[str],
    rows: Sequence[Row] = (),
    pictures: tuple[Picture, ...] = (),
    alt: Callable[[Picture], str] = lambda picture: picture.alt,
) -> Message:
    """A box with a coloured edge; texts that are too long together are cut from the last one on.

    `alt`: what is said of a picture, in the person's language.
    """
    bare = layout(colour, texts, rows) if pictures else None
    box: discord.ui.Container[discord.ui.LayoutView] = discord.ui.Container(accent_colour=colour)
    left = LAYOUT_LIMIT
    for text in texts:
        if left > 1:
            box.add_item(discord.ui.TextDisplay(first_part(text, left)))
            left -= len(text)
    for some in filter(None, (pictures[:1], pictures[1:])):  # Discord shows only a single one whole
        box.add_item(discord.ui.MediaGallery(*(_shown(picture, alt(picture)) for picture in some)))
    for row in rows:
        box.add_item(row)
    view = discord.ui.LayoutView(timeout=None)
    view.add_item(box)
    return Message(view=view, pictures=pictures, bare=bare)


def _shown(picture: Picture, alt: str) -> discord.MediaGalleryItem:
    return discord.MediaGalleryItem(f"attachment://{picture.name}", description=alt[:ALT_LIMIT])

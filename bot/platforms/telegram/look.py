"""What every message is made of: sentences in the person's language, labels, blocks. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from telegram import InlineKeyboardButton

from bot import phrases, render
from bot.domain import Persona
from bot.platforms.telegram.message import Message, persona_button
from bot.platforms.telegram.rich import (
    Rich,
    block,
    bold,
    first_part,
    italic,
    lines,
    plain,
    quote,
    with_examples,
    without_mentions,
)
from bot.texts import Text, translate
from trainer.protocol import ReportCard

SAMPLE_LIMIT = 600
DAY = "%Y-%m-%d"


@dataclass(frozen=True)
class Look:
    """One person's language. `username`: the bot's; `inline`: whether it may be asked from other chats."""

    locale: str = "en"
    username: str = ""
    inline: bool = False

    def say(self, template: str, **values: object) -> str:
        return self.told(Text(template, **values))

    def told(self, text: str) -> str:
        """A sentence of ours, in the person's language; what it quotes from people is shown as it is."""
        return without_mentions(translate(_quoting(text), self.locale)) if isinstance(text, Text) else plain(text)

    def notice(self, text: str) -> Message:
        return Message(first_part(with_examples(self.told(text))))

    def label(self, persona: str) -> Rich:
        """The mark of everything that a persona says. What comes before it is what was said."""
        return italic(f"{plain(f'@{persona}')} · {self.told(phrases.WRITTEN)}")

    def sample(self, persona: Persona) -> Rich:
        return quote(plain(persona.manifest.sample[:SAMPLE_LIMIT])) + "\n" + self.label(persona.name)

    def training_table(self, persona: Persona) -> Rich:
        """Narrow, as phones are: of a blend, one account below the other."""
        accounts = persona.manifest.corpus.accounts
        tables = [block(render.table(render.training_rows([account], self.told)[1:])) for account in accounts]
        if len(tables) == 1:
            return tables[0]
        heads = [bold(plain(f"@{account.handle}")) + (f" × {account.weight:g}") for account in accounts]
        return lines([head + "\n" + table for head, table in zip(heads, tables, strict=True)])

    def run_line(self, persona: Persona) -> str:
        return self.told(phrases.run_line(persona, f"{persona.manifest.created_at:{DAY}}"))

    def report_lines(self, card: ReportCard) -> list[str]:
        return [self.told(one) for one in phrases.report_lines(card)]

    def persona_buttons(self, persona: str, *actions: str) -> tuple[InlineKeyboardButton, ...]:
        labels = {
            "speak": "💬 " + self.say("Say something"),
            "card": "📇 " + self.say("Card"),
            "retrain": "🔄 " + self.say("Retrain"),
            "made": "🔍 " + self.say("How it was made"),
        }
        return tuple(persona_button(action, labels[action], persona) for action in actions)


def _quoting(text: Text) -> Text:
    values = {
        name: _quoting(value) if isinstance(value, Text) else _shown(name, value) if isinstance(value, str) else value
        for name, value in text.values.items()
    }
    return Text(text.template, **values)


def _shown(name: str, value: str) -> str:
    """A `command` is one of ours, to be copied."""
    return without_mentions(value) if name == "command" else plain(value)

"""What is on the picture that people share. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import Persona
from bot.pictures.words import NAME, Words, one_line, shortened, words
from trainer.corpus import MAX_ACCOUNTS

MOST = 600  # characters of what was said

BOT, CYBORG = "AI BOT", "AI CYBORG"
WRITTEN = "Written by a machine"


@dataclass(frozen=True, slots=True)
class ShareFacts:
    """`said` goes on where `prompt` ends, at once. `faces`: round PNG files in base64. `persona`: "" among `names`."""

    faces: tuple[str, ...]
    names: tuple[Words, ...]
    persona: str
    prompt: str
    said: str
    language: str
    leftwards: bool
    label: str
    written: str


def share_facts(persona: Persona, said: str, prompt: str, faces: tuple[str, ...]) -> ShareFacts:
    """`said`: prompt and continuation; "": nothing came of it."""
    accounts = persona.manifest.corpus.accounts[:MAX_ACCOUNTS]
    whole_name = f"@{persona.name}"
    names = [one_line(one.name) or f"@{one.handle}" for one in accounts]
    language = next((one.languages[0][0] for one in accounts if one.languages), "")
    before, after = parted(said, prompt)
    whole = words(before + after, MOST, language)
    return ShareFacts(
        faces=faces,
        names=tuple(words(name, NAME, language) for name in names) or (words(persona.name, NAME),),
        persona="" if names == [whole_name] else whole_name,
        prompt=before,
        said=after,
        language=whole.language,
        leftwards=whole.leftwards,
        label=CYBORG if len(accounts) > 1 else BOT,
        written=WRITTEN,
    )


def parted(said: str, prompt: str) -> tuple[str, str]:
    """What was asked and what came of it, together as long as a picture takes."""
    said, prompt = one_line(said), one_line(prompt)
    if not said or said == prompt:
        return shortened(prompt, MOST - 2), " …"
    if not said.startswith(prompt):
        return "", shortened(said, MOST)
    whole = shortened(said, MOST)
    return whole[: len(prompt)], whole[len(prompt) :]

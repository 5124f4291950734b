"""Pure rules about what people may ask for. Take values, raise UserErrors; no I/O."""

from __future__ import annotations

from bot.errors import BadInput
from trainer.corpus import strip_invisible

MAX_SAMPLES = 5


def check_prompt(text: str, max_characters: int) -> str:
    """The prompt as one clean line. Raises BadInput when nothing is left of it, or when it is too long."""
    prompt = " ".join(strip_invisible(text).split())
    if not any(character.isprintable() and character != " " for character in prompt):
        raise BadInput("Give me the beginning of a sentence to finish, like: /say My dream is")
    if len(prompt) > max_characters:
        raise BadInput(
            f"That is {len(prompt):,} characters; I can take {max_characters:,}. "
            "The end of a text matters most: send me its last sentences."
        )
    return prompt


def check_samples(n: int) -> int:
    """Raises BadInput."""
    if not 1 <= n <= MAX_SAMPLES:
        raise BadInput(f"I can give 1 to {MAX_SAMPLES} samples at once, not {n}.")
    return n

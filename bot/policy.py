"""Pure rules about who may ask for what, and when. Take values, raise UserErrors; no I/O."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from bot.domain import Caller, UserRules
from bot.errors import BadInput, Limited, NotAllowed
from bot.texts import Text
from trainer.corpus import on_one_line

MAX_SAMPLES = 5


class Rules(BaseModel):
    """What the admins of a space have decided. Channels and roles are the messenger's ids; none: no restriction."""

    model_config = ConfigDict(frozen=True)

    channels: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    trainers: tuple[str, ...] = ()
    everyone_trains: bool = False
    persona: str | None = None
    in_its_name: bool = False  # replies appear under the persona's name and picture, where the messenger can do that
    generations_a_day: int | None = Field(default=None, ge=0)
    trainings_a_day: int | None = Field(default=None, ge=0)


def check_prompt(text: str, max_characters: int) -> str:
    """The prompt as one clean line. Raises BadInput when nothing is left of it, or when it is too long."""
    prompt = on_one_line(text)
    if not any(character.isprintable() and character != " " for character in prompt):
        raise BadInput(Text("Give me the beginning of a sentence to finish, like: /say My dream is"))
    if len(prompt) > max_characters:
        raise BadInput(
            Text(
                "That is {given:,} characters; I can take {limit:,}. "
                "The end of a text matters most: send me its last sentences.",
                given=len(prompt),
                limit=max_characters,
            )
        )
    return prompt


def check_samples(n: int) -> int:
    """Raises BadInput."""
    if not 1 <= n <= MAX_SAMPLES:
        raise BadInput(Text("I can give 1 to {limit} samples at once, not {n}.", limit=MAX_SAMPLES, n=n))
    return n


def check_blocked(person: UserRules) -> None:
    """Raises NotAllowed."""
    if person.blocked:
        raise NotAllowed(Text("The operator of this bot has blocked you."))


def check_place(rules: Rules, caller: Caller) -> None:
    """May this person speak to personas here? Raises NotAllowed."""
    if caller.admin:
        return
    if rules.channels and not {caller.channel, caller.parent} & set(rules.channels):
        raise NotAllowed(Text("I'm not meant to talk in this channel. An admin can change that with /settings."))
    if rules.roles and not set(caller.roles) & set(rules.roles):
        raise NotAllowed(Text("Only some roles may talk to me here. An admin can change that with /settings."))


def check_trainer(rules: Rules, caller: Caller) -> None:
    """May this person train? In a private chat, everyone may. Raises NotAllowed."""
    check_place(rules, caller)
    may = caller.admin or caller.private or rules.everyone_trains or set(caller.roles) & set(rules.trainers)
    if not may:
        raise NotAllowed(Text("Only admins may train here. An admin can let others do it with /settings."))


def check_owner(caller: Caller, owner: str) -> None:
    """May this person cancel or forget what another one asked for? Raises NotAllowed."""
    if not caller.admin and caller.user != owner:
        raise NotAllowed(Text("Only the person who asked for it, or an admin, may do that."))


def check_pause(seconds_since: float, cooldown: float) -> None:
    """Raises Limited."""
    if seconds_since < cooldown:
        left = max(1, round(cooldown - seconds_since))
        raise Limited(Text("One at a time, please: try again in {seconds} s.", seconds=left))


def check_at_once(at_work: int, limit: int) -> None:
    """Raises Limited."""
    if at_work >= limit:
        raise Limited(Text("I'm still busy with what you asked before. Wait for that one."))


def check_own_trainings(under_way: int, limit: int) -> None:
    """Raises Limited."""
    if under_way >= limit:
        raise Limited(Text("One training at a time: /jobs shows how far yours is."))


def check_generations(used: int, limit: int, now: datetime) -> None:
    """Raises Limited."""
    text = Text("That was all for today here: {limit:,} answers a day. It goes on in {left}.", **_left(limit, now))
    _check_used(used, limit, text)


def check_trainings(used: int, limit: int, now: datetime) -> None:
    """Raises Limited."""
    text = Text("That was all for today here: {limit:,} trainings a day. It goes on in {left}.", **_left(limit, now))
    _check_used(used, limit, text)


def check_own_generations(used: int, limit: int | None, now: datetime) -> None:
    """A person's own quota, if they have one. Raises Limited, or NotAllowed where it is none at all."""
    if limit == 0:
        raise NotAllowed(Text("The operator of this bot doesn't let you talk to personas."))
    if limit is not None:
        text = Text("That was all for you today: {limit:,} answers a day. It goes on in {left}.", **_left(limit, now))
        _check_used(used, limit, text)


def check_own_trainings_a_day(used: int, limit: int | None, now: datetime) -> None:
    """A person's own quota, if they have one. Raises Limited, or NotAllowed where it is none at all."""
    if limit == 0:
        raise NotAllowed(Text("The operator of this bot doesn't let you train personas."))
    if limit is not None:
        text = Text("That was all for you today: {limit:,} trainings a day. It goes on in {left}.", **_left(limit, now))
        _check_used(used, limit, text)


def check_optouts(used: int, limit: int) -> None:
    """Raises Limited."""
    _check_used(used, limit, Text("That was enough for today. For more accounts, ask whoever runs this bot."))


def _check_used(used: int, limit: int, text: Text) -> None:
    if used >= limit:
        raise Limited(text)


def _left(limit: int, now: datetime) -> dict[str, object]:
    return {"limit": limit, "left": until_midnight(now)}


def until_midnight(now: datetime) -> str:
    """`3 h 20 min`: how long a day, in UTC, still lasts."""
    tomorrow = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    hours, minutes = divmod(max(60, round((tomorrow - now).total_seconds())) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"

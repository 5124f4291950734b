"""`mynah users`: what you decide about people on messengers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.output import JSON_HELP, show_json, show_table
from bot.cli.shared import noun, perform, run, settings_of, store_of

if TYPE_CHECKING:
    from bot.domain import UserRules
    from bot.settings import Settings

app = noun("People on messengers: quotas of their own, and who is blocked.")
MOST = 1_000_000

User = Annotated[
    str, typer.Argument(metavar="MESSENGER:ID", help="Like discord:123456789012345678, telegram:987654321.")
]
Json = Annotated[bool, typer.Option("--json", help=JSON_HELP)]


@dataclass(frozen=True)
class Standing:
    """Rules about a person, and what they had today; None: it isn't counted, for want of a quota of their own."""

    rules: UserRules
    generations: int | None
    trainings: int | None


@app.command("list")
def list_users(ctx: typer.Context, json: Json = False) -> None:
    """All about whom you have decided something, and what they had today (the default)."""
    found = run(_standings(settings_of(ctx)))
    if json:
        show_json([_facts(one) for one in found])
    elif not found:
        print("You have decided nothing about anybody. To see how: mynah users --help")
    else:
        show_table(("person", "blocked", "answers today", "trainings today"), [_row(one) for one in found])


@app.command()
def quota(
    ctx: typer.Context,
    user: User,
    generations: Annotated[int | None, typer.Option(min=0, max=MOST, help="Answers a day; 0: none.")] = None,
    trainings: Annotated[int | None, typer.Option(min=0, max=MOST, help="Trainings a day; 0: none.")] = None,
    clear: Annotated[bool, typer.Option("--clear", help="No quotas of their own any more.")] = False,
    json: Json = False,
) -> None:
    """Give a person daily quotas of their own, over all servers and chats; without options, show them.

    They hold besides a server's, and for admins, too. Counted from when there is a quota; a day is UTC's.
    """
    from bot.control.people import SET_QUOTA, Quota, parse_user

    if clear and (generations, trainings) != (None, None):
        raise typer.BadParameter("--clear takes both away; it goes without --generations and --trainings.")
    settings, wanted = settings_of(ctx), Quota(user=parse_user(user), generations=generations, trainings=trainings)
    if clear or (generations, trainings) != (None, None):
        run(perform(settings, SET_QUOTA, wanted.model_copy(update={"clear": clear})))
    (found,) = run(_standings(settings, wanted.user))
    if json:
        show_json(_facts(found))
    else:
        _show(found)


@app.command()
def block(ctx: typer.Context, user: User) -> None:
    """No answers and no trainings for this person, anywhere. What is theirs they may still have deleted."""
    from bot.control.people import BLOCK, Block, parse_user

    name = parse_user(user)
    jobs = run(perform(settings_of(ctx), BLOCK, Block(user=name, blocked=True)))
    print(f"{name} is blocked: no answers, no trainings. /optout, /privacy and /forget still work for them.")
    for job in jobs:
        print(f"Their training of @{job.persona} goes on. To stop it: mynah jobs cancel {job.id}")


@app.command()
def unblock(ctx: typer.Context, user: User) -> None:
    """Let them ask again."""
    from bot.control.people import BLOCK, Block, parse_user

    name = parse_user(user)
    run(perform(settings_of(ctx), BLOCK, Block(user=name, blocked=False)))
    print(f"{name} is not blocked any more.")


def _show(one: Standing) -> None:
    user, answers, trainings = one.rules.user, one.rules.generations_a_day, one.rules.trainings_a_day
    if one.rules.blocked:
        print(f"{user} is blocked. To lift that: mynah users unblock {user}")
    if (answers, trainings) == (None, None):
        print(f"{user} has no quotas of their own: those of the settings and of each server hold.")
    for what, used, limit in (("answers", one.generations, answers), ("trainings", one.trainings, trainings)):
        if limit == 0:
            print(f"{user} gets no {what}.")
        elif limit is not None:
            print(f"{user} has had {_quota(used, limit)} {what} today.")


def _row(one: Standing) -> tuple[str, ...]:
    answers = _quota(one.generations, one.rules.generations_a_day)
    trainings = _quota(one.trainings, one.rules.trainings_a_day)
    return one.rules.user, "yes" if one.rules.blocked else "no", answers, trainings


def _quota(used: int | None, limit: int | None) -> str:
    if limit is None:
        return "–"
    return f"{used or 0:,} of {limit:,}" if limit else "none"


def _facts(one: Standing) -> dict[str, object]:
    return asdict(one.rules) | {"generations_today": one.generations, "trainings_today": one.trainings}


async def _standings(settings: Settings, user: str | None = None) -> list[Standing]:
    """Of one, or of all about whom something is decided."""
    from bot.store.chats import SqliteChats
    from bot.store.users import SqliteUsers
    from bot.usecases.gate import GENERATIONS, TRAININGS, used_of_own, utc_now

    day = utc_now().date().isoformat()
    async with store_of(settings) as store:
        users, chats = SqliteUsers(store.database), SqliteChats(store.database)
        return [
            Standing(
                rules,
                await used_of_own(chats, rules, GENERATIONS, day),
                await used_of_own(chats, rules, TRAININGS, day),
            )
            for rules in ([await users.user(user)] if user else await users.users())
        ]

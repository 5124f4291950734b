"""The one command table: name, usage, summary, how its text is parsed, what it does. Every platform offers it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

from bot import arguments as args
from bot.domain import Caller, Utterance
from bot.errors import BadInput, Costly
from bot.figures import bytes_text
from bot.replies import PRIVACY, Card, Help, JobList, Notice, PersonaList, Reply, Status, Submitted
from bot.texts import Text
from bot.usecases import jobs, optouts, personas, say, train
from bot.usecases.services import Services
from trainer.protocol import Piece

A = TypeVar("A")


class Dialog(Protocol):
    """One person's side of one command, on whatever platform."""

    async def reply(self, reply: Reply) -> None: ...

    async def stream(self, piece: Piece) -> None:
        """Text of an utterance that is on its way; the whole one follows by `reply`."""

    async def confirm(self, question: str) -> bool: ...


Run = Callable[[Services, Caller, Dialog, A], Awaitable[None]]


@dataclass(frozen=True)
class Command(Generic[A]):
    name: str
    usage: str
    summary: str
    parse: Callable[[str], A]
    run: Run[A]


async def run_train(services: Services, caller: Caller, dialog: Dialog, arguments: args.TrainArguments) -> None:
    try:
        job, position = await train.submit(services, caller, arguments)
    except Costly as costly:
        if not await dialog.confirm(costly.text):
            raise BadInput(
                Text(
                    "Then nothing is read, and nothing spent. To say yes beforehand: {command}",
                    command=f"/train {args.train_line(replace(arguments, spend=costly.cost))}",
                )
            ) from costly
        job, position = await train.submit(services, caller, replace(arguments, spend=costly.cost))
    await dialog.reply(Submitted(job, position))


async def run_say(services: Services, caller: Caller, dialog: Dialog, arguments: args.SayArguments) -> None:
    events = say.say(services, caller, arguments.persona, arguments.prompt, arguments.n)
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Utterance):
                await dialog.reply(event)
            else:
                await dialog.stream(event)


async def run_personas(services: Services, caller: Caller, dialog: Dialog, arguments: args.NoArguments) -> None:
    known = await personas.list_personas(services, caller)
    await dialog.reply(PersonaList(tuple(known), await services.store.current_persona(caller.channel)))


async def run_card(services: Services, caller: Caller, dialog: Dialog, arguments: args.CardArguments) -> None:
    persona = await say.find_persona(services, caller, arguments.persona)
    services.pool.prefetch(persona.key, persona.n_bytes)  # who is named will probably be asked to speak
    await dialog.reply(Card(persona))


async def run_jobs(services: Services, caller: Caller, dialog: Dialog, arguments: args.NoArguments) -> None:
    await dialog.reply(JobList(tuple(await jobs.list_jobs(services, caller)), services.jobs.progress))


async def run_status(services: Services, caller: Caller, dialog: Dialog, arguments: args.NoArguments) -> None:
    await dialog.reply(Status(await services.generator.stats(), services.pool.stats))


async def run_cancel(services: Services, caller: Caller, dialog: Dialog, arguments: args.CancelArguments) -> None:
    job = await jobs.cancel(services, caller, arguments.job_id)
    await dialog.reply(Notice(Text("Job {job} (@{persona}) is cancelled.", job=job.id, persona=job.persona)))


async def run_forget(services: Services, caller: Caller, dialog: Dialog, arguments: args.ForgetArguments) -> None:
    plan = await personas.plan_forgetting(services, caller, arguments.persona)
    if not arguments.sure and not await dialog.confirm(forget_question(plan)):
        await dialog.reply(Notice(Text("@{persona} stays.", persona=plan.name)))
        return
    gone = await personas.forget(services, caller, plan)
    await dialog.reply(Notice(forgotten(plan) if gone else Text("@{persona} is gone from here.", persona=plan.name)))
    for address in plan.published:  # which only the operator sees
        await dialog.reply(Notice(f"It is still published. Delete it there, too: {address}"))


def forgotten(plan: personas.Forgetting) -> Text:
    return Text(
        "@{persona} is forgotten: posts, corpus and weights are gone.{blends}",
        persona=plan.name,
        blends=personas.blends_note(plan.blends),
    )


def forget_question(plan: personas.Forgetting) -> Text:
    if plan.shared:
        return Text("Remove @{persona} from here? Others keep it.", persona=plan.name)
    job = Text(" Its training (job {job}) is cancelled.", job=plan.job.id) if plan.job else ""
    return Text(
        "Forget @{persona}? This deletes {size} of weights and {posts:,} posts for good.{job}{blends}",
        persona=plan.name,
        size=bytes_text(plan.n_bytes),
        posts=plan.posts,
        job=job,
        blends=personas.blends_note(plan.blends),
    )


async def run_optout(services: Services, caller: Caller, dialog: Dialog, arguments: args.OptoutArguments) -> None:
    silent = await optouts.opt_out(services, caller, arguments.handle)
    names = ", ".join(f"@{name}" for name in silent)
    now = Text(" Silent from now on: {names}.", names=names) if silent and not caller.space else ""
    await dialog.reply(
        Notice(
            Text(
                "Nobody can train on @{handle} with me any more, anywhere, and what was made of it doesn't speak."
                "{now} To have the stored posts and weights deleted too, ask an admin for /forget @{handle}.",
                handle=arguments.handle,
                now=now,
            )
        )
    )


async def run_privacy(services: Services, caller: Caller, dialog: Dialog, arguments: args.NoArguments) -> None:
    await dialog.reply(PRIVACY)


async def run_help(services: Services, caller: Caller, dialog: Dialog, arguments: args.NoArguments) -> None:
    await dialog.reply(Help(tuple((command.usage, command.summary) for command in COMMANDS.values())))


def find_command(line: str) -> tuple[Command[Any], str]:
    """`/say My dream` → (the say command, "My dream"). Raises BadInput."""
    word, *rest = line.split(maxsplit=1) or [""]
    command = COMMANDS.get(word.removeprefix("/").lower())
    if command is None:
        raise BadInput(f"There is no command {word[:40]}. /help lists them.")
    return command, "".join(rest)


COMMANDS: dict[str, Command[Any]] = {
    command.name: command
    for command in (
        Command(
            "train",
            args.TRAIN_USAGE,
            "learn an account's voice, or a blend of up to three; again: go on with new posts",
            args.parse_train,
            run_train,
        ),
        Command(
            "say",
            "/say [@persona] PROMPT [--n 1..5]",
            "finish a sentence in a persona's voice",
            args.parse_say,
            run_say,
        ),
        Command("personas", "/personas", "who can speak", args.parse_none, run_personas),
        Command("card", "/card [@persona]", "how a persona was made, and how good it is", args.parse_card, run_card),
        Command("jobs", "/jobs", "trainings, running and past", args.parse_none, run_jobs),
        Command("status", "/status", "how much the personas speak, and how fast", args.parse_none, run_status),
        Command("cancel", "/cancel JOB", "stop a training", args.parse_cancel, run_cancel),
        Command("forget", "/forget @persona", "delete a persona, its posts and weights", args.parse_forget, run_forget),
        Command("optout", "/optout @handle", "never imitate this account", args.parse_optout, run_optout),
        Command("privacy", "/privacy", "what is stored, and how to have it deleted", args.parse_none, run_privacy),
        Command("help", "/help", "this list", args.parse_none, run_help),
    )
}

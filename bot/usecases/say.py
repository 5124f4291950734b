"""Let a persona finish a sentence."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, Container, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, aclosing, contextmanager

from bot.domain import Caller, Persona, Utterance, train_command
from bot.errors import DamagedPersona, DiskFull, NotFound, UserError, WorkerDied, WrongBase
from bot.metrics import Generation
from bot.policy import check_prompt, check_samples
from bot.ports import Store
from bot.texts import Text
from bot.usecases.optouts import check_wanted
from bot.usecases.services import Services
from trainer.corpus import persona_name
from trainer.logs import get_logger, milliseconds
from trainer.protocol import Generated, GenerateRequest, Piece

logger = logging.getLogger(__name__)
said = get_logger("bot.said")


async def find_persona(services: Services, caller: Caller, name: str | None) -> Persona:
    """The one named, or the channel's current one, or the space's, or the only one there is.

    Raises NotFound, or NotAllowed when its account has opted out.
    """
    seen, optouts = await services.store.names(caller.space), await services.chats.optouts()
    speaking = [name for name, handles in seen.items() if not optouts & handles]
    wanted = name or await _remembered(services, caller, speaking)
    wanted = spelt(wanted, seen) if wanted else None
    if wanted is None and len(speaking) == 1:
        wanted = speaking[0]
    if wanted in seen:
        if wanted not in speaking:
            await check_wanted(services, seen[wanted])
        if (persona := await services.store.persona(wanted)) is not None:
            return persona
    raise NotFound(await _missing(services.store, caller, wanted, speaking))


def spelt(name: str, known: Iterable[str]) -> str:
    """A persona's name: where its account has a `-` it has a `_`, and people may type either."""
    names = list(known)
    same = (one for one in names if one.replace("-", "_") == name.replace("-", "_"))
    return name if name in names else next(same, name)


async def _remembered(services: Services, caller: Caller, seen: Container[str]) -> str | None:
    """The channel's, or its parent's, or the space's, or the operator's usual one.

    One that this person doesn't see doesn't count.
    """
    chosen = [await services.store.current_persona(one) for one in (caller.channel, caller.parent) if one]
    usual = [(await services.chats.rules(space)).persona for space in dict.fromkeys((caller.space, ""))]
    return next((one for one in (*chosen, *usual) if one is not None and one in seen), None)


async def _remember(services: Services, caller: Caller, persona: Persona) -> None:
    """That it speaks here now. A full disk doesn't keep it from speaking."""
    try:
        await services.store.set_current_persona(caller.channel, persona.name)
        await services.library.touch(persona.name)
    except DiskFull as error:
        logger.warning("who speaks could not be noted: %s", error)


async def _missing(store: Store, caller: Caller, wanted: str | None, known: Sequence[str]) -> Text:
    """Why there is nobody to speak, and what to do."""
    job = await store.active_job(wanted) if wanted is not None else None
    if job is not None and caller.space in {"", job.caller.space}:
        return Text("@{persona} is still training. /jobs shows how far it is.", persona=wanted)
    if not known:
        return Text(
            "There is no persona yet. Train one first: /train @pip_the_lighthouse takes about a minute. "
            "(/jobs shows whether one is on its way.)"
        )
    names = ", ".join(f"@{name}" for name in known)
    if wanted is None:
        return Text(
            "Which persona? There are: {names}. Name one, like /say @{first} My dream is", names=names, first=known[0]
        )
    return Text(
        "There is no persona @{persona}. There are: {names}. To make a new one: /train @{accounts}",
        persona=wanted,
        names=names,
        accounts=wanted.replace("-", " @"),
    )


async def say(
    services: Services,
    caller: Caller,
    name: str | None,
    prompt: str,
    n: int = 1,
    seed: int | None = None,
    stream: bool = True,
) -> AsyncGenerator[Piece | Utterance, None]:
    """With `stream`, pieces as they come; then the whole utterance. The persona becomes the channel's current one.

    A worker that dies on the way costs one retry, from the start. Raises UserError, or OperatorError.
    """
    with services.metrics.generation(caller) as one:
        prompt = check_prompt(prompt, services.settings.generation.max_prompt_characters)
        check_samples(n)
        persona = await find_persona(services, caller, name)
        request = _request(services, persona, prompt, n, seed).model_copy(update={"stream": stream})
        async with services.gate.speaking(caller, n), aclosing(_tries(services, persona, request)) as events:
            await _remember(services, caller, persona)
            async for event in events:
                _note(services, request, one, event)
                yield event


async def variants(
    services: Services, caller: Caller, persona: Persona, prompt: str, n: int
) -> AsyncGenerator[Utterance, None]:
    """`n` utterances of one sample, each as soon as it is whole. Raises UserError, or OperatorError."""
    requests = [_request(services, persona, prompt, 1, None).model_copy(update={"stream": False}) for _ in range(n)]
    async with AsyncExitStack() as stack:
        with services.metrics.refusals(caller):
            await stack.enter_async_context(services.gate.speaking(caller, n))
        tasks = [asyncio.create_task(_whole(services, caller, persona, request)) for request in requests]
        try:
            for task in asyncio.as_completed(tasks):
                yield await task
        finally:
            for one in tasks:
                one.cancel()
            await asyncio.wait(tasks)


async def _whole(services: Services, caller: Caller, persona: Persona, request: GenerateRequest) -> Utterance:
    with services.metrics.generation(caller) as one:
        async with aclosing(_tries(services, persona, request)) as events:
            async for event in events:
                _note(services, request, one, event)
                if isinstance(event, Utterance):
                    return event
    raise AssertionError  # the last event is an utterance


def _note(services: Services, request: GenerateRequest, one: Generation, event: Piece | Utterance) -> None:
    """For the figures, and a line in the log; with texts only where the operator wants them there."""
    one.heard(event)
    if not isinstance(event, Utterance):
        return
    logged = services.settings.logs.log_content
    said.info(
        "said",
        persona=event.persona,
        samples=len(event.samples),
        quotes=event.quotes,
        ms=_ms(one.seconds),
        first_ms=_ms(one.first_seconds),
        **({"prompt": request.prompt, "texts": event.samples} if logged else {}),
    )


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else milliseconds(seconds)


async def _tries(
    services: Services, persona: Persona, request: GenerateRequest
) -> AsyncGenerator[Piece | Utterance, None]:
    for attempt in (1, 2):
        try:
            async with aclosing(_attempt(services, persona, request)) as events:
                async for event in events:
                    yield event
            return
        except WorkerDied:
            if attempt == 2:
                raise UserError(
                    Text(
                        "The speaking part of Mynah stopped twice on this one. Try again; if it stays so, "
                        "the operator finds the reason in logs/serve.log."
                    )
                ) from None


def _request(services: Services, persona: Persona, prompt: str, n: int, seed: int | None) -> GenerateRequest:
    settings = services.settings.generation
    return GenerateRequest(
        id=0,
        key=persona.key,
        prompt=prompt,
        n=n,
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        top_p=settings.top_p,
        top_k=settings.top_k,
        repetition_penalty=settings.repetition_penalty,
        quote_tries=settings.quote_tries,
        seed=random.getrandbits(31) if seed is None else seed,
        blocklist=services.settings.blocklist,
    )


async def _attempt(
    services: Services, persona: Persona, request: GenerateRequest
) -> AsyncGenerator[Piece | Utterance, None]:
    with told_of(persona):
        async with (
            services.pool.lease(persona.key, persona.n_bytes),
            aclosing(services.generator.generate(request)) as events,
        ):
            async for event in events:
                yield event if isinstance(event, Piece) else _utterance(persona, event)


@contextmanager
def told_of(persona: Persona) -> Iterator[None]:
    """What is wrong with a persona's files or its base model, with what to do. Raises DamagedPersona or WrongBase."""
    again, remove = train_command(persona.weights.items(), "--fresh"), f"mynah models rm @{persona.name}"
    try:
        yield
    except DamagedPersona as error:
        if persona.manifest.origin is not None:
            raise DamagedPersona(
                Text(
                    "The files of @{persona} are damaged: {error}. To mend it, the operator can get it again: "
                    "{command}",
                    persona=persona.name,
                    error=error,
                    command=f"mynah models pull {persona.manifest.origin.repo} --as {persona.name}",
                )
            ) from error
        if renamed(persona):
            raise DamagedPersona(
                Text(
                    "The files of @{persona} are damaged: {error}. The operator can restore it from a backup; or "
                    "remove it with {remove}, and train it anew with {command}",
                    persona=persona.name,
                    error=error,
                    remove=remove,
                    command=again,
                )
            ) from error
        raise DamagedPersona(
            Text(
                "The files of @{persona} are damaged: {error}. To mend it, train it again with {command}",
                persona=persona.name,
                error=error,
                command=again,
            )
        ) from error
    except WrongBase as error:
        if renamed(persona):
            raise WrongBase(
                Text(
                    "@{persona} can't speak: {error}. The operator can set base_model back; or remove it with "
                    "{remove}, and train it anew with {command}",
                    persona=persona.name,
                    error=error,
                    remove=remove,
                    command=again,
                )
            ) from error
        raise WrongBase(
            Text(
                "@{persona} can't speak: {error}. Set base_model back, or train it again with {command}",
                persona=persona.name,
                error=error,
                command=again,
            )
        ) from error


def renamed(persona: Persona) -> bool:
    """Training on its accounts would make another one, of its old name."""
    return persona.manifest.origin is None and persona_name(persona.weights) != persona.name


def _utterance(persona: Persona, generated: Generated) -> Utterance:
    return Utterance(persona.name, generated.samples, generated.cut, generated.quotes)

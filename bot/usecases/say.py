"""Let a persona finish a sentence."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from bot.domain import Caller, Persona, Utterance, train_command
from bot.errors import DamagedPersona, NotFound, UserError, WorkerDied, WrongBase
from bot.policy import check_prompt, check_samples
from bot.ports import Store
from bot.usecases.services import Services
from trainer.protocol import Generated, GenerateRequest, Piece


async def find_persona(services: Services, caller: Caller, name: str | None) -> Persona:
    """The one named, or the channel's current one, or the only one there is. Raises NotFound."""
    personas = {persona.name: persona for persona in await services.store.personas()}
    wanted = name or await services.store.current_persona(caller.channel)
    if wanted is None and len(personas) == 1:
        wanted = next(iter(personas))
    if wanted in personas:
        return personas[wanted]
    raise NotFound(await _missing(services.store, wanted, sorted(personas)))


async def _missing(store: Store, wanted: str | None, known: Sequence[str]) -> str:
    """Why there is nobody to speak, and what to do."""
    if wanted is not None and await store.active_job(wanted):
        return f"@{wanted} is still training. /jobs shows how far it is."
    if not known:
        return (
            "There is no persona yet. Train one first: /train @pip_the_lighthouse takes about a minute. "
            "(/jobs shows whether one is on its way.)"
        )
    names = ", ".join(f"@{name}" for name in known)
    if wanted is None:
        return f"Which persona? There are: {names}. Name one, like /say @{known[0]} My dream is"
    return f"There is no persona @{wanted}. There are: {names}. To make it: /train @{wanted.replace('-', ' @')}"


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
    prompt = check_prompt(prompt, services.settings.generation.max_prompt_characters)
    check_samples(n)
    persona = await find_persona(services, caller, name)
    await services.store.set_current_persona(caller.channel, persona.name)
    request = _request(services, persona, prompt, n, seed).model_copy(update={"stream": stream})
    for attempt in (1, 2):
        try:
            async with aclosing(_attempt(services, persona, request)) as events:
                async for event in events:
                    yield event
            return
        except WorkerDied:
            if attempt == 2:
                raise UserError(
                    "The speaking part of Mynah stopped twice on this one. Try again; if it stays so, "
                    f"the reason is in {services.folders.logs / 'serve.log'}."
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
    try:
        async with (
            services.pool.lease(persona.key, persona.n_bytes),
            aclosing(services.generator.generate(request)) as events,
        ):
            async for event in events:
                yield event if isinstance(event, Piece) else _utterance(persona, event)
    except DamagedPersona as error:
        raise DamagedPersona(
            f"The files of @{persona.name} are damaged: {error}. To mend it, {_again(persona)}"
        ) from error
    except WrongBase as error:
        raise WrongBase(f"@{persona.name} can't speak: {error}. Set base_model back, or: {_again(persona)}") from error


def _again(persona: Persona) -> str:
    return f"train it again with {train_command(persona.weights.items(), '--fresh')}"


def _utterance(persona: Persona, generated: Generated) -> Utterance:
    return Utterance(persona.name, generated.samples, generated.cut, generated.quotes)

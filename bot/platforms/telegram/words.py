"""Messages → what they ask for: commands, plain sentences, replies to what was said."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace

import telegram
from telegram import MessageEntity

from bot import arguments as args
from bot.commands import COMMANDS, forget_question
from bot.domain import parse_persona
from bot.errors import BadInput
from bot.platforms.ids import named
from bot.platforms.talk import addressed
from bot.platforms.telegram import dialog, look_say, rules, speech, trainings
from bot.platforms.telegram.desk import Asked, Desk
from bot.platforms.telegram.look_lists import START
from bot.platforms.telegram.message import Message, persona_button
from bot.platforms.telegram.rich import Rich, original
from bot.texts import Text
from bot.usecases.personas import list_personas, plan_forgetting, reveal
from bot.usecases.say import find_persona

Handler = Callable[[Desk, Asked], Awaitable[None]]

OPERATORS = {"status"}  # commands
COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]+))?(?:\s+(.*))?", re.DOTALL)


async def say(desk: Desk, asked: Asked) -> None:
    """Without words, it is about the message that it replies to; or a field opens for them."""
    answered = asked.message.reply_to_message
    if not asked.text and answered is not None and (words := answered.text or answered.caption):
        longest = desk.services.settings.generation.max_prompt_characters
        own = answered.from_user is not None and answered.from_user == desk.me
        asked.answer.reply_to = answered.message_id
        await speech.say(desk, asked, args.SayArguments((look_say.said_in(answered) if own else words)[-longest:]))
    elif not asked.text and asked.message.from_user is not None and asked.message.chat.type != telegram.Chat.CHANNEL:
        persona = await find_persona(desk.services, asked.caller, None)
        await speech.speak(desk, replace(asked, text=persona.name, presser=asked.message.from_user))
    else:
        await speech.say(desk, asked, args.parse_say(asked.text))


async def start(desk: Desk, asked: Asked) -> None:
    """With a link to a persona: that one speaks here from now on."""
    if not asked.text.startswith(START):
        await dialog.run_command(desk, asked, "help", args.NoArguments())
        return
    await desk.services.gate.check_place(asked.caller)
    known = await list_personas(desk.services, asked.caller)
    name = parse_persona(named(asked.text.removeprefix(START), [one.name for one in known]))
    await reveal(desk.services, asked.caller, name)
    persona = await find_persona(desk.services, asked.caller, name)
    await desk.services.store.set_current_persona(asked.caller.channel, persona.name)
    await dialog.show_card(desk, asked, persona)


async def show_card(desk: Desk, asked: Asked) -> None:
    await desk.services.gate.check_place(asked.caller)
    await dialog.run_command(desk, asked, "card", args.parse_card(asked.text))


async def forget(desk: Desk, asked: Asked) -> None:
    """Asks first."""
    wanted = args.parse_forget(asked.text)
    plan = await plan_forgetting(desk.services, asked.caller, wanted.persona)
    sure = persona_button("forget", "🗑️ " + asked.look.say("Forget"), plan.name)
    keep = persona_button("keep", asked.look.say("Keep"), plan.name)
    await asked.answer.show(Message(Rich(asked.look.told(forget_question(plan))), ((sure, keep),)))


OWN: dict[str, Handler] = {
    "start": start,
    "say": say,
    "train": trainings.train,
    "card": show_card,
    "forget": forget,
    "settings": rules.settings,
}


async def obey(desk: Desk, asked: Asked, name: str) -> None:
    """Raises UserError or OperatorError."""
    if name in OWN:
        await OWN[name](desk, asked)
    else:
        await dialog.run_command(desk, asked, name, COMMANDS[name].parse(asked.text))


def handler_of(desk: Desk, message: telegram.Message) -> tuple[Handler, str] | None:
    """What a message asks for, and the words for it; None: nothing of us. Pure."""
    text = original(message.text or message.caption or "")  # copied from one of our messages, perhaps
    if found := COMMAND.fullmatch(text):
        return _command(desk, message, *found.groups())
    if message.document is not None:
        return (trainings.unnamed, "") if _alone(message) else None
    if message.text is None:
        return None
    if persona_answered(desk, message) is not None:
        return replied, text
    words = _without_mention(desk, message)
    if words is not None:
        return spoken, words
    return (spoken, text) if _alone(message) else None


def persona_answered(desk: Desk, message: telegram.Message) -> str | None:
    """The reference of the persona whose words, or our question about which, a message replies to."""
    answered = message.reply_to_message
    if answered is None or answered.from_user != desk.me:
        return None
    return look_say.asked_of(answered) or look_say.persona_in(answered)


def _without_mention(desk: Desk, message: telegram.Message) -> str | None:
    """None when we aren't mentioned."""
    ours = f"@{desk.me.username}".lower() if desk.me else ""
    said = [one for one in message.parse_entities([MessageEntity.MENTION]).values() if one.lower() == ours]
    return (message.text or "").replace(said[0], " ") if said else None


def _command(
    desk: Desk, message: telegram.Message, name: str, to: str | None, words: str | None
) -> tuple[Handler, str] | None:
    ours = to is not None and desk.me is not None and to.lower() == str(desk.me.username).lower()
    if to is not None and not ours:
        return None
    command = name.lower()
    if command in OWN or (command in COMMANDS and command not in OPERATORS):
        return (lambda desk, asked: obey(desk, asked, command)), (words or "").strip()
    return (unknown, f"/{name}") if ours or _alone(message) else None


def _alone(message: telegram.Message) -> bool:
    return message.chat.type == telegram.Chat.PRIVATE


async def unknown(desk: Desk, asked: Asked) -> None:
    raise BadInput(Text("There is no command {word}. /help lists them.", word=asked.text))


async def spoken(desk: Desk, asked: Asked) -> None:
    """A plain sentence, to us."""
    await speech.overheard(desk, asked, addressed(asked.text))


async def replied(desk: Desk, asked: Asked) -> None:
    """To our question, or to what a persona said: the same one answers."""
    known = [one.name for one in await list_personas(desk.services, asked.caller)]
    persona = named(persona_answered(desk, asked.message) or "", known)
    await speech.overheard(desk, asked, args.SayArguments(asked.text, persona))

"""The fake Telegram against the real client library, and against requests that no library would make."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    CopyTextButton,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputMediaDocument,
    InputMediaPhoto,
    InputTextMessageContent,
    MessageEntity,
    ReplyParameters,
    Update,
)
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, NetworkError, RetryAfter
from telegram.ext import ExtBot, Updater

from tests.doubles.telegram import Chat, FakeTelegram, Fault, Rates, User
from tests.doubles.telegram.texts import Text, as_html, marked, trimmed

Json = dict[str, Any]
BOLD = [{"type": "bold", "offset": 0, "length": 2}]


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(rate_scale=0) as fake:
        yield fake


@pytest.fixture
def ann(fake: FakeTelegram) -> User:
    return fake.add_user("ann", language="de")


@pytest.fixture
def chat(fake: FakeTelegram, ann: User) -> Chat:
    return fake.private(ann)


@pytest.fixture
async def bot(fake: FakeTelegram) -> AsyncIterator[ExtBot[None]]:
    async with new_bot(fake) as bot:
        yield bot


def new_bot(fake: FakeTelegram) -> ExtBot[None]:
    return ExtBot(fake.token, base_url=fake.api_base, base_file_url=fake.file_base)


class Running:
    """The library's own way to poll; `came` are the updates."""

    def __init__(self, fake: FakeTelegram) -> None:
        self.bot = new_bot(fake)
        self.came: asyncio.Queue[object] = asyncio.Queue()
        self.updater = Updater(self.bot, self.came)
        self.errors: list[Exception] = []

    async def next(self) -> Update:
        update = await asyncio.wait_for(self.came.get(), 5)
        assert isinstance(update, Update)
        return update


@asynccontextmanager
async def polling(fake: FakeTelegram, allowed: list[str] | None = None) -> AsyncIterator[Running]:
    running = Running(fake)
    async with running.updater:
        await running.updater.start_polling(allowed_updates=allowed, error_callback=running.errors.append)
        try:
            await fake.polled()
            yield running
        finally:
            await running.updater.stop()


async def raw(fake: FakeTelegram, method: str, params: Json | None = None, token: str = "") -> tuple[int, Json]:
    address = f"{fake.api_base}{token or fake.token}/{method}"
    async with aiohttp.ClientSession() as session, session.post(address, json=params or {}) as response:
        return response.status, await response.json()


async def raw_updates(fake: FakeTelegram, **params: Any) -> list[Json]:
    status, body = await raw(fake, "getUpdates", params)
    assert status == 200, body
    found: list[Json] = body["result"]
    return found


async def drained(fake: FakeTelegram) -> list[Json]:
    """All that waits, confirmed."""
    updates = await raw_updates(fake)
    if updates:
        await raw_updates(fake, offset=updates[-1]["update_id"] + 1)
    return updates


# Updates


async def test_a_message_comes_and_is_answered(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    async with polling(fake) as running:
        asked = await fake.write(ann, chat, "/say@mynah_test_bot a dream of @ben")
        update = await running.next()
        assert update.effective_user is not None
        assert update.message is not None
        assert (update.effective_user.language_code, update.effective_user.username) == ("de", "ann")
        assert [str(each.type) for each in update.message.entities] == ["bot_command", "mention"]
        await update.message.reply_text("Soup", disable_notification=True, do_quote=True)
        await chat.until(lambda chat: chat.sent)
        assert (chat.last.text, chat.last.reply_to, chat.last.silent) == ("Soup", asked, True)
        assert asked.told
        assert asked.first_reaction is not None
        assert 0 < asked.first_reaction < 1
    assert fake.refusals == []
    assert fake.calls("getUpdates")[-1].params["offset"] > fake.updates.handed_out[-1]


async def test_unconfirmed_updates_come_again(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    for text in "abc":
        await fake.write(ann, chat, text)
    first = await raw_updates(fake, limit=2)
    assert [each["message"]["text"] for each in first] == ["a", "b"]
    assert await raw_updates(fake, limit=2) == first
    assert first[1]["update_id"] == first[0]["update_id"] + 1
    rest = await raw_updates(fake, offset=first[1]["update_id"])
    assert [each["message"]["text"] for each in rest] == ["b", "c"]
    assert [each["message"]["text"] for each in await raw_updates(fake, offset=-1)] == ["c"]
    assert len(await raw_updates(fake)) == 1


async def test_a_poll_waits_and_ends_empty(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    began = time.monotonic()
    assert await raw_updates(fake, timeout=1) == []
    assert time.monotonic() - began >= 0.99
    poll = asyncio.create_task(raw_updates(fake, timeout=10))
    await fake.polled()
    await fake.write(ann, chat, "now")
    assert len(await poll) == 1


async def test_kinds_that_were_not_asked_for_do_not_come(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    await raw_updates(fake, allowed_updates=["callback_query"])
    told = await fake.write(ann, chat, "nobody hears this")
    assert not told.told
    await raw_updates(fake)  # says nothing of it, so it stays
    assert not (await fake.write(ann, chat, "nor this")).told
    await raw_updates(fake, allowed_updates=[])
    assert (await fake.write(ann, chat, "but this")).told


async def test_a_second_poll_ends_the_first(fake: FakeTelegram) -> None:
    first = asyncio.create_task(raw(fake, "getUpdates", {"timeout": 10}))
    await fake.polled()
    assert await raw_updates(fake) == []
    status, body = await first
    assert status == 409
    assert "terminated by other getUpdates request" in body["description"]
    assert fake.refusals == []


async def test_a_conflict_reaches_the_library(fake: FakeTelegram) -> None:
    async with polling(fake) as running:
        await raw_updates(fake)
        await fake.until(lambda: running.errors)
        assert isinstance(running.errors[0], Conflict)


async def test_a_webhook_and_polling_exclude_each_other(fake: FakeTelegram) -> None:
    poll = asyncio.create_task(raw(fake, "getUpdates", {"timeout": 10}))
    await fake.polled()
    assert (await raw(fake, "setWebhook", {"url": "https://example.org/hook"}))[0] == 200
    assert (await poll)[0] == 409
    status, body = await raw(fake, "getUpdates")
    assert (status, "webhook is active" in body["description"]) == (409, True)
    await fake.polled()
    assert (await raw(fake, "deleteWebhook"))[0] == 200
    assert (await raw(fake, "getUpdates"))[0] == 200


@asynccontextmanager
async def hooked(fake: FakeTelegram, answers: list[int]) -> AsyncIterator[list[tuple[str, Json]]]:
    """Somebody who is called; `answers` are the first statuses, then 200."""
    came: list[tuple[str, Json]] = []

    async def handle(request: web.Request) -> web.Response:
        came.append((request.headers.get("X-Telegram-Bot-Api-Secret-Token", ""), await request.json()))
        fake.changes.tell()
        return web.Response(status=answers.pop(0) if answers else 200)

    app = web.Application()
    app.router.add_post("/hook", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    async with new_bot(fake) as bot:
        assert await bot.set_webhook(url, secret_token="a_secret-1", max_connections=2)
    yield came
    await runner.cleanup()


async def test_a_webhook_is_called_until_it_takes_the_update(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    fake.webhook.pause = 0.02
    async with hooked(fake, [500, 403]) as came:
        first = await fake.write(ann, chat, "one")
        await fake.write(ann, chat, "two")
        await fake.until(lambda: not fake.updates.pending)
        assert [body["message"]["text"] for _, body in came] == ["one", "one", "one", "two"]
        assert {secret for secret, _ in came} == {"a_secret-1"}
        assert [status for _, status in fake.webhook.attempts] == [500, 403, 200, 200]
        assert first.handed_at is not None
        _, info = await raw(fake, "getWebhookInfo")
        assert "403" in info["result"]["last_error_message"]
        assert info["result"]["pending_update_count"] == 0


async def test_no_webhook_is_called_while_nothing_goes_through(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    fake.webhook.pause = 0.02
    async with hooked(fake, []) as came:
        async with fake.unreachable():
            await fake.write(ann, chat, "meanwhile")
            await asyncio.sleep(0.05)
            assert came == []
        await fake.until(lambda: not fake.updates.pending)
        assert len(came) == 1


async def test_what_no_webhook_took_is_kept(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    await raw(fake, "setWebhook", {"url": "http://127.0.0.1:9/none"})
    await fake.write(ann, chat, "one")
    await fake.until(lambda: fake.webhook.attempts)
    await raw(fake, "deleteWebhook")
    assert len(await raw_updates(fake)) == 1
    await raw(fake, "deleteWebhook", {"drop_pending_updates": True})
    assert await raw_updates(fake) == []


async def test_tokens(fake: FakeTelegram) -> None:
    assert (await raw(fake, "getMe", token="123:" + "x" * 35))[0] == 401
    assert (await raw(fake, "getMe", token="nonsense"))[0] == 404
    assert fake.refusals == []
    with pytest.raises(InvalidToken):
        async with Bot("123:" + "x" * 35, base_url=fake.api_base):
            pass


# Refusals


def send(**more: Any) -> tuple[str, Json]:
    return "sendMessage", {"text": "hello"} | more


def marks(*entities: Json, text: str = "hello you") -> tuple[str, Json]:
    return send(text=text, entities=list(entities))


def mark(offset: Any, length: Any, kind: str = "bold", **more: Any) -> Json:
    return {"type": kind, "offset": offset, "length": length} | more


def keys(*buttons: Json, rows: list[list[Json]] | None = None) -> tuple[str, Json]:
    return send(reply_markup={"inline_keyboard": rows or [list(buttons)]})


def key(**more: Any) -> Json:
    return {"text": "x"} | more


def markup(**given: Any) -> tuple[str, Json]:
    return send(reply_markup=given)


def html(text: str) -> tuple[str, Json]:
    return send(text=text, parse_mode="HTML")


def commands(*given: tuple[str, str], **more: Any) -> tuple[str, Json]:
    return "setMyCommands", {"commands": [{"command": name, "description": text} for name, text in given]} | more


def inline(*results: Json, **more: Any) -> tuple[str, Json]:
    return "answerInlineQuery", {"inline_query_id": "QUERY", "results": list(results)} | more


def article(**more: Any) -> Json:
    content = {"message_text": "text"}
    return {"type": "article", "id": "1", "title": "Title", "input_message_content": content} | more


REFUSED: list[tuple[tuple[str, Json], str]] = [
    (send(txt="hello"), "unknown parameters"),
    (send(chat_id=[1]), "chat not found"),
    (send(text=""), "message text is empty"),
    (send(text=" \n "), "message text is empty"),
    (send(text="😀" * 2049), "message is too long"),
    (send(text=5), "text is no text"),
    (send(disable_notification="yes"), "disable_notification"),
    (send(message_thread_id=5), "message thread not found"),
    (send(link_preview_options={"disabled": True}), "link_preview_options"),
    (send(reply_parameters={"id": 1}), "reply_parameters"),
    (send(business_connection_id="x"), "business"),
    (send(parse_mode="MarkdownV2"), "can't parse entities"),
    (send(parse_mode="Wiki"), "unsupported parse_mode"),
    (send(parse_mode="HTML", entities=BOLD), "either parse_mode or entities"),
    (marks(mark(0, 10)), "not within"),
    (marks(mark(-1, 2)), "not within"),
    (marks(mark(0, 0)), "not within"),
    (marks(mark(5, 1)), "white space"),
    (marks(mark(0, 1), text="😀 you"), "middle"),
    (marks(mark(1, 2), text="😀 you"), "middle"),
    (marks(mark(0, 2, "shiny")), "MessageEntity"),
    (marks(mark("0", 2)), "MessageEntity"),
    (marks(mark(0, 2, "text_link")), "without url"),
    (marks(mark(0, 2, color="red")), "MessageEntity"),
    (marks(mark(0, 4), mark(2, 6, "italic")), "without nesting"),
    (marks(mark(0, 4), mark(1, 2)), "own kind"),
    (marks(mark(0, 4, "code"), mark(0, 4)), "code can't be combined"),
    (marks(*[mark(at, 1) for at in range(101)], text="x" * 101), "more than 100"),
    (html("<b>x"), "Can't find end tag"),
    (html("<b>x</i>"), "Unexpected end tag"),
    (html("<x>x</x>"), "Unsupported start tag"),
    (html("1 < 2"), "Unescaped"),
    (html("a & b"), "Unescaped"),
    (html("<b wide!>x</b>"), "Malformed"),
    (keys(key()), "exactly one action"),
    (keys(key(callback_data="a", url="https://example.org")), "exactly one action"),
    (keys(key(callback_data="ä" * 33)), "BUTTON_DATA_INVALID"),
    (keys(key(callback_data="")), "BUTTON_DATA_INVALID"),
    (keys(key(url="example")), "URL"),
    (keys(key(copy_text={"text": ""})), "COPY_TEXT"),
    (keys(key(switch_inline_query_chosen_chat={"query": "x"})), "switch"),
    (keys(key(switch_inline_query="x" * 257)), "switch"),
    (keys({"text": " ", "callback_data": "a"}), "Text buttons"),
    (keys(key(callback_data="a", colour="red")), "unknown"),
    (keys(*[key(callback_data="a")] * 9), "too long"),
    (keys(rows=[[key(callback_data="a")] * 8] * 13), "too long"),
    (keys(rows=[[]]), "rows"),
    (markup(force_reply=True, input_field_placeholder="x" * 65), "placeholder"),
    (markup(force_reply=False), "force reply"),
    (markup(remove_keyboard=False), "remove keyboard"),
    (markup(keyboard=[["x"]]), "custom"),
    (markup(colour="red"), "reply keyboard markup"),
    (("sendMessageDraft", {"draft_id": 0, "text": "x"}), "non-zero"),
    (("sendMessageDraft", {"draft_id": 1, "text": "x" * 4097}), "too long"),
    (("sendMessageDraft", {"draft_id": 1, "chat_id": -5}), "private"),
    (("sendChatAction", {"action": "dancing"}), "wrong parameter action"),
    (("sendDocument", {"document": "unknown"}), "wrong file identifier"),
    (("sendDocument", {"document": "unknown", "caption": "x" * 1025}), "caption is too long"),
    (("sendMediaGroup", {"media": [{"type": "photo", "media": "x"}]}), "between 2 and 10"),
    (("sendMediaGroup", {"media": [{"type": "photo", "media": "x"}, {"type": "document", "media": "x"}]}), "either"),
    (("editMessageText", {"message_id": 1, "text": "x"}), "message can't be edited"),
    (("editMessageText", {"message_id": 2, "text": " "}), "message text is empty"),
    (("editMessageText", {"message_id": 2, "text": "x", "reply_markup": {"force_reply": True}}), "inline keyboard"),
    (("editMessageText", {"message_id": 3, "text": "x"}), "there is no text in the message to edit"),
    (("editMessageCaption", {"message_id": 2, "caption": "x"}), "there is no caption"),
    (("editMessageText", {"message_id": "two", "text": "x"}), "message_id is no number"),
    (("editMessageMedia", {"message_id": 2, "media": {"type": "video", "media": "x"}}), "a photo or a document"),
    (("editMessageMedia", {"message_id": 2, "media": {"type": "photo", "media": "x"}}), "wrong file identifier"),
    (("setMessageReaction", {"message_id": 1, "reaction": [5]}), "can't parse"),
    (("getFile", {"file_id": "none"}), "invalid file_id"),
    (("sendVoice", {"voice": "x"}), "Not Found"),
    (("getUpdates", {"limit": 0}), "out of range"),
    (("getUpdates", {"allowed_updates": ["smoke_signal"]}), "allowed_updates"),
    (("setWebhook", {"url": "http://example.org/"}), "HTTPS"),
    (("setWebhook", {"url": "https://example.org/", "secret_token": "a b"}), "unallowed characters"),
    (("setWebhook", {"url": "https://example.org/", "max_connections": 101}), "max_connections"),
    (("answerCallbackQuery", {"callback_query_id": "1", "text": "x" * 201}), "MESSAGE_TOO_LONG"),
    (("answerCallbackQuery", {"callback_query_id": "1", "url": "https://example.org"}), "URL_INVALID"),
    (commands(("Say", "x")), "BOT_COMMAND_INVALID"),
    (commands(("say", "")), "DESCRIPTION_INVALID"),
    (commands(("say", "x" * 257)), "DESCRIPTION_INVALID"),
    (commands(*[(f"c{n}", "x") for n in range(101)]), "TOO_MUCH"),
    (commands(("say", "x"), ("say", "y")), "twice"),
    (commands(("say", "x"), language_code="deu"), "language code"),
    (commands(("say", "x"), scope={"type": "everybody"}), "BotCommandScope"),
    (commands(("say", "x"), scope={"type": "chat"}), "BotCommandScope"),
    (("setMyDescription", {"description": "x" * 513}), "too long"),
    (("setMyShortDescription", {"short_description": "x" * 121}), "too long"),
    (inline(article(), article()), "DUPLICATE"),
    (inline(article(id="")), "RESULT_ID_INVALID"),
    (inline(article(id="ä" * 33)), "RESULT_ID_INVALID"),
    (inline(article(title="")), "TITLE"),
    (inline(article(type="photo")), "articles"),
    (inline(article(hide_url=True)), "unknown"),
    (inline(article(input_message_content={})), "content"),
    (inline(article(input_message_content={"message_text": "x" * 4097})), "TOO_LONG"),
    (inline(article(input_message_content={"message_text": ""})), "empty"),
    (inline(article(input_message_content={"message_text": "x", "entities": BOLD})), "not within"),
    (inline(*[article(id=str(n)) for n in range(51)]), "TOO_MUCH"),
    (inline(article(description="x" * 70_000)), "TOO_LARGE"),
    (inline(next_offset="x" * 65), "NEXT_OFFSET"),
    (inline(button={"text": "x", "start_parameter": "a b"}), "START_PARAM"),
    (inline(button={"text": "x"}), "exactly one"),
]


@pytest.mark.parametrize(("request_", "description"), REFUSED)
async def test_what_no_correct_bot_sends(
    fake: FakeTelegram, ann: User, chat: Chat, request_: tuple[str, Json], description: str
) -> None:
    await fake.write(ann, chat, "hello")
    assert (await raw(fake, "sendMessage", {"chat_id": chat.id, "text": "one"}))[1]["result"]["message_id"] == 2
    given = (await fake.upload(ann, chat, "a.txt", b"a")).document
    assert given is not None
    await raw(fake, "sendDocument", {"chat_id": chat.id, "document": given.id})
    chat.history[-1].id, chat.history[-2].id = 3, 4
    method, params = request_
    here = {"chat_id": chat.id} if method.startswith(("send", "edit", "setMessage")) else {}
    status, body = await raw(fake, method, here | params)
    assert (status, body["ok"]) in ((400, False), (404, False))
    assert description in body["description"]
    if "chat not found" not in description:
        assert len(fake.refusals) == 1
        assert description in fake.refusals[0]


async def test_what_can_happen_to_a_correct_bot(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    sent = await bot.send_message(ann.id, "one")
    group = fake.add_group("Harbour", members=[ann])
    fake.restrict(group)
    stranger = fake.private(fake.add_user("stranger"), started=False)
    for doing, description in [
        (bot.send_message(5, "x"), "chat not found"),
        (bot.edit_message_text("x", ann.id, 99), "message to edit not found"),
        (bot.edit_message_text("one", ann.id, sent.message_id), "message is not modified"),
        (bot.delete_message(ann.id, 99), "message to delete not found"),
        (bot.send_message(ann.id, "x", reply_to_message_id=99), "message to be replied not found"),
        (bot.answer_callback_query("1"), "query is too old"),
        (bot.send_message(group.id, "x"), "not enough rights to send text messages to the chat"),
        (bot.send_photo(group.id, b"x"), "not enough rights to send photos to the chat"),
    ]:
        with pytest.raises(BadRequest, match=f"(?i){description}"):
            await doing
    with pytest.raises(Forbidden, match=r"(?i)bot can't initiate conversation with a user"):
        await bot.send_message(stranger.id, "x")
    missing = ReplyParameters(99, allow_sending_without_reply=True)
    await bot.send_message(ann.id, "x", reply_parameters=missing)
    assert (chat.last.reply_to, fake.refusals) == (None, [])


# Texts


async def test_texts_are_trimmed_and_marked(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    entities = [MessageEntity("bold", 0, 6), MessageEntity("text_link", 7, 3, url="https://example.org")]
    await bot.send_message(ann.id, "\n\n😀 ab cd /say \n", entities=entities)
    assert chat.last.text == "😀 ab cd /say"
    assert chat.last.bold() == ["😀 a"]
    assert chat.last.spans("text_link") == [" cd"]
    assert chat.last.spans("bot_command") == ["/say"]
    await bot.send_message(ann.id, '<b>a &amp; <i>b</i></b> <a href="https://example.org">c</a>', parse_mode="HTML")
    assert chat.last.text == "a & b c"
    assert chat.last.html == '<b>a &amp; <i>b</i></b> <a href="https://example.org">c</a>'
    assert fake.refusals == []


def test_helpers_for_texts() -> None:
    text = Text(" ab ", [mark(0, 2), mark(3, 1, "italic")])
    assert trimmed(text) == Text("ab", [mark(0, 1)])
    found = marked(Text("😀 see https://example.org/a). #tag a@b.c x/y @somebody"))
    assert [each["type"] for each in found.entities] == ["url", "hashtag", "mention"]
    assert found.entities[0]["offset"] == 7
    assert as_html(Text("a<b", [mark(0, 3, "pre", language="py")])) == '<pre language="py">a&lt;b</pre>'


async def test_edits(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Again", callback_data="again")]])
    sent = await bot.send_message(ann.id, "one", reply_markup=keyboard)
    assert [button.data for button in chat.last.buttons] == ["again"]
    await sent.edit_text("two", disable_web_page_preview=True)
    assert (chat.last.text, chat.last.edits, chat.last.buttons) == ("two", ["one"], [])
    assert chat.last.link_preview_disabled
    await sent.edit_reply_markup(keyboard)
    assert len(chat.last.buttons) == 1
    await sent.delete()
    assert chat.sent == []
    assert fake.refusals == []


async def test_people_edit_and_delete(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    message = await fake.write(ann, chat, "one")
    await fake.edit(ann, message, "two")
    first, second = await drained(fake)
    assert (first["message"]["text"], second["edited_message"]["text"]) == ("one", "two")
    assert second["edited_message"]["edit_date"]
    fake.delete(message)
    assert await drained(fake) == []


async def test_a_forced_reply_and_other_buttons(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    await bot.send_message(ann.id, "How many?", reply_markup=ForceReply(input_field_placeholder="A number"))
    assert (chat.last.force_reply, chat.last.placeholder) == (True, "A number")
    buttons = [
        InlineKeyboardButton("Copy", copy_text=CopyTextButton("abc")),
        InlineKeyboardButton("Say", switch_inline_query_current_chat="ann: "),
        InlineKeyboardButton("Look", url="https://example.org"),
    ]
    await bot.send_message(ann.id, "x", reply_markup=InlineKeyboardMarkup([buttons]))
    copies, here, link = chat.last.buttons
    assert (copies.copies, here.switch_here, link.url) == ("abc", "ann: ", "https://example.org")


# Drafts and actions


async def test_drafts(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    await bot.send_chat_action(ann.id, "typing")
    await bot.send_message_draft(ann.id, 7)
    assert (chat.draft, chat.action) == ("", "typing")
    await bot.send_message_draft(ann.id, 7, "Once upon", entities=[MessageEntity("bold", 0, 4)])
    assert chat.draft == "Once upon"
    fake.advance(31)
    assert chat.draft is None
    await bot.send_message_draft(ann.id, 7, "Once upon a time")
    await bot.send_message(ann.id, "Once upon a time.")
    assert chat.draft is None
    assert chat.drafts == [(7, ""), (7, "Once upon"), (7, "Once upon a time")]
    assert fake.refusals == []


# Files


async def test_files_of_people(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    async with polling(fake) as running:
        await fake.upload(ann, chat, "tweets.js", b"data", caption="/train")
        message = (await running.next()).message
        assert message is not None
        assert message.document is not None
        assert (message.caption, message.document.file_name, message.document.file_size) == ("/train", "tweets.js", 4)
        file = await message.document.get_file()
        assert bytes(await file.download_as_bytearray()) == b"data"
        assert fake.files.downloads == ["tweets.js"]
    await fake.upload(ann, chat, "big.zip", b"PK", size=1 << 20)
    document = chat.messages[-1].document
    assert document is not None
    whole = bytes(await (await bot.get_file(document.id)).download_as_bytearray())
    assert (whole[:3], len(whole)) == (b"PK\0", 1 << 20)
    assert fake.refusals == []
    document.size = fake.files.download_limit + 1
    with pytest.raises(BadRequest, match=r"(?i)file is too big"):
        await bot.get_file(document.id)


async def test_files_of_the_bot(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Again", callback_data="again")]])
    sent = await bot.send_document(ann.id, b"all", filename="all.txt", caption="All", reply_markup=keyboard)
    assert chat.last.document is not None
    assert (chat.last.document.name, chat.last.document.data, chat.last.caption) == ("all.txt", b"all", "All")
    await sent.edit_caption("Most")
    assert (chat.last.caption, chat.last.edits, chat.last.text) == ("Most", ["All"], "")
    photo = await bot.send_photo(ann.id, b"\x89PNG")
    assert chat.last.photo is not None
    assert chat.last.photo.data == b"\x89PNG"
    await bot.send_photo(ann.id, photo.photo[-1].file_id)
    text = await bot.send_message(ann.id, "Look")
    await text.edit_media(InputMediaPhoto(b"\x89PNG 2", caption="There", filename="2.png"))
    assert (chat.last.text, chat.last.caption, chat.last.edits) == ("", "There", ["Look"])
    assert chat.last.photo.data == b"\x89PNG 2"
    files = [InputMediaDocument(b"one", filename="1.txt", caption="One"), InputMediaDocument(b"two", filename="2.txt")]
    album = await bot.send_media_group(ann.id, files)
    assert [each.document.data for each in chat.sent[-2:] if each.document] == [b"one", b"two"]
    assert album[0].media_group_id == album[1].media_group_id
    assert fake.refusals == []


async def test_an_upload_that_is_too_large(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    fake.files.upload_limit = 10
    with pytest.raises(NetworkError, match=r"(?i)Request Entity Too Large"):
        await bot.send_document(ann.id, b"x" * 11, filename="x")
    assert len(fake.refusals) == 1


# Queries


async def test_a_button_is_pressed(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    async with polling(fake) as running:
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("🔁 Again", callback_data="again")]])
        await running.bot.send_message(ann.id, "Soup", reply_markup=keyboard)
        press = await fake.press(ann, chat.last, "Again")
        query = (await running.next()).callback_query
        assert query is not None
        assert query.message is not None
        assert (query.data, query.message.message_id) == ("again", chat.last.id)
        await query.answer("Done", show_alert=True)
        await press.until()
        assert (press.answered, press.text, press.alert, press.url) == (True, "Done", True, None)
        assert press.seconds is not None
        assert press.first_reaction is not None
        with pytest.raises(BadRequest, match=r"(?i)query is too old"):
            await query.answer()
        late = await fake.press(ann, chat.last, "Again")
        fake.advance(16)
        query = (await running.next()).callback_query
        assert query is not None
        with pytest.raises(BadRequest, match=r"(?i)query is too old"):
            await query.answer()
        assert not late.answered
    assert fake.refusals == []


async def test_inline_queries(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    ben, group = fake.add_user("ben"), fake.add_group("Harbour", members=[ann])
    await drained(fake)
    content = InputTextMessageContent("Soup <b>now</b>", parse_mode="HTML")
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Again", callback_data="again")]])
    results = [InlineQueryResultArticle("1", "Soup", content, reply_markup=keyboard)]
    button = InlineQueryResultsButton("Personas", start_parameter="personas")
    fake.inline_feedback = True
    async with polling(fake) as running:
        query = await fake.inline(ann, "alice: my dream")
        asked = (await running.next()).inline_query
        assert asked is not None
        assert (asked.query, asked.chat_type) == ("alice: my dream", "supergroup")
        await asked.answer(results, cache_time=60, is_personal=True, next_offset="1", button=button)
        await query.until()
        assert (query.titles, query.next_offset, query.cached) == (["Soup"], "1", False)
        assert query.button == {"text": "Personas", "start_parameter": "personas"}
        with pytest.raises(BadRequest, match=r"(?i)query is too old"):
            await asked.answer(results)
        message = await fake.choose(query, 0, group)
        update = await running.next()
        assert update.message is not None
        assert update.message.via_bot == running.bot.bot
        assert (message.bold(), message.by_bot, message.sender) == (["now"], False, ann)
        chosen = (await running.next()).chosen_inline_result
        assert chosen is not None
        assert chosen.inline_message_id == message.inline_message_id
        press = await fake.press(ann, message, "Again")
        pressed = (await running.next()).callback_query
        assert pressed is not None
        await pressed.edit_message_text("More soup")
        await pressed.answer()
        assert (message.text, press.answered) == ("More soup", True)
        again = await fake.inline(ann, "alice: my dream")
        assert (again.cached, again.answered, again.titles) == (True, True, ["Soup"])
        assert not (await fake.inline(ben, "alice: my dream")).cached
        assert not (await fake.inline(ann, "alice: my dream", offset="1")).cached
        fake.advance(61)
        assert not (await fake.inline(ann, "alice: my dream")).cached
    assert fake.refusals == []


async def test_results_for_everybody_are_cached_for_everybody(fake: FakeTelegram, bot: Bot, ann: User) -> None:
    query = await fake.inline(ann, "soup")
    await bot.answer_inline_query(query.id, [], cache_time=5)
    assert (await fake.inline(fake.add_user("ben"), "soup")).cached
    late = await fake.inline(ann, "late")
    fake.advance(11)
    with pytest.raises(BadRequest, match=r"(?i)query is too old"):
        await bot.answer_inline_query(late.id, [])


# Groups


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/say", True),
        ("/say@mynah_test_bot x", True),
        ("/say@MYNAH_test_bot x", True),
        ("/say@other_bot x", False),
        ("say something", False),
        ("@mynah_test_bot say something", False),
        ("well, /say", False),
    ],
)
async def test_privacy(fake: FakeTelegram, ann: User, text: str, told: bool) -> None:
    group = fake.add_group("Harbour", members=[ann])
    assert (await fake.write(ann, group, text)).told is told
    fake.promote(group)
    assert (await fake.write(ann, group, text)).told
    fake.promote(group, admin=False)
    fake.privacy = False
    assert (await fake.write(ann, group, text)).told


async def test_replies_reach_the_bot(fake: FakeTelegram, bot: Bot, ann: User) -> None:
    group = fake.add_group("Harbour", members=[ann])
    await drained(fake)
    other = await fake.write(ann, group, "unheard")
    sent = await bot.send_message(group.id, "one")
    assert sent.message_id == other.id + 1
    assert not (await fake.write(ann, group, "to myself", reply_to=other)).told
    assert (await fake.write(ann, group, "to you", reply_to=group.last)).told
    (update,) = await drained(fake)
    assert update["message"]["reply_to_message"]["text"] == "one"
    assert update["message"]["message_thread_id"] == sent.message_id
    assert "is_topic_message" not in update["message"]


async def test_who_speaks_for_a_chat(fake: FakeTelegram, ann: User) -> None:
    group, channel = fake.add_group("Harbour", admins=[ann]), fake.add_channel("News")
    await drained(fake)
    await fake.write(ann, group, "/say a", anonymous=True)
    await fake.write(ann, group, "/say b", as_channel=channel)
    first, second = (Update.de_json(each, None).message for each in await drained(fake))
    assert first is not None
    assert second is not None
    assert first.from_user is not None
    assert second.from_user is not None
    assert first.sender_chat is not None
    assert second.sender_chat is not None
    assert (first.from_user.id, first.sender_chat.id) == (1087968824, group.id)
    assert (second.from_user.id, second.sender_chat.id) == (136817688, channel.id)


async def test_channels(fake: FakeTelegram, bot: Bot) -> None:
    channel = fake.add_channel("News", username="harbour_news")
    await drained(fake)
    post = await fake.post(channel, "/say hi")
    (update,) = await drained(fake)
    assert "from" not in update["channel_post"]
    assert update["channel_post"]["sender_chat"]["id"] == channel.id
    sent = await bot.send_message("@harbour_news", "one", reply_to_message_id=post.id)
    assert (sent.from_user, sent.message_id, post.id) == (None, 2, 1)
    await fake.edit(fake.bot, post, "/say ho")
    assert (await drained(fake))[0]["edited_channel_post"]["text"] == "/say ho"
    with pytest.raises(BadRequest, match=r"(?i)inline keyboard expected"):
        await bot.send_message(channel.id, "x", reply_markup=ForceReply())
    with pytest.raises(Forbidden, match=r"(?i)bot is not a member of the channel chat"):
        await bot.send_message(fake.add_channel("Other", bot_admin=False).id, "x")


async def test_topics(fake: FakeTelegram, bot: Bot, ann: User) -> None:
    group = fake.add_group("Harbour", members=[ann], forum=True)
    topic, other = group.add_topic("Chatter"), group.add_topic("Other")
    await drained(fake)
    await fake.write(ann, group, "/say", topic=topic)
    await fake.write(ann, group, "/say in general")
    first, second = (each["message"] for each in await drained(fake))
    assert (first["message_thread_id"], first["is_topic_message"]) == (topic.id, True)
    assert "forum_topic_created" in first["reply_to_message"]
    assert "message_thread_id" not in second
    await bot.send_message(group.id, "here", message_thread_id=topic.id)
    assert (group.last.topic, group.last.reply_to) == (topic, None)
    await bot.send_message(group.id, "there", reply_to_message_id=group.last.id)
    assert group.last.topic is topic
    await bot.send_chat_action(group.id, "typing", message_thread_id=1)
    with pytest.raises(BadRequest, match=r"(?i)message to be replied not found"):
        await bot.send_message(group.id, "x", message_thread_id=other.id, reply_to_message_id=group.last.id)
    group.close_topic(topic)
    with pytest.raises(BadRequest, match=r"(?i)TOPIC_CLOSED"):
        await bot.send_message(group.id, "x", message_thread_id=topic.id)
    group.reopen_topic(topic)
    group.delete_topic(topic)
    with pytest.raises(BadRequest, match=r"(?i)message thread not found"):
        await bot.send_message(group.id, "x", message_thread_id=topic.id)
    assert fake.refusals == []


async def test_a_group_becomes_a_supergroup(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    group = fake.add_group("Harbour", members=[ann], kind="group")
    await drained(fake)
    mine = await fake.write(ann, chat, "one")
    assert (await bot.send_message(group.id, "two")).message_id == mine.id + 1
    new = await fake.migrate(group)
    told = [each["message"] for each in await drained(fake)]
    assert (told[1]["migrate_to_chat_id"], told[1]["chat"]["id"]) == (new.id, group.id)
    assert (told[2]["migrate_from_chat_id"], told[2]["chat"]["id"], told[2]["message_id"]) == (group.id, new.id, 1)
    with pytest.raises(ChatMigrated) as error:
        await bot.send_message(group.id, "three")
    assert error.value.new_chat_id == new.id
    await bot.send_message(new.id, "three")
    assert (await fake.write(ann, new, "/say")).told
    assert fake.refusals == []


async def test_the_bot_comes_and_goes(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    group = fake.add_group("Harbour", members=[ann], kind="group", bot=False)
    assert await drained(fake) == []
    with pytest.raises(Forbidden, match=r"(?i)bot is not a member of the group chat"):
        await bot.send_message(group.id, "x")
    fake.add_bot(group)
    fake.block(ann)
    with pytest.raises(Forbidden, match=r"(?i)bot was blocked by the user"):
        await bot.send_message(ann.id, "x")
    fake.unblock(ann)
    fake.kick(group)
    with pytest.raises(Forbidden, match=r"(?i)bot was kicked from the group chat"):
        await bot.send_message(group.id, "x")
    fake.add_bot(group, admin=True)
    fake.restrict(group)
    await bot.send_message(group.id, "admins may")
    await bot.leave_chat(group.id)
    updates = [Update.de_json(each, None) for each in await drained(fake)]
    changes = [each.my_chat_member for each in updates if each.my_chat_member]
    statuses = [(each.old_chat_member.status, each.new_chat_member.status) for each in changes]
    assert statuses == [
        ("left", "member"),
        ("member", "kicked"),
        ("kicked", "member"),
        ("member", "kicked"),
        ("kicked", "administrator"),
        ("administrator", "left"),
    ]
    assert fake.refusals == []


async def test_members(fake: FakeTelegram, bot: Bot, ann: User) -> None:
    ben = fake.add_user("ben")
    group = fake.add_group("Harbour", members=[ann], admins=[ben])
    assert (await bot.get_chat_member(group.id, ben.id)).status == "creator"
    assert (await bot.get_chat_member(group.id, ann.id)).status == "member"
    assert (await bot.get_chat_member(group.id, fake.bot.id)).status == "member"
    assert (await bot.get_chat_member(group.id, fake.add_user("eve").id)).status == "left"
    assert [each.user.id for each in await bot.get_chat_administrators(group.id)] == [ben.id]
    assert (await bot.get_chat(group.id)).title == "Harbour"
    fake.restrict(group)
    assert (await bot.get_chat_member(group.id, fake.bot.id)).status == "restricted"
    fake.promote(group)
    assert (await bot.get_chat_member(group.id, fake.bot.id)).status == "administrator"


# Settings


async def test_settings(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    await bot.set_my_commands([BotCommand("say", "Say something")])
    await bot.set_my_commands([BotCommand("sag", "Sag etwas")], BotCommandScopeChat(ann.id), "de")
    assert fake.commands == {
        ("default", ""): [("say", "Say something")],
        (f"chat:{ann.id}", "de"): [("sag", "Sag etwas")],
    }
    assert [each.command for each in await bot.get_my_commands()] == ["say"]
    await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()
    await bot.set_my_description("A bird")
    await bot.set_my_short_description("Bird")
    assert (await bot.get_my_description("de")).description == "A bird"
    assert (await bot.get_my_short_description()).short_description == "Bird"
    assert fake.refusals == []


async def test_a_deep_link(fake: FakeTelegram, ann: User) -> None:
    fake.deep_link(ann, "persona_pip")
    (update,) = await drained(fake)
    assert update["message"]["text"] == "/start persona_pip"
    assert fake.private(ann).started


# Too much, and trouble


async def test_floods(ann: User) -> None:
    async with FakeTelegram(rate_scale=0.1) as fake, new_bot(fake) as bot:
        chat = fake.private(fake.add_user("ann"))
        for n in range(5):
            await bot.send_message(chat.id, str(n))
        with pytest.raises(RetryAfter) as flood:
            await bot.send_message(chat.id, "too much")
        assert (flood.value.retry_after, fake.floods, fake.refusals) == (1, 1, [])
        with pytest.raises(RetryAfter):
            await bot.send_message(chat.id, "still too much")
        await asyncio.sleep(0.25)
        await bot.send_message(chat.id, "again")


async def test_floods_in_groups() -> None:
    async with FakeTelegram(rate_scale=0.01) as fake, new_bot(fake) as bot:
        group = fake.add_group("Harbour")
        fake.limits._bucket(group.id).every = 10  # so that the test may be slow
        for n in range(20):
            await bot.send_message(group.id, str(n))
            await asyncio.sleep(0.001)
        with pytest.raises(RetryAfter):
            await bot.edit_message_text("too much", group.id, group.last.id)
        assert fake.limits.hits == [group.id]


async def test_planned_faults(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    fake.faults.next("sendMessage", Fault("server_error"), Fault("server_error", page=True), Fault("cut"))
    for _ in range(3):
        with pytest.raises(NetworkError):
            await bot.send_message(ann.id, "never")
    fake.faults.next("sendMessage", Fault("flood", retry_after=3), None, Fault("refused", 403, description="no"))
    with pytest.raises(RetryAfter, match="3"):
        await bot.send_message(ann.id, "never")
    assert chat.sent == []
    await bot.send_message(ann.id, "one")
    fake.faults.clear()
    fake.faults.next("sendMessage", Fault("lost"), Fault("lost_cut"))
    for text in ("two", "three"):
        with pytest.raises(NetworkError):
            await bot.send_message(ann.id, text)
    assert [each.text for each in chat.sent] == ["one", "two", "three"]
    assert [kind for _, kind in fake.faults.injected][-2:] == ["lost", "lost_cut"]
    assert (fake.floods, fake.refusals) == (0, [])
    assert fake.calls("sendMessage")[-1].fault == "lost_cut"


async def test_faults_of_downloads(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    document = (await fake.upload(ann, chat, "a.txt", b"data")).document
    assert document is not None
    file = await bot.get_file(document.id)
    fake.faults.next("download", Fault("cut"))
    with pytest.raises(NetworkError):
        await file.download_as_bytearray()
    assert await file.download_as_bytearray() == b"data"


async def test_faults_at_random(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    fake.faults.rates = Rates(server_errors=0.1, lost=0.1, floods=0.1, cuts=0.1, seed=1)
    for _ in range(60):
        try:
            await raw(fake, "sendMessage", {"chat_id": ann.id, "text": "x"})
        except (aiohttp.ClientError, json.JSONDecodeError):
            continue
    kinds = {kind for _, kind in fake.faults.injected}
    assert kinds == {"server_error", "lost", "lost_cut", "flood", "cut"}
    done = [request for request in fake.requests if request.status == 200]
    assert len(chat.sent) == len(done) > 40


async def test_updates_survive_faults(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    async with polling(fake) as running:
        fake.faults.next("getUpdates", Fault("lost_cut"))
        await fake.write(ann, chat, "one")  # the poll that waits took no fault
        assert (await running.next()).message is not None
        await fake.write(ann, chat, "two")
        update = await running.next()
        assert update.message is not None
        assert update.message.text == "two"
    assert [type(error) for error in running.errors] == [NetworkError]


async def test_answers_are_held(fake: FakeTelegram, bot: Bot, ann: User, chat: Chat) -> None:
    with fake.faults.hold("sendMessage") as hold:
        sending = asyncio.create_task(bot.send_message(ann.id, "one"))
        await chat.until(lambda chat: chat.sent)
        assert (hold.waiting, sending.done()) == (1, False)
        hold.release()
        await sending
    with fake.faults.hold("sendMessage", before=True) as hold:
        sending = asyncio.create_task(bot.send_message(ann.id, "two"))
        await fake.until(lambda: hold.waiting)
        assert len(chat.sent) == 1
    await sending


async def test_unreachable(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    async with polling(fake) as running:
        base = fake.base
        async with fake.unreachable():
            await fake.until(lambda: True)
            with pytest.raises(NetworkError):
                await running.bot.send_message(ann.id, "never")
            await fake.write(ann, chat, "meanwhile")
        assert fake.base == base
        update = await running.next()
        assert update.message is not None
        assert update.message.text == "meanwhile"
        await running.bot.send_message(ann.id, "one")
        assert [each.text for each in chat.sent] == ["one"]


async def test_waiting_in_vain_says_what_there_is(fake: FakeTelegram, ann: User, chat: Chat) -> None:
    await fake.write(ann, chat, "hello")
    with pytest.raises(AssertionError, match=r"(?i)ann: 'hello'"):
        await chat.until(lambda chat: chat.sent, seconds=0.05)
    with pytest.raises(AssertionError, match=r"(?i)the last requests"):
        await fake.until(lambda: False, seconds=0.05)

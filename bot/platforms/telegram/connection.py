"""Where Telegram is, who we are there, and staying connected to it."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass

import telegram
from telegram.error import InvalidToken, TelegramError
from telegram.request import HTTPXRequest

from bot import traces
from bot.errors import OperatorError, SettingsError
from bot.platforms.board import Board
from bot.platforms.handling import GOODBYE_SECONDS, GRACE_SECONDS, patiently
from bot.platforms.telegram.desk import Desk
from bot.platforms.telegram.inbox import Arrival, Arrivals
from bot.platforms.telegram.inline import Inline
from bot.platforms.telegram.look_jobs import Jobs
from bot.platforms.telegram.menu import tell_commands
from bot.platforms.telegram.message import Message
from bot.platforms.telegram.outbox import Outbox
from bot.platforms.telegram.people import PLATFORM, Admins
from bot.platforms.telegram.posts import Posts
from bot.platforms.telegram.receiving import Polling, away, receiving
from bot.platforms.telegram.updates import Updates
from bot.ports import Inbox
from bot.settings import TelegramSettings
from bot.usecases.services import Services

UNKNOWN_TOKEN = (
    "telegram.token: Telegram doesn't know this token. Copy it again from @BotFather: /mybots → your bot → API Token."
)
TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
CONNECTIONS = 256  # to Telegram, at a time
WATCH_SECONDS = 300.0
TIDY_SECONDS = 60.0
logger = logging.getLogger(__name__)


@dataclass
class Connection:
    """The parts of the bot on Telegram, made before there is a connection."""

    settings: TelegramSettings
    bot: telegram.Bot
    desk: Desk
    updates: Updates
    polling: Polling

    @property
    def board(self) -> Board[Message]:
        return self.desk.board

    @property
    def is_up(self) -> bool:
        """Telegram knows us, and the last time we asked for updates it answered."""
        return self.desk.me is not None and self.polling.works


def make_connection(services: Services) -> Connection:
    """Raises SettingsError when there is no token, or none that could be one."""
    settings = services.settings.telegram
    polling = Polling(1, read_timeout=5)
    bot = _bot(settings, polling)
    outbox = Outbox(bot, lambda old, new: updates.move(old, new))
    jobs = Jobs(lambda locale: desk.look(locale), services.settings.training.warn_characters)
    posts = Posts(outbox, services.chats)
    board: Board[Message] = Board(PLATFORM, posts, jobs, services)
    desk = Desk(services, outbox, board, posts, Admins(outbox))
    updates = Updates(desk, Inline(desk))
    return Connection(settings, bot, desk, updates, polling)


def _bot(settings: TelegramSettings, polling: Polling) -> telegram.Bot:
    if settings.token is None:
        raise SettingsError("telegram.token is missing. Set MYNAH_TELEGRAM__TOKEN; the README says where to get it.")
    token = settings.token.get_secret_value()
    if not TOKEN.fullmatch(token):
        raise SettingsError(UNKNOWN_TOKEN)
    try:
        return telegram.Bot(
            token,
            settings.api_base,
            settings.file_base,
            request=HTTPXRequest(CONNECTIONS, read_timeout=15, media_write_timeout=60, pool_timeout=15),
            get_updates_request=polling,
        )
    except InvalidToken:
        raise SettingsError(UNKNOWN_TOKEN) from None


async def run_telegram(connection: Connection) -> None:
    """Until cancelled, or until Telegram refuses the bot. Raises SettingsError."""
    bot, desk = connection.bot, connection.desk
    arrivals = Arrivals(desk.services.inbox, connection.updates.concerns)
    try:
        await patiently(bot.initialize, away, "Telegram")
        desk.me = bot.bot
        logger.info("connected to Telegram as @%s: %s", bot.username, bot.link)
        if not desk.me.supports_inline_queries:
            logger.info("inline mode is off; @BotFather turns it on: /setinline")
        async with asyncio.TaskGroup() as work, receiving(bot, connection.settings, arrivals):
            work.create_task(_tell_commands(connection))
            work.create_task(desk.board.keep_up())
            work.create_task(_watch(bot))
            work.create_task(_tidy(desk.services.inbox))
            await arrivals.reopen(bot)
            await _serve(connection, arrivals)
    except ExceptionGroup as group:
        raise _settings_error(connection.settings, group.exceptions[0]) from None
    except TelegramError as error:
        raise _settings_error(connection.settings, error) from None
    finally:
        if desk.me is not None:
            logger.info("leaving Telegram; what isn't answered yet is answered by the next start")
        await bot.shutdown()


def _settings_error(settings: TelegramSettings, error: Exception) -> Exception:
    if isinstance(error, InvalidToken):
        return SettingsError(UNKNOWN_TOKEN)
    if isinstance(error, TelegramError):
        return SettingsError(f"{settings.api_base} doesn't answer as Telegram does ({error}). Check telegram.api_base.")
    return error


async def _watch(bot: telegram.Bot) -> None:
    """Until the token is taken back: the library's Updater would go on in silence. Raises InvalidToken."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        try:
            await bot.get_me()
        except InvalidToken:
            raise
        except TelegramError as error:
            logger.debug("watching: %s", error)


async def _tidy(inbox: Inbox) -> None:
    while True:
        await asyncio.sleep(TIDY_SECONDS)
        try:
            await inbox.tidy()
        except OperatorError as error:
            logger.error("%s", error)


async def _serve(connection: Connection, arrivals: Arrivals) -> None:
    """Each update on its own, until cancelled; then what is nearly done is done, and the rest is left for later."""
    going: set[asyncio.Task[None]] = set()
    try:
        while True:
            task = asyncio.create_task(_take(connection, await arrivals.waiting.get()))
            going.add(task)
            task.add_done_callback(going.discard)
    finally:
        if going:
            await asyncio.wait(going, timeout=GRACE_SECONDS)
        for task in going:
            task.cancel()
        connection.updates.inline.rounds.close()
        await asyncio.gather(connection.desk.outbox.steady.close(GOODBYE_SECONDS), connection.board.close())
        try:
            await connection.desk.services.inbox.rest()
        except OperatorError as error:
            logger.error("%s", error)


async def _take(connection: Connection, arrival: Arrival) -> None:
    with traces.request(PLATFORM):
        await _deal_with(connection, arrival)


async def _deal_with(connection: Connection, arrival: Arrival) -> None:
    try:
        await connection.updates.take(arrival)
    except TelegramError as error:
        logger.warning("update %d is left for the next start: %s", arrival.update.update_id, error)
        return
    except Exception:
        logger.exception("update %d could not be dealt with", arrival.update.update_id)
    try:
        if arrival.stored:
            await connection.desk.services.inbox.done(arrival.update.update_id)
    except OperatorError as error:  # the next start finds it again
        logger.error("%s", error)


async def _tell_commands(connection: Connection) -> None:
    chats = connection.desk.services.chats
    try:
        await patiently(lambda: tell_commands(connection.bot, chats), away, "Telegram")
    except TelegramError as error:  # people have the commands of the last time
        logger.warning("Telegram could not be told the commands: %s", error)

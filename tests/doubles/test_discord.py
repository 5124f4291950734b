"""The fake Discord against the real client library."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import discord
import pytest
import yarl
from discord import app_commands

from tests.doubles.discord import FakeDiscord, Rates
from tests.doubles.discord.checks import (
    check_choices,
    check_commands,
    check_components,
    check_message,
    check_modal,
    check_webhook_name,
)

Interaction = discord.Interaction["Bot"]
Json = dict[str, Any]


class Again(discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"again:(?P<n>\d+)"):
    """A button that outlives the process that has sent it."""

    def __init__(self, n: int) -> None:
        super().__init__(discord.ui.Button(label="Again", custom_id=f"again:{n}"))
        self.n = n

    @classmethod
    async def from_custom_id(
        cls, interaction: discord.Interaction[Any], item: discord.ui.Item[Any], match: re.Match[str], /
    ) -> Again:
        return cls(int(match["n"]))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        await interaction.response.send_message(f"again {self.n}")


class Form(discord.ui.Modal, title="A form"):
    words: discord.ui.Label[Any] = discord.ui.Label(text="Words", component=discord.ui.TextInput(custom_id="words"))

    async def on_submit(self, interaction: discord.Interaction[Any]) -> None:
        assert isinstance(self.words.component, discord.ui.TextInput)
        await interaction.response.send_message(f"got {self.words.component.value}", ephemeral=True)


class Card(discord.ui.LayoutView):
    def __init__(self) -> None:
        super().__init__()
        inside = discord.ui.Container[Any](discord.ui.TextDisplay("A card"), discord.ui.Separator())
        inside.add_item(discord.ui.File("attachment://notes.txt"))
        self.add_item(inside).add_item(discord.ui.ActionRow(Again(3)))


class Bot(discord.AutoShardedClient):
    def __init__(self) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        super().__init__(intents=intents, guild_ready_timeout=0.02)
        self.tree = app_commands.CommandTree(self)
        self.came: asyncio.Queue[discord.Message] = asyncio.Queue()
        self.asked: asyncio.Queue[discord.Interaction[Any]] = asyncio.Queue()
        self.was_ready = asyncio.Event()
        self.resumes = asyncio.Event()
        self.add_dynamic_items(Again)
        for add in (add_say, add_form, add_quote):
            add(self)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without the five seconds between shards."""

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_ready(self) -> None:
        self.was_ready.set()

    async def on_resumed(self) -> None:
        self.resumes.set()

    async def on_message(self, message: discord.Message) -> None:
        if message.author != self.user:
            await self.came.put(message)

    async def on_interaction(self, interaction: discord.Interaction[Any]) -> None:
        await self.asked.put(interaction)


def add_say(bot: Bot) -> None:
    @bot.tree.command()
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def say(interaction: Interaction, prompt: str, n: app_commands.Range[int, 1, 3] = 1) -> None:
        """Say something."""
        await interaction.response.defer(thinking=True)
        view = discord.ui.View().add_item(Again(n))
        await interaction.edit_original_response(content=f"{prompt} soup", view=view)

    @say.autocomplete("prompt")
    async def complete(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=f"{typed} {interaction.namespace.n}", value=typed)]


def add_form(bot: Bot) -> None:
    @bot.tree.command()
    async def form(interaction: Interaction) -> None:
        """Ask for words."""
        await interaction.response.send_modal(Form())

    @bot.tree.command()
    async def keep(interaction: Interaction, file: discord.Attachment) -> None:
        """Keep a file."""
        await interaction.response.send_message(f"{file.filename} has {len(await file.read())}")

    @bot.tree.command()
    async def raw(interaction: Interaction) -> None:
        """Nothing: the test answers."""


def add_quote(bot: Bot) -> None:
    @bot.tree.context_menu(name="Quote this")
    async def quote(interaction: Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"> {message.content}")


@pytest.fixture
async def fake(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeDiscord]:
    async with FakeDiscord(shards=2, rate_scale=0.05) as fake:
        point_at(fake, monkeypatch)
        yield fake


def point_at(fake: FakeDiscord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("discord.http.Route.BASE", fake.api_base)
    monkeypatch.setattr("discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY", yarl.URL(fake.gateway))


@asynccontextmanager
async def running(fake: FakeDiscord) -> AsyncIterator[Bot]:
    bot = Bot()
    task = asyncio.create_task(bot.start(fake.token))
    try:
        await fake.connected()
        yield bot
    finally:
        await bot.close()
        await task


async def next_asked(bot: Bot) -> discord.Interaction[Any]:
    return await asyncio.wait_for(bot.asked.get(), 5)


def channel_of(bot: Bot, identifier: int) -> discord.TextChannel:
    channel = bot.get_channel(identifier)
    assert isinstance(channel, discord.TextChannel)
    return channel


async def test_connects_and_is_told_of_guilds(fake: FakeDiscord) -> None:
    harbour, _ = fake.add_guild("Harbour"), fake.add_guild("Hill")
    thread = harbour.add_channel("general").add_thread("a thread")
    async with running(fake) as bot:
        await asyncio.wait_for(bot.was_ready.wait(), 5)
        assert [(guild.name, guild.shard_id) for guild in bot.guilds] == [("Harbour", 0), ("Hill", 1)]
        known = bot.get_channel(thread.id)
        assert isinstance(known, discord.Thread)
        assert known.permissions_for(known.guild.me).manage_webhooks
        assert fake.refusals == []


async def test_another_token_is_turned_away(fake: FakeDiscord) -> None:
    with pytest.raises(discord.LoginFailure):
        await Bot().start("another")


async def test_guilds_and_channels_come_and_go(fake: FakeDiscord) -> None:
    async with running(fake) as bot:
        await asyncio.wait_for(bot.was_ready.wait(), 5)
        joined = asyncio.ensure_future(bot.wait_for("guild_join", timeout=5))
        gone = asyncio.ensure_future(bot.wait_for("guild_channel_delete", timeout=5))
        left = asyncio.ensure_future(bot.wait_for("guild_remove", timeout=5))
        guild = fake.add_guild("Harbour")
        channel, other = guild.add_channel("general"), guild.add_channel("other")
        await joined
        held, kept = bot.get_partial_messageable(channel.id), bot.get_partial_messageable(other.id)
        await channel.delete()
        assert (await gone).id == channel.id
        with pytest.raises(discord.NotFound) as missing:
            await held.send("anybody?")
        await guild.kick_bot()
        assert (await left).id == guild.id
        with pytest.raises(discord.Forbidden) as forbidden:
            await kept.send("anybody?")
        assert (missing.value.code, forbidden.value.code) == (10003, 50001)


async def test_gateway_turns_another_token_away(fake: FakeDiscord) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(fake.gateway) as socket:
        assert (await socket.receive_json())["op"] == 10
        await socket.send_json({"op": 2, "d": {"token": "another", "intents": 1}})
        assert (await socket.receive()).data == 4004


async def test_speaks_without_compression(monkeypatch: pytest.MonkeyPatch) -> None:
    async with FakeDiscord(compress=False) as fake:
        point_at(fake, monkeypatch)
        guild = fake.add_guild("Harbour")
        async with running(fake) as bot:
            await asyncio.wait_for(bot.was_ready.wait(), 5)
            assert [known.id for known in bot.guilds] == [guild.id]


async def test_slash_command_with_defer_and_edit(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake):
        asked = await fake.slash(ann, channel, "say", prompt="pea", n=2)
        await asked.acknowledged()
        await asked.until(lambda asked: asked.message is not None)
        assert asked.ack_type == 5
        assert asked.ack_seconds is not None
        assert asked.ack_seconds < 1
        assert [message.text for message in channel.messages] == ["pea soup"]
        assert [button.label for button in channel.messages[0].buttons] == ["Again"]
        with pytest.raises(AssertionError):
            await fake.slash(ann, channel, "say", prompt="pea", n=4)
        with pytest.raises(AssertionError):
            await fake.slash(ann, channel, "sing")
        assert fake.syncs == 1
        assert fake.refusals == []


async def test_autocompletion(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake):
        choices = await fake.autocomplete(ann, channel, "say", "prompt", "pe", n=2)
        assert choices == [{"name": "pe 2", "value": "pe"}]


async def test_uploads_are_read_from_the_cdn(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake):
        asked = await fake.slash(ann, channel, "keep", file=fake.upload("posts.txt", b"ab", "text/plain", size=70_000))
        await channel.until(lambda messages: len(messages) == 1)
        assert channel.messages[0].text == "posts.txt has 70000"
        assert channel.messages[0] is asked.message
        assert fake.cdn_reads == 70_000


async def test_modal_there_and_back(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake):
        asked = await (await fake.slash(ann, channel, "form")).acknowledged()
        assert asked.modal is not None
        sent = await (await fake.submit(ann, asked, {"Words": "four words and more"})).acknowledged()
        assert sent.ephemeral
        assert sent.message is not None
        assert sent.message.text == "got four words and more"
        assert channel.messages == []


async def test_button_is_known_to_the_next_process(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake):
        await fake.slash(ann, channel, "say", prompt="pea")
        await channel.until(lambda messages: len(messages) == 1)
    async with running(fake):
        asked = await (await fake.click(ann, channel.messages[0], "again:")).acknowledged()
        assert asked.message is not None
        assert asked.message.text == "again 1"
        assert fake.refusals == []


async def test_context_menu(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake):
        message = await fake.post(ann, channel, "the gull")
        asked = await (await fake.context(ann, message, "Quote this")).acknowledged()
        assert asked.message is not None
        assert asked.message.text == "> the gull"


async def test_layout_with_an_upload(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake) as bot:
        place = channel_of(bot, channel.id)
        sent = await place.send(view=Card(), file=discord.File(__file__, "notes.txt"))
        message = channel.messages[0]
        assert sent.flags.components_v2
        assert message.text == "A card"
        assert [upload.filename for upload in message.attachments] == ["notes.txt"]
        asked = await (await fake.click(ann, message, "Again")).acknowledged()
        assert asked.message is not None
        assert asked.message.text == "again 3"
        with pytest.raises(discord.HTTPException):
            await sent.edit(content="text beside components")
        assert len(fake.refusals) == 1


async def test_only_the_asker_sees_what_is_ephemeral(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann, ben = guild.add_channel("general"), guild.add_member("ann"), guild.add_member("ben")
    async with running(fake) as bot:
        asked = await fake.slash(ann, channel, "raw")
        interaction = await next_asked(bot)
        view = discord.ui.View().add_item(Again(1))
        await interaction.response.send_message("psst", view=view, file=discord.File(__file__, "a.txt"), ephemeral=True)
        sent = await interaction.original_response()
        assert asked.message is not None
        assert (asked.message.id, asked.message.attachments[0].ephemeral, channel.messages) == (sent.id, True, [])
        with pytest.raises(discord.NotFound):
            await channel_of(bot, channel.id).fetch_message(sent.id)
        with pytest.raises(AssertionError):
            await fake.click(ben, asked.message, "Again")
        await (await fake.click(ann, asked.message, "Again")).acknowledged()
        await interaction.delete_original_response()
        assert asked.here == []


async def test_selects_know_whom_they_name(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann, ben = guild.add_channel("general"), guild.add_member("ann"), guild.add_member("ben")
    async with running(fake) as bot:
        await fake.slash(ann, channel, "raw")
        select = discord.ui.UserSelect[Any](custom_id="whom")
        interaction = await next_asked(bot)
        await interaction.response.send_message(view=discord.ui.View().add_item(select))
        asked = await fake.select(ann, channel.messages[0], "whom", [ben])
        await (await next_asked(bot)).response.edit_message(content="thanks", view=None)
        assert [(type(each), each.id) for each in select.values] == [(discord.Member, ben.id)]
        assert asked.ack_type == 7
        assert (channel.messages[0].text, channel.messages[0].selects) == ("thanks", [])


async def test_direct_messages(fake: FakeDiscord) -> None:
    ann, zoe = fake.add_guild("Harbour").add_member("ann"), fake.add_user("zoe")
    async with running(fake) as bot:
        await (await bot.fetch_user(ann.id)).send("hello")
        assert [message.text for message in fake.dm(ann).messages] == ["hello"]
        ann.accepts_dms = False
        for user, code in ((ann, 50007), (zoe, 50278)):
            with pytest.raises(discord.Forbidden) as error:
                await (await bot.fetch_user(user.id)).send("hello")
            assert error.value.code == code


async def test_posts_in_forums(fake: FakeDiscord) -> None:
    forum = fake.add_guild("Harbour").add_channel("ideas", kind="forum")
    async with running(fake) as bot:
        place = bot.get_channel(forum.id)
        assert isinstance(place, discord.ForumChannel)
        made = await place.create_thread(name="An idea", content="this one")
        assert made.message.id == made.thread.id
        assert [message.text for message in forum.threads[0].messages] == ["this one"]


async def test_what_is_wrong_is_named(fake: FakeDiscord) -> None:
    channel = fake.add_guild("Harbour").add_channel("general")
    async with running(fake) as bot:
        with pytest.raises(discord.HTTPException, match="In content: Must be between 0 and 2000"):
            await channel_of(bot, channel.id).send("a" * 2001)
        assert bot.application_id is not None
        with pytest.raises(discord.HTTPException, match=r"In 0\.name"):
            await bot.http.bulk_upsert_global_commands(bot.application_id, [{"name": "No", "description": "Not so."}])
        with pytest.raises(discord.HTTPException) as empty:
            await channel_of(bot, channel.id).send()
        assert empty.value.code == 50006
        assert len(fake.refusals) == 3


async def test_attachments_are_kept_and_dropped(fake: FakeDiscord) -> None:
    channel = fake.add_guild("Harbour").add_channel("general")
    async with running(fake) as bot:
        files = [discord.File(__file__, name) for name in ("one.txt", "two.txt")]
        sent = await channel_of(bot, channel.id).send("files", files=files)
        await sent.edit(attachments=[sent.attachments[1], discord.File(__file__, "three.txt")])
        message = channel.messages[0]
        assert [upload.filename for upload in message.attachments] == ["two.txt", "three.txt"]
        assert [len(snapshot.attachments) for _, snapshot in message.edits] == [2]
        assert await sent.attachments[0].read() == message.attachments[0].data


async def test_webhooks(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel = guild.add_channel("general")
    thread = channel.add_thread("a thread")
    async with running(fake) as bot:
        webhook = await channel_of(bot, channel.id).create_webhook(name="Mynah")
        sent = await webhook.send("hello", username="Pip", wait=True, thread=discord.Object(thread.id))
        await sent.edit(content="hello there")
        message = thread.messages[0]
        assert (message.author.name, message.webhook_id, message.text) == ("Pip", webhook.id, "hello there")
        with pytest.raises(discord.HTTPException):
            await webhook.send("hello", username="Clyde")
        assert len(fake.refusals) == 1
        guild.deny(channel, "manage_webhooks")
        with pytest.raises(discord.Forbidden):
            await channel_of(bot, channel.id).webhooks()


async def test_messages_are_blank_unless_meant_for_the_bot(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake) as bot:
        await fake.post(ann, channel, "hello all")
        await fake.post(ann, channel, "hello", mention_bot=True)
        await fake.post(ann, fake.dm(ann), "hello you")
        came = [(await asyncio.wait_for(bot.came.get(), 5)) for _ in range(3)]
        assert bot.user is not None
        assert sorted(message.content for message in came) == ["", f"<@{bot.user.id}> hello", "hello you"]
        assert await came[1].reply("yes", mention_author=False)
        assert channel.messages[-1].pings == []


async def test_missed_interactions_are_replayed(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake) as bot:
        await fake.drop()
        asked = await fake.slash(ann, channel, "say", prompt="pea")
        await asked.until(lambda asked: asked.message is not None)
        await asyncio.wait_for(bot.resumes.wait(), 5)
        await fake.connected()
        assert fake.connections.resumed == 2
        assert fake.connections.identified == 2


async def test_dead_sessions_are_begun_anew(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake):
        await fake.drop(resumable=False)
        await fake.until(lambda: fake.connections.identified == 4)
        asked = await fake.slash(ann, channel, "say", prompt="pea")
        await asked.acknowledged()


async def test_reconnects_when_it_is_asked_to(fake: FakeDiscord) -> None:
    async with running(fake):
        await fake.ask_reconnect()
        await fake.until(lambda: fake.connections.resumed == 2)


async def test_answers_that_come_too_late(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake) as bot:
        asked = await fake.slash(ann, channel, "raw")
        interaction = await next_asked(bot)
        fake.clock.advance(3)
        assert asked.failed
        with pytest.raises(discord.NotFound) as error:
            await interaction.response.defer()
        assert error.value.code == 10062


async def test_one_answer_only_and_none_after_fifteen_minutes(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake) as bot:
        await fake.slash(ann, channel, "raw")
        await fake.duplicate()
        one, same = await next_asked(bot), await next_asked(bot)
        await one.response.send_message("one")
        with pytest.raises(discord.HTTPException) as twice:
            await same.response.send_message("two")
        fake.clock.advance(15 * 60)
        with pytest.raises(discord.HTTPException) as late:
            await one.edit_original_response(content="late")
        assert (twice.value.code, late.value.code) == (40060, 50027)
        assert len(fake.refusals) == 1


async def test_installed_by_a_user_where_the_bot_is_not(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Elsewhere", bot=False)
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake) as bot:
        asked = await fake.slash(ann, channel, "say", prompt="pea", installed="user")
        interaction = await next_asked(bot)
        await asked.until(lambda asked: asked.message is not None)
        assert interaction.context.guild
        assert interaction.is_user_integration()
        for n in range(5):
            await interaction.followup.send(f"more {n}")
        with pytest.raises(discord.HTTPException):
            await interaction.followup.send("one more")
        with pytest.raises(discord.Forbidden) as error:
            await bot.get_partial_messageable(channel.id).send("hello")
        assert error.value.code == 50001


async def test_limits_are_obeyed(fake: FakeDiscord) -> None:
    channel = fake.add_guild("Harbour").add_channel("general")
    async with running(fake) as bot:
        place = channel_of(bot, channel.id)
        await asyncio.gather(*(place.send(str(n)) for n in range(12)))
        fake.faults.fail("POST", "/messages$", 429, times=2)
        await place.send("last")
        assert len(channel.messages) == 13
        assert [request.status for request in fake.requests].count(429) >= 2


async def test_server_errors_before_and_after(fake: FakeDiscord) -> None:
    channel = fake.add_guild("Harbour").add_channel("general")
    async with running(fake) as bot:
        place = channel_of(bot, channel.id)
        fake.faults.fail("POST", "/messages$", 503)
        with pytest.raises(discord.DiscordServerError):
            await place.send("never")
        fake.faults.fail("POST", "/messages$", 503, after=True)
        with pytest.raises(discord.DiscordServerError):
            await place.send("done all the same", nonce="7")
        await place.send("done all the same", nonce="7")
        assert [message.text for message in channel.messages] == ["done all the same"]
        fake.faults.rest = Rates(rate_limited=0.5, seed=1, retry_after=(0.01, 0.02))
        await place.send("in the end")
        assert fake.refusals == []


async def test_permissions(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann = guild.add_channel("general"), guild.add_member("ann")
    async with running(fake) as bot:
        place = channel_of(bot, channel.id)
        guild.deny(channel, "embed_links", "attach_files")
        await place.send("text", embed=discord.Embed(title="not shown"))
        assert channel.messages[0].text == "text"
        with pytest.raises(discord.Forbidden):
            await place.send(file=discord.File(__file__))
        guild.deny(channel, "send_messages")
        with pytest.raises(discord.Forbidden) as error:
            await place.send("text")
        assert error.value.code == 50013
        asked = await fake.slash(ann, channel, "raw")
        assert not (await next_asked(bot)).app_permissions.send_messages
        assert not place.permissions_for(place.guild.me).send_messages
        assert asked.user is ann


async def test_only_the_allowed_are_pinged(fake: FakeDiscord) -> None:
    guild = fake.add_guild("Harbour")
    channel, ann, ben = guild.add_channel("general"), guild.add_member("ann"), guild.add_member("ben")
    async with running(fake) as bot:
        place, text = channel_of(bot, channel.id), f"{ann.mention} {ben.mention} @everyone"
        await place.send(text, allowed_mentions=discord.AllowedMentions(users=[discord.Object(ben.id)]))
        await place.send(text, allowed_mentions=discord.AllowedMentions.none())
        assert [message.pings for message in channel.messages] == [[ben], []]


def row(*components: Json) -> Json:
    return {"type": 1, "components": list(components)}


def button(custom_id: str = "a", label: str = "b") -> Json:
    return {"type": 2, "style": 1, "custom_id": custom_id, "label": label}


def text(content: str) -> Json:
    return {"type": 10, "content": content}


OPTION = {"name": "a", "description": "b", "type": 3}
COMMAND = {"name": "say", "description": "Say.", "type": 1}


@pytest.mark.parametrize(
    "payload",
    [
        {"content": "a" * 2001},
        {"content": "a", "nonce": "1" * 26},
        {"embeds": [{"title": "a" * 257}]},
        {"embeds": [{"description": "a" * 3001}] * 2},
        {"embeds": [{"fields": [{"name": "a", "value": ""}]}]},
        {"embeds": [{}] * 11},
        {"components": [row(button(str(n))) for n in range(6)]},
        {"components": [row(*(button(str(n)) for n in range(6)))]},
        {"components": [row(button(), button())]},
        {"components": [row(button(label="a" * 81))]},
        {"components": [text("not without the flag")]},
        {"components": [text("beside")], "content": "text", "flags": 1 << 15},
        {"components": [text("a" * 2001), text("a" * 2000)], "flags": 1 << 15},
        {"components": [text("a")] * 41, "flags": 1 << 15},
        {"components": [{"type": 13, "file": {"url": "attachment://missing.txt"}}], "flags": 1 << 15},
        {"components": [{"type": 9, "components": [text("a")]}], "flags": 1 << 15},
        {"components": [row({"type": 3, "custom_id": "a", "options": []})]},
        {"content": "a", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
    ],
)
def test_messages_that_are_refused(payload: Json) -> None:
    assert check_message(payload).found


@pytest.mark.parametrize(
    "command",
    [
        COMMAND | {"name": "Say"},
        COMMAND | {"name": "say it"},
        COMMAND | {"description": ""},
        COMMAND | {"type": 3},
        COMMAND | {"name_localizations": {"xx": "sag"}},
        COMMAND | {"description_localizations": {"de": "a" * 101}},
        COMMAND | {"contexts": [3]},
        COMMAND | {"integration_types": []},
        COMMAND | {"options": [OPTION, OPTION | {"name": "b", "required": True}]},
        COMMAND | {"options": [OPTION | {"autocomplete": True, "choices": [{"name": "a", "value": "b"}]}]},
        COMMAND | {"options": [OPTION | {"choices": [{"name": "a", "value": "b"}] * 26}]},
        COMMAND | {"options": [OPTION | {"name": str(n)} for n in range(26)]},
        COMMAND | {"options": [OPTION, OPTION | {"name": "b", "type": 1}]},
    ],
)
def test_commands_that_are_refused(command: Json) -> None:
    assert check_commands([command]).found


def test_what_else_is_refused_and_what_is_not() -> None:
    words = {"type": 18, "label": "Words", "component": {"type": 4, "custom_id": "words", "style": 1}}
    modal = {"title": "A form", "custom_id": "form", "components": [words]}
    right: list[Callable[[], Any]] = [
        lambda: check_modal(modal),
        lambda: check_commands([COMMAND | {"options": [OPTION]}, {"name": "Quote this", "type": 3}]),
        lambda: check_choices([{"name": "a", "value": "b"}]),
        lambda: check_webhook_name("Mynah"),
        lambda: check_components([{"type": 17, "components": [text("a"), row(button())]}], v2=True),
        lambda: check_message({"content": "a" * 2000, "components": [row(button(), button("b"))]}),
    ]
    assert [check().found for check in right] == [[]] * len(right)
    assert check_modal(modal | {"title": "a" * 46}).found
    assert check_modal(modal | {"components": [words | {"label": ""}]}).nested()["data"]["components"]["0"]["label"]
    assert check_choices([{"name": "a", "value": "b"}] * 26).found
    assert check_webhook_name("the discord bot").found

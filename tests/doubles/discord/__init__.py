"""A small, strict Discord that the real client library can be driven against."""

from tests.doubles.discord.asked import Asked
from tests.doubles.discord.channels import Channel, Webhook
from tests.doubles.discord.faults import Rates
from tests.doubles.discord.guilds import Guild
from tests.doubles.discord.messages import Button, Message, WebhookAuthor
from tests.doubles.discord.server import FakeDiscord
from tests.doubles.discord.uploads import Upload
from tests.doubles.discord.users import Role, User

__all__ = [
    "Asked",
    "Button",
    "Channel",
    "FakeDiscord",
    "Guild",
    "Message",
    "Rates",
    "Role",
    "Upload",
    "User",
    "Webhook",
    "WebhookAuthor",
]

"""Pure validators of what a bot sends: each returns the problems that the real API would name."""

from tests.doubles.discord.checks.commands import check_commands
from tests.doubles.discord.checks.components import check_components
from tests.doubles.discord.checks.messages import check_choices, check_message, check_webhook_name
from tests.doubles.discord.checks.modals import check_modal
from tests.doubles.discord.checks.problems import Problems

__all__ = [
    "Problems",
    "check_choices",
    "check_commands",
    "check_components",
    "check_message",
    "check_modal",
    "check_webhook_name",
]

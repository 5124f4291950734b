"""What a bot may send: each check raises what the real API would answer, or more than that."""

from tests.doubles.telegram.checks.entities import check_entities
from tests.doubles.telegram.checks.inline import check_inline
from tests.doubles.telegram.checks.keyboards import check_markup
from tests.doubles.telegram.checks.menus import check_commands, check_language, scope_key
from tests.doubles.telegram.checks.parameters import PARAMETERS

__all__ = [
    "PARAMETERS",
    "check_commands",
    "check_entities",
    "check_inline",
    "check_language",
    "check_markup",
    "scope_key",
]

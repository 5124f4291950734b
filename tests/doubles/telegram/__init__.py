"""A small, strict Telegram Bot API server that the real client library can be driven against.

What the errors say, and the limits, are from memory of the official documentation and of what its server answers, as
no test can ask that server. In these points the fake is stricter than it, or no more than a guess:

- Unknown parameters are refused, and so are names and types that it would pass over.
- Entities that lie outside of the text, split a surrogate pair, mark only white space, overlap without nesting, or are
  more than 100 are refused, which it silently repairs or drops; the same for both `parse_mode` and `entities`.
- How much may be sent at once before flood control sets in, and that edits count like messages while drafts, actions
  and answers do not.
- After how many seconds an answer to a button (15) or to an inline query (10) comes too late, and that each can be
  answered only once.
- That commands in captions reach a bot in privacy mode as well.
- That in topics everything is a reply to the message with which the topic began, and that in other supergroups chains
  of replies have a `message_thread_id` to which nothing can be sent.
- That a reply without `message_thread_id` goes to the topic of what it replies to.
- What the error of an inline result that is wrong is called, and how large all results together may be (64 KiB).
- That `answerCallbackQuery` opens only links to the bot itself.
- That a webhook gets the updates of different chats at once, and those of one chat (inline queries, presses: of one
  person) one after the other.

Webhooks on this machine may be http, which it refuses. The fake knows no custom reply keyboards, MarkdownV2, other
media than photos and documents, topics of private chats, business accounts, payments, games, polls,
reactions of people, and no inline results but articles.
"""

from tests.doubles.telegram.asked import Inline, Press
from tests.doubles.telegram.chats import Chat, Topic
from tests.doubles.telegram.faults import Fault, Hold, Rates
from tests.doubles.telegram.files import File
from tests.doubles.telegram.messages import Button, Message
from tests.doubles.telegram.server import FakeTelegram
from tests.doubles.telegram.users import User

__all__ = [
    "Button",
    "Chat",
    "FakeTelegram",
    "Fault",
    "File",
    "Hold",
    "Inline",
    "Message",
    "Press",
    "Rates",
    "Topic",
    "User",
]

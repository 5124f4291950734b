"""Small, strict servers in place of the networks that posts come from, each on 127.0.0.1 for as long as it is entered.

    async with FakeX(XAccount("pip", [Tweet(text) for text in lines(250)])) as x:
        x.fail_next(Fault.RESET, None, Fault.S503)
        ...  # a client whose base is x.url, and whose token is "secret-token"
        assert not x.refusals

What the answers look like is from memory of the official documentation and of what the servers were seen to answer,
as no test can ask those servers. In these points the fakes are stricter than they, or no more than a guess:

- Unknown parameters are refused (Bluesky and Mastodon pass over them), and so are names given twice, a handle that
  can't be one, a cursor of Bluesky's that it did not make (which gets an empty page there), and options that the real
  ones know and the fakes don't: `start_time`, `end_time` and `expansions` of X, `posts_with_video` of Bluesky,
  `only_media`, `pinned` and `tagged` of Mastodon.
- X: text is escaped (&amp;) in `note_tweet` as well; `exclude=replies` leaves out one's own threads; a token of
  pagination is refused once `since_id`, `until_id` or `exclude` have changed, not for another `max_results`; there is
  no `previous_token`; the bill counts a post each time.
- Bluesky: the last page has no cursor (the AppView gives one as long as a page is not empty: `Pages(last_empty=True)`);
  posts of the same millisecond are lost between two pages, as there.
- Mastodon: statuses of suspended accounts are a 410.
- Limits are for all requests together, pictures excepted; X and Mastodon count by endpoint.
- Pictures come from the same server. It blames who sends it a token.

A fault takes the place of the checks, except for those in `faults.LOST`, which happen to an answer that was made.
Clients may repeat requests on their own: aiohttp does so once when a kept connection ends without an answer (CLOSE).
"""

from tests.doubles.networks.bluesky import FakeBluesky
from tests.doubles.networks.bluesky_posts import DECLARATION, BlueskyAccount, BlueskyPost, declared
from tests.doubles.networks.bluesky_records import short_link
from tests.doubles.networks.faults import LOST, Fault
from tests.doubles.networks.limits import Limit, Pages
from tests.doubles.networks.mastodon import FakeMastodon
from tests.doubles.networks.mastodon_posts import MastodonAccount, MastodonPost
from tests.doubles.networks.pictures import picture
from tests.doubles.networks.redirected import redirected_session
from tests.doubles.networks.samples import ELSEWHERE, LONG_NOTE, lines
from tests.doubles.networks.seen import Seen
from tests.doubles.networks.x import Bill, FakeX
from tests.doubles.networks.x_posts import Tweet, XAccount

__all__ = [
    "DECLARATION",
    "ELSEWHERE",
    "LONG_NOTE",
    "LOST",
    "Bill",
    "BlueskyAccount",
    "BlueskyPost",
    "FakeBluesky",
    "FakeMastodon",
    "FakeX",
    "Fault",
    "Limit",
    "MastodonAccount",
    "MastodonPost",
    "Pages",
    "Seen",
    "Tweet",
    "XAccount",
    "declared",
    "lines",
    "picture",
    "redirected_session",
    "short_link",
]

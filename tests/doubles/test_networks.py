"""The fake networks against the clients that are used in earnest, and against requests that no client would make."""

from __future__ import annotations

import asyncio
import html
import json
import re
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import httpx
import pytest
import tweepy
from PIL import Image
from tweepy.asynchronous import AsyncClient

from tests.doubles.networks import (
    DECLARATION,
    ELSEWHERE,
    LONG_NOTE,
    Bill,
    BlueskyAccount,
    BlueskyPost,
    FakeBluesky,
    FakeMastodon,
    FakeX,
    Fault,
    Limit,
    MastodonAccount,
    MastodonPost,
    Pages,
    Tweet,
    XAccount,
    declared,
    lines,
    redirected_session,
    short_link,
)
from tests.doubles.networks.mastodon_html import as_html
from tests.doubles.networks.wire import HUGE

Json = dict[str, Any]
PATIENCE = 1.0  # seconds that a client waits for what never comes
HOUR = 3600
FEED = "/xrpc/app.bsky.feed.getAuthorFeed"
PROFILE = "/xrpc/app.bsky.actor.getProfile"
RECORD = "/xrpc/com.atproto.repo.getRecord"
LOOKUP = "/api/v1/accounts/lookup"
LINK = "https://shore.example/a/very/long/path/to/the/pier?lamp=on&fog=off"


def client(url: str, token: str | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {token}"} if token else {})


@pytest.fixture
async def x() -> AsyncIterator[FakeX]:
    async with FakeX() as x:
        yield x


@pytest.fixture
async def bird(x: FakeX) -> AsyncIterator[AsyncClient]:
    """tweepy, in front of the fake."""
    async with redirected_session("api.twitter.com", x.url) as session:
        bird = AsyncClient(x.token, return_type=dict)
        bird.session = session
        yield bird


@pytest.fixture
async def at_x(x: FakeX) -> AsyncIterator[httpx.AsyncClient]:
    async with client(x.url, x.token) as at_x:
        yield at_x


@pytest.fixture
async def sky() -> AsyncIterator[FakeBluesky]:
    async with FakeBluesky() as sky:
        yield sky


@pytest.fixture
async def at_sky(sky: FakeBluesky) -> AsyncIterator[httpx.AsyncClient]:
    async with client(sky.url) as at_sky:
        yield at_sky


@pytest.fixture
async def reef() -> AsyncIterator[FakeMastodon]:
    async with FakeMastodon() as reef:
        yield reef


@pytest.fixture
async def at_reef(reef: FakeMastodon) -> AsyncIterator[httpx.AsyncClient]:
    async with client(reef.url) as at_reef:
        yield at_reef


def written(n: int) -> list[Tweet]:
    return [Tweet(text) for text in lines(n)]


async def all_tweets(bird: AsyncClient, account: XAccount, size: int = 100, **options: Any) -> list[list[Json]]:
    """By page."""
    pages: list[list[Json]] = []
    token = None
    while token or not pages:
        answer = await bird.get_users_tweets(account.id, max_results=size, pagination_token=token, **options)
        pages.append(answer.get("data", []))
        token = answer["meta"].get("next_token")
    return pages


def ids(pages: list[list[Json]]) -> list[int]:
    return [int(tweet["id"]) for page in pages for tweet in page]


async def one_tweet(bird: AsyncClient, account: XAccount, *fields: str) -> Json:
    answer = await bird.get_users_tweets(account.id, tweet_fields=list(fields) or None)
    (tweet,) = answer["data"]
    found: Json = tweet
    return found


# --- X


async def test_x_gives_only_the_fields_of_a_user_that_were_asked_for(x: FakeX, bird: AsyncClient) -> None:
    x.accounts.append(XAccount("pip", written(7), description="Keeps a light."))
    assert set((await bird.get_user(username="PIP"))["data"]) == {"id", "name", "username"}
    fields = ["public_metrics", "protected", "description"]
    user = (await bird.get_user(username="pip", user_fields=fields))["data"]
    assert user["public_metrics"]["tweet_count"] == 7
    assert (user["protected"], user["description"]) == (False, "Keeps a light.")
    assert set(user) == {"id", "name", "username", *fields}
    assert (x.refusals, x.bill) == ([], Bill(users=2))


async def test_x_answers_tweepy_with_its_own_types(x: FakeX, bird: AsyncClient) -> None:
    x.accounts.append(XAccount("pip", written(3)))
    bird.return_type = tweepy.Response
    user = (await bird.get_user(username="pip")).data
    found = (await bird.get_users_tweets(user.id, tweet_fields=["created_at"])).data
    assert [tweet.text for tweet in found] == [html.escape(text, quote=False) for text in reversed(lines(3))]
    assert found[0].created_at == datetime(2026, 3, 1, 12, tzinfo=UTC)


async def test_x_gives_only_the_fields_of_a_tweet_that_were_asked_for(x: FakeX, bird: AsyncClient) -> None:
    account = XAccount("pip", [Tweet("Hello from the pier", lang="de")])
    x.accounts.append(account)
    assert set(await one_tweet(bird, account)) == {"id", "text", "edit_history_tweet_ids"}
    tweet = await one_tweet(bird, account, "lang", "created_at", "note_tweet")
    assert set(tweet) == {"id", "text", "edit_history_tweet_ids", "lang", "created_at"}
    assert tweet["lang"] == "de"


async def test_x_pages_are_newest_first_and_whole(x: FakeX, bird: AsyncClient) -> None:
    account = XAccount("pip", written(250))
    x.accounts.append(account)
    pages = await all_tweets(bird, account)
    assert [len(page) for page in pages] == [100, 100, 50]
    assert ids(pages) == sorted((tweet.id for tweet in account.posts), reverse=True)
    assert (x.bill.posts, x.refusals) == (250, [])


async def test_x_says_the_ends_of_a_page(x: FakeX, bird: AsyncClient) -> None:
    account = XAccount("pip", written(12))
    x.accounts.append(account)
    answer = await bird.get_users_tweets(account.id)
    meta = answer["meta"]
    assert meta["result_count"] == len(answer["data"]) == 10
    assert (meta["newest_id"], meta["oldest_id"]) == (answer["data"][0]["id"], answer["data"][-1]["id"])


async def test_x_reaches_no_further_than_3200(x: FakeX, bird: AsyncClient) -> None:
    account = XAccount("pip", written(3300))
    x.accounts.append(account)
    assert ids(await all_tweets(bird, account)) == [tweet.id for tweet in account.timeline()[:3200]]


async def test_x_reaches_800_without_replies(x: FakeX, bird: AsyncClient) -> None:
    replies = [Tweet(text, reply_to="bob") for text in lines(100)]
    account = XAccount("pip", [*written(900), *replies])
    x.accounts.append(account)
    assert ids(await all_tweets(bird, account, exclude="replies")) == [
        tweet.id for tweet in account.timeline()[100:800]
    ]


async def test_x_excludes_retweets_and_replies(x: FakeX, bird: AsyncClient) -> None:
    account = XAccount("pip", [Tweet("mine"), Tweet("hers", retweet_of="bob"), Tweet("to her", reply_to="bob")])
    x.accounts.append(account)
    kinds = {"retweets": ["@bob to her", "mine"], "replies": ["RT @bob: hers", "mine"], "retweets,replies": ["mine"]}
    for exclude, left in kinds.items():
        (page,) = await all_tweets(bird, account, exclude=exclude)
        assert [tweet["text"] for tweet in page] == left


async def test_x_ranges_leave_out_both_ends(x: FakeX, bird: AsyncClient) -> None:
    account = XAccount("pip", written(20))
    x.accounts.append(account)
    known = [tweet.id for tweet in account.timeline()]
    found = ids(await all_tweets(bird, account, 5, since_id=known[15], until_id=known[2]))
    assert found == known[3:15]


async def test_x_has_no_data_where_nothing_is_new(x: FakeX, bird: AsyncClient) -> None:
    account = XAccount("pip", written(3))
    x.accounts.append(account)
    newest = account.timeline()[0].id
    assert await bird.get_users_tweets(account.id, since_id=newest) == {"meta": {"result_count": 0}}
    account.post(Tweet("News!"))
    (tweet,) = (await bird.get_users_tweets(account.id, since_id=newest))["data"]
    assert tweet["text"] == "News!"


async def test_x_marks_retweets_replies_and_quotes(x: FakeX, bird: AsyncClient) -> None:
    tweets = [Tweet("a" * 200, retweet_of="bob"), Tweet("no", reply_to="bob"), Tweet("look", quote_of="bob")]
    for tweet, kind in zip(tweets, ("retweeted", "replied_to", "quoted"), strict=True):
        account = XAccount(kind, [tweet])
        x.accounts.append(account)
        found = await one_tweet(bird, account, "referenced_tweets", "in_reply_to_user_id")
        assert [each["type"] for each in found["referenced_tweets"]] == [kind]
        assert ("in_reply_to_user_id" in found) == (kind == "replied_to")
        if tweet.retweet_of:
            assert (len(found["text"]), found["text"][-1]) == (140, "…")


async def test_x_threads_are_replies_to_oneself(x: FakeX, bird: AsyncClient) -> None:
    account = XAccount("pip", [Tweet("and another thing", reply_to="pip")])
    x.accounts.append(account)
    found = await one_tweet(bird, account, "in_reply_to_user_id")
    assert (found["text"], found["in_reply_to_user_id"]) == ("and another thing", account.id)


async def test_x_cuts_long_text_and_has_it_whole_in_the_note(x: FakeX, bird: AsyncClient) -> None:
    account = XAccount("pip", [Tweet(note=LONG_NOTE)])
    x.accounts.append(account)
    found = await one_tweet(bird, account, "note_tweet")
    shown, link = html.unescape(found["text"]).split("… ")
    assert len(shown) + 1 == 280
    assert LONG_NOTE.startswith(shown)
    assert link.startswith("https://t.co/")
    assert html.unescape(found["note_tweet"]["text"]) == LONG_NOTE


def test_x_notes_are_long() -> None:
    with pytest.raises(ValueError, match="more than 280"):
        Tweet(note="short")


async def test_x_escapes_text_and_keeps_pictures_apart(x: FakeX, bird: AsyncClient) -> None:
    account, silent = XAccount("pip", [Tweet("tea & 2 < 3")]), XAccount("mute", [Tweet(media_only=True)])
    x.accounts += [account, silent]
    assert (await one_tweet(bird, account))["text"] == "tea &amp; 2 &lt; 3"
    found = await one_tweet(bird, silent, "attachments", "lang")
    assert re.fullmatch(r"https://t\.co/\w{10}", found["text"])
    assert (len(found["attachments"]["media_keys"]), found["lang"]) == (1, "zxx")


async def test_x_pages_can_be_short_or_empty(x: FakeX, bird: AsyncClient) -> None:
    account = XAccount("pip", written(60))
    x.accounts.append(account)
    x.pages = Pages(short_every=3, empty_every=2, last_empty=True)
    pages = await all_tweets(bird, account, 20)
    assert [len(page) for page in pages] == [20, 0, 10, 0, 20, 0, 10, 0]
    assert ids(pages) == [tweet.id for tweet in account.timeline()]


async def test_x_tokens_are_good_for_their_own_query(x: FakeX, at_x: httpx.AsyncClient) -> None:
    account = XAccount("pip", written(30))
    x.accounts.append(account)
    path = f"/2/users/{account.id}/tweets"
    token = (await at_x.get(path)).json()["meta"]["next_token"]
    for params in ({"exclude": "replies"}, {"since_id": "5"}, {"pagination_token": "deadbeef"}):
        answer = await at_x.get(path, params={"pagination_token": token} | params)
        assert (answer.status_code, answer.json()["title"]) == (400, "Invalid Request")
        assert "pagination_token" in x.refusals.pop()
    for size in (5, 50):
        again = await at_x.get(path, params={"pagination_token": token, "max_results": size})
        assert again.json()["data"][0]["id"] == str(account.timeline()[10].id)
    assert x.refusals == []


@pytest.mark.parametrize(
    "params",
    [
        {"max_results": "200"},
        {"max_results": "4"},
        {"max_results": "ten"},
        {"since_id": ""},
        {"until_id": "-1"},
        {"exclude": "quotes"},
        {"exclude": "replies,replies"},
        {"tweet.fields": "created_at,"},
        {"tweet_fields": "lang"},
        {"start_time": "2026-01-01T00:00:00Z"},
    ],
    ids=str,
)
async def test_x_refuses_wrong_parameters(x: FakeX, at_x: httpx.AsyncClient, params: dict[str, str]) -> None:
    ((name, value),) = params.items()
    account = XAccount("pip", written(3))
    x.accounts.append(account)
    answer = await at_x.get(f"/2/users/{account.id}/tweets", params=params)
    assert answer.status_code == 400
    body = answer.json()
    assert body["errors"][0]["parameters"] == {name: [value]}
    assert body["type"] == "https://api.twitter.com/2/problems/invalid-request"
    assert body["detail"] == "One or more parameters to your request was invalid."
    assert (len(x.refusals), x.bill.posts) == (1, 0)


async def test_x_refuses_what_no_client_would_send(x: FakeX, at_x: httpx.AsyncClient) -> None:
    account = XAccount("pip")
    x.accounts.append(account)
    assert (await at_x.get("/2/users/pip/tweets")).status_code == 400
    assert (await at_x.get("/2/users/by/username/much-too-long-a-handle")).status_code == 400
    assert (await at_x.get("/1.1/statuses/user_timeline.json")).status_code == 404
    assert (await at_x.post(f"/2/users/{account.id}/tweets")).status_code == 405
    assert (await at_x.get("/2/users/by/username/pip?user.fields=id&user.fields=name")).status_code == 400
    assert len(x.refusals) == 5


async def test_x_checks_the_token(x: FakeX) -> None:
    x.accounts.append(XAccount("pip"))
    unauthorised = {"title": "Unauthorized", "type": "about:blank", "status": 401, "detail": "Unauthorized"}
    for header in ({}, {"Authorization": "Bearer guess"}, {"Authorization": x.token}):
        async with httpx.AsyncClient(base_url=x.url, headers=header) as stranger:
            answer = await stranger.get("/2/users/by/username/pip")
            assert (answer.status_code, answer.json()) == (401, unauthorised)
    assert len(x.refusals) == 3
    assert x.bill == Bill()


async def test_x_knows_who_is_protected_suspended_or_not_there(x: FakeX, bird: AsyncClient) -> None:
    shy = XAccount("shy", written(2), state="protected")
    x.accounts += [shy, XAccount("gone", written(2), state="suspended")]
    assert (await bird.get_user(username="shy", user_fields=["protected"]))["data"]["protected"] is True
    (refused,) = (await bird.get_users_tweets(shy.id))["errors"]
    assert (refused["title"], refused["resource_id"]) == ("Authorization Error", shy.id)
    assert refused["type"].endswith("/not-authorized-for-resource")
    (suspended,) = (await bird.get_user(username="gone"))["errors"]
    assert (suspended["title"], suspended["detail"]) == ("Forbidden", "User has been suspended: [gone].")
    (unknown,) = (await bird.get_user(username="nobody"))["errors"]
    assert unknown["title"] == "Not Found Error"
    assert unknown["detail"] == "Could not find user with username: [nobody]."
    (unknown,) = (await bird.get_users_tweets(42))["errors"]
    assert unknown["detail"] == "Could not find user with id: [42]."
    assert (x.refusals, x.bill) == ([], Bill(users=1))


async def test_x_pictures_need_no_token(x: FakeX, at_x: httpx.AsyncClient, bird: AsyncClient) -> None:
    x.accounts.append(XAccount("pip"))
    user = (await bird.get_user(username="pip", user_fields=["profile_image_url"]))["data"]
    async with httpx.AsyncClient() as anybody:
        got = await anybody.get(user["profile_image_url"])
    assert Image.open(BytesIO(got.content)).size == (48, 48)
    assert x.refusals == []
    await at_x.get(user["profile_image_url"])
    assert "token" in x.refusals[0]


async def test_x_limits_requests(x: FakeX, at_x: httpx.AsyncClient) -> None:
    x.accounts.append(XAccount("pip"))
    x.limit, began = Limit(requests=2, seconds=HOUR), time.time()
    answers = [await at_x.get("/2/users/by/username/pip") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert [answer.headers["x-rate-limit-remaining"] for answer in answers] == ["1", "0", "0", "0"]
    assert answers[2].headers["x-rate-limit-limit"] == "2"
    assert began + HOUR <= int(answers[2].headers["x-rate-limit-reset"]) <= time.time() + HOUR + 1
    assert answers[2].json()["title"] == "Too Many Requests"
    assert (x.limit.early, x.bill.users, x.refusals) == (1, 2, [])


async def test_limits_end_with_their_window(x: FakeX, at_x: httpx.AsyncClient) -> None:
    x.accounts.append(XAccount("pip"))
    x.limit = Limit(requests=1, seconds=0.2)
    for _ in range(3):
        assert (await at_x.get("/2/users/by/username/pip")).status_code == 200
        await asyncio.sleep(0.25)


async def test_x_limits_without_saying_until_when(x: FakeX, at_x: httpx.AsyncClient) -> None:
    x.limit = Limit(requests=0, headers=False)
    answers = [await at_x.get("/2/users/by/username/pip") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [429, 429]
    assert not [name for answer in answers for name in answer.headers if "rate" in name]
    assert x.limit.early == 0


async def test_tweepy_waits_for_the_reset(x: FakeX, bird: AsyncClient) -> None:
    x.accounts.append(XAccount("pip"))
    x.limit, bird.wait_on_rate_limit = Limit(requests=1, seconds=1.0), True
    for _ in range(2):
        assert (await bird.get_user(username="pip"))["data"]["username"] == "pip"
    assert [seen.status for seen in x.requests] == [200, 429, 200]
    assert x.limit.early == 0


# --- faults


@pytest.mark.parametrize("fault", [Fault.SLOW_BODY, Fault.RESET, Fault.HALF_JSON], ids=str)
async def test_what_was_lost_is_on_the_bill(x: FakeX, at_x: httpx.AsyncClient, fault: Fault) -> None:
    account = XAccount("pip", written(50))
    x.accounts.append(account)
    x.fail_next(fault)
    with pytest.raises((httpx.TransportError, json.JSONDecodeError)):
        (await at_x.get(f"/2/users/{account.id}/tweets", timeout=PATIENCE)).json()
    assert x.bill.posts == 10
    assert (x.requests[0].fault, x.requests[0].status) == (fault, 200)
    assert 0 < x.requests[0].sent < 10_000


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.CLOSE, Fault.S500], ids=str)
async def test_what_was_never_made_is_not_on_the_bill(x: FakeX, at_x: httpx.AsyncClient, fault: Fault) -> None:
    x.accounts.append(XAccount("pip"))
    x.fail_next(fault)
    with pytest.raises(httpx.HTTPError):
        (await at_x.get("/2/users/by/username/pip", timeout=PATIENCE)).raise_for_status()
    assert x.bill == Bill()
    assert len(x.requests) == 1


async def test_a_stall_ends_when_the_server_stops() -> None:
    async with httpx.AsyncClient(timeout=20) as patient:
        async with FakeBluesky() as sky:
            sky.fail_next(Fault.STALL)
            asked = asyncio.create_task(patient.get(sky.url + PROFILE))
            while not sky.requests:
                await asyncio.sleep(0.01)
            assert not asked.done()
        with pytest.raises(httpx.TransportError):
            await asked


async def test_a_reset_is_one(sky: FakeBluesky) -> None:
    """Not an orderly end: the system tells the client so."""
    sky.fail_next(Fault.RESET)
    reader, writer = await asyncio.open_connection("127.0.0.1", sky.port)
    writer.write(f"GET {PROFILE} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    with pytest.raises(ConnectionResetError):
        await reader.read(-1)
    writer.close()


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.S401, 401),
        (Fault.S402, 402),
        (Fault.S403, 403),
        (Fault.S404, 404),
        (Fault.S429, 429),
        (Fault.S429_BARE, 429),
        (Fault.S500, 500),
    ],
)
async def test_errors_have_the_shape_of_their_network(fault: Fault, status: int) -> None:
    async with FakeX() as x, FakeBluesky() as sky, FakeMastodon() as reef, httpx.AsyncClient() as anybody:
        for server in (x, sky, reef):
            server.fail_next(fault)
        answers = [await anybody.get(server.url) for server in (x, sky, reef)]
        refusals = x.refusals + sky.refusals + reef.refusals
    assert [answer.status_code for answer in answers] == [status] * 3
    assert [set(answer.json()) for answer in answers] == [
        {"title", "detail", "status", "type"},
        {"error", "message"},
        {"error"},
    ]
    told = [any("ratelimit" in name.replace("-", "") for name in answer.headers) for answer in answers]
    assert told == [fault is Fault.S429] * 3
    assert refusals == []


async def test_x_says_when_there_is_no_credit(x: FakeX, at_x: httpx.AsyncClient) -> None:
    x.fail_next(Fault.S402)
    body = (await at_x.get("/2/users/by/username/pip")).json()
    assert (body["title"], body["type"]) == ("CreditsDepleted", "https://api.twitter.com/2/problems/credits")


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        (Fault.HTML, 200, "text/html"),
        (Fault.HTML_502, 502, "text/html"),
        (Fault.S503, 503, "text/plain"),
        (Fault.EMPTY, 200, "application/json"),
        (Fault.DEEP, 200, "application/json"),
        (Fault.HALF_JSON, 200, "application/json"),
    ],
)
async def test_bodies_that_are_not_json(
    sky: FakeBluesky, at_sky: httpx.AsyncClient, fault: Fault, status: int, kind: str
) -> None:
    sky.accounts.append(BlueskyAccount("pip.example"))
    sky.fail_next(fault)
    answer = await at_sky.get(PROFILE, params={"actor": "pip.example"})
    assert answer.status_code == status
    assert answer.headers["Content-Type"].partition(";")[0] == kind
    assert int(answer.headers["Content-Length"]) == len(answer.content)
    with pytest.raises((json.JSONDecodeError, RecursionError)):
        answer.json()


async def test_wrong_shapes_come_in_turn(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    sky.shapes = [[], None, {"feed": 5}]
    sky.fail_while(lambda seen: seen.path == FEED, Fault.WRONG_SHAPE)
    assert [(await at_sky.get(FEED)).json() for _ in range(4)] == [[], None, {"feed": 5}, []]


async def test_a_huge_body_can_be_left(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    sky.fail_next(Fault.HUGE)
    async with at_sky.stream("GET", PROFILE) as answer:
        async for chunk in answer.aiter_bytes():
            assert chunk.startswith(b'{"data": "')
            break
    assert sky.requests[0].sent < HUGE / 2


async def test_a_huge_body_is_huge(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    sky.fail_next(Fault.HUGE)
    async with at_sky.stream("GET", PROFILE) as answer:
        got = sum([len(chunk) async for chunk in answer.aiter_raw()])
    assert HUGE <= got < HUGE * 1.01


@pytest.mark.parametrize("follows", [False, True])
async def test_it_is_noted_who_follows_a_redirect(x: FakeX, at_x: httpx.AsyncClient, follows: bool) -> None:
    x.fail_next(Fault.REDIRECT)
    answer = await at_x.get("/2/users/by/username/pip", follow_redirects=follows)
    assert answer.status_code == (200 if follows else 302)
    assert x.followed == ([""] if follows else [])  # httpx keeps the token from another host


async def test_faults_come_one_for_each_request(x: FakeX, at_x: httpx.AsyncClient) -> None:
    x.accounts.append(XAccount("pip"))
    x.fail_next(Fault.S500, None, Fault.S403)
    x.fail_while(lambda seen: "user.fields" in seen.query)
    params = {"user.fields": "name"}
    answers = [await at_x.get("/2/users/by/username/pip", params=params) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [500, 200, 403, 503, 503]
    assert (await at_x.get("/2/users/by/username/pip")).status_code == 200
    x.recover()
    assert (await at_x.get("/2/users/by/username/pip", params=params)).status_code == 200


async def test_requests_are_noted(x: FakeX, bird: AsyncClient) -> None:
    x.accounts.append(XAccount("pip"))
    before = time.monotonic()
    await bird.get_user(username="pip", user_fields=["name", "verified"])
    (seen,) = x.requests
    assert (seen.path, seen.query) == ("/2/users/by/username/pip", {"user.fields": "name,verified"})
    assert (seen.method, seen.status, seen.fault) == ("GET", 200, None)
    assert before <= seen.time <= time.monotonic()


# --- Bluesky


async def whole_feed(at_sky: httpx.AsyncClient, actor: str, **options: str | int) -> list[list[Json]]:
    """By page."""
    pages: list[list[Json]] = []
    cursor: dict[str, str] = {}
    while cursor or not pages:
        answer = (await at_sky.get(FEED, params={"actor": actor, **options, **cursor})).json()
        pages.append(answer["feed"])
        cursor = {"cursor": answer["cursor"]} if "cursor" in answer else {}
    return pages


def texts(pages: list[list[Json]]) -> list[str]:
    return [item["post"]["record"]["text"] for page in pages for item in page]


async def test_bluesky_knows_an_account_by_handle_and_did(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    account = BlueskyAccount("pip.example", [BlueskyPost("hello")], description="Keeps a light.")
    sky.accounts.append(account)
    did = (await at_sky.get("/xrpc/com.atproto.identity.resolveHandle", params={"handle": "PIP.example"})).json()
    assert did == {"did": account.did}
    profiles = [(await at_sky.get(PROFILE, params={"actor": actor})).json() for actor in ("pip.example", account.did)]
    assert profiles[0] == profiles[1]
    assert (profiles[0]["displayName"], profiles[0]["postsCount"], profiles[0]["labels"]) == ("Pip", 1, [])
    got = await at_sky.get(profiles[0]["avatar"])
    assert Image.open(BytesIO(got.content)).format == "PNG"
    assert sky.refusals == []


async def test_bluesky_pages_are_newest_first_and_whole(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    sky.accounts.append(BlueskyAccount("pip.example", [BlueskyPost(text) for text in lines(120)]))
    pages = await whole_feed(at_sky, "pip.example", limit=50)
    assert [len(page) for page in pages] == [50, 50, 20]
    assert texts(pages) == lines(120)[::-1]
    assert sky.requests[1].query["cursor"] == pages[0][-1]["post"]["indexedAt"]
    assert sky.refusals == []


async def test_bluesky_pages_can_be_short_or_empty(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    sky.accounts.append(BlueskyAccount("pip.example", [BlueskyPost(text) for text in lines(60)]))
    sky.pages = Pages(short_every=3, empty_every=2, last_empty=True)
    pages = await whole_feed(at_sky, "pip.example", limit=20)
    assert [len(page) for page in pages] == [20, 0, 10, 0, 20, 0, 10, 0]
    assert texts(pages) == lines(60)[::-1]


async def test_bluesky_filters(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    post = BlueskyPost
    kinds = [post("plain"), post("reply", reply_to="bob.example"), post("thread", reply_to="pip.example")]
    kinds += [post("picture", images=True), post("repost", repost_of="bob.example")]
    sky.accounts.append(BlueskyAccount("pip.example", kinds))
    expected = {
        "posts_with_replies": "repost picture thread reply plain",
        "posts_no_replies": "repost picture plain",
        "posts_and_author_threads": "repost picture thread plain",
        "posts_with_media": "picture",
    }
    for name, left in expected.items():
        assert texts(await whole_feed(at_sky, "pip.example", filter=name)) == left.split()


async def test_bluesky_reposts_say_whose_they_are(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    posts = [BlueskyPost("hers", repost_of="bob.example"), BlueskyPost("my own", repost_of="pip.example")]
    account = BlueskyAccount("pip.example", posts)
    sky.accounts.append(account)
    ((own, hers),) = await whole_feed(at_sky, "pip.example")
    for item, author in ((own, "pip.example"), (hers, "bob.example")):
        assert item["post"]["author"]["handle"] == author
        assert item["reason"]["$type"] == "app.bsky.feed.defs#reasonRepost"
        assert item["reason"]["by"]["did"] == account.did
        assert item["post"]["indexedAt"] < item["reason"]["indexedAt"]


async def test_bluesky_replies_bring_what_they_answer(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    sky.accounts.append(BlueskyAccount("pip.example", [BlueskyPost("Nothing.", reply_to="bob.example")]))
    ((item,),) = await whole_feed(at_sky, "pip.example")
    assert item["reply"]["parent"]["author"]["handle"] == "bob.example"
    assert item["reply"]["parent"]["uri"] == item["post"]["record"]["reply"]["parent"]["uri"]


async def test_bluesky_pins_come_first_where_asked_for(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    posts = [BlueskyPost("old", pinned=True), BlueskyPost("middle"), BlueskyPost("new")]
    sky.accounts.append(BlueskyAccount("pip.example", posts))
    assert texts(await whole_feed(at_sky, "pip.example")) == ["new", "middle", "old"]
    pages = await whole_feed(at_sky, "pip.example", includePins="true")
    assert texts(pages) == ["old", "new", "middle"]
    assert pages[0][0]["reason"] == {"$type": "app.bsky.feed.defs#reasonPin"}
    # as the AppView: taken out of its own place only on the page where it is pinned
    assert texts(await whole_feed(at_sky, "pip.example", includePins="true", limit=2)) == [
        "old",
        "new",
        "middle",
        "old",
    ]


async def test_bluesky_counts_facets_in_bytes(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    text = f"🌊 für @bob.example: {short_link(LINK)} #leuchtturm"
    sky.accounts.append(BlueskyAccount("pip.example", [BlueskyPost(text, links=(LINK,), langs=("de",))]))
    ((item,),) = await whole_feed(at_sky, "pip.example")
    record = item["post"]["record"]
    shown = [_shown(record["text"], facet) for facet in record["facets"]]
    assert shown == ["@bob.example", "shore.example/a/very/long/...", "#leuchtturm"]
    assert [facet["features"][0]["$type"].partition("#")[2] for facet in record["facets"]] == ["mention", "link", "tag"]
    assert record["facets"][1]["features"][0]["uri"] == LINK
    assert record["langs"] == ["de"]


def _shown(text: str, facet: Json) -> str:
    return text.encode()[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode()


@pytest.mark.parametrize("path", [PROFILE, FEED])
async def test_bluesky_says_who_is_away(sky: FakeBluesky, at_sky: httpx.AsyncClient, path: str) -> None:
    sky.accounts.append(BlueskyAccount("banned.example", state="suspended"))
    sky.accounts.append(BlueskyAccount("left.example", state="deactivated"))
    expected = {
        "nobody.example": {"error": "InvalidRequest", "message": "Profile not found"},
        "banned.example": {"error": "AccountTakedown", "message": "Account has been suspended"},
        "left.example": {"error": "AccountDeactivated", "message": "Account is deactivated"},
    }
    for actor, body in expected.items():
        answer = await at_sky.get(path, params={"actor": actor})
        assert (answer.status_code, answer.json()) == (400, body)
    assert sky.refusals == []


async def test_bluesky_has_the_document_of_a_did(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    account = BlueskyAccount("pip.example")
    sky.accounts.append(account)
    document = (await at_sky.get(f"/{account.did}")).json()
    assert (document["id"], document["alsoKnownAs"]) == (account.did, ["at://pip.example"])
    assert document["service"][0]["serviceEndpoint"] == sky.url
    account.pds = "https://pds.example"
    assert (await at_sky.get(f"/{account.did}")).json()["service"][0]["serviceEndpoint"] == "https://pds.example"
    unknown = await at_sky.get("/did:plc:" + "a" * 24)
    assert (unknown.status_code, sky.refusals) == (404, [])


@pytest.mark.parametrize("allow", [True, False, None])
async def test_bluesky_keeps_declarations(sky: FakeBluesky, at_sky: httpx.AsyncClient, allow: bool | None) -> None:
    account = BlueskyAccount("pip.example", declaration=declared(allow))
    sky.accounts.append(account)
    params = {"repo": account.did, "collection": DECLARATION, "rkey": "self"}
    value = (await at_sky.get(RECORD, params=params)).json()["value"]
    assert value["$type"] == DECLARATION
    assert value.get("syntheticContentGeneration", {}).get("allow") is allow


async def test_bluesky_says_that_there_is_no_record(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    account = BlueskyAccount("pip.example")
    sky.accounts.append(account)
    answer = await at_sky.get(RECORD, params={"repo": account.did, "collection": DECLARATION, "rkey": "self"})
    message = f"Could not locate record: at://{account.did}/{DECLARATION}/self"
    assert (answer.status_code, answer.json()) == (400, {"error": "RecordNotFound", "message": message})
    other = {"repo": "did:plc:" + "a" * 24, "collection": DECLARATION, "rkey": "self"}
    assert (await at_sky.get(RECORD, params=other)).json()["error"] == "RepoNotFound"
    assert sky.refusals == []


async def test_bluesky_labels_who_wants_no_strangers(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    account = BlueskyAccount("pip.example", [BlueskyPost("hello")], no_unauthenticated=True)
    sky.accounts.append(account)
    profile = (await at_sky.get(PROFILE, params={"actor": "pip.example"})).json()
    ((item,),) = await whole_feed(at_sky, "pip.example")
    for labels in (profile["labels"], item["post"]["author"]["labels"]):
        assert [(label["val"], label["src"]) for label in labels] == [("!no-unauthenticated", account.did)]


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        (f"{FEED}?actor=pip.example&limit=101", 400, "InvalidRequest"),
        (f"{FEED}?actor=pip.example&limit=0", 400, "InvalidRequest"),
        (f"{FEED}?actor=pip.example&cursor=yesterday", 400, "InvalidRequest"),
        (f"{FEED}?actor=pip.example&filter=posts_no_reposts", 400, "InvalidRequest"),
        (f"{FEED}?actor=pip.example&include_pins=true", 400, "InvalidRequest"),
        (f"{FEED}?actor=pip", 400, "InvalidRequest"),
        (PROFILE, 400, "InvalidRequest"),
        (f"{RECORD}?repo=pip.example", 400, "InvalidRequest"),
        ("/did:plc:short", 400, "InvalidRequest"),
        ("/xrpc/app.bsky.feed.getTimeline", 404, "XRPCNotSupported"),
    ],
)
async def test_bluesky_refuses(sky: FakeBluesky, at_sky: httpx.AsyncClient, path: str, status: int, error: str) -> None:
    sky.accounts.append(BlueskyAccount("pip.example"))
    answer = await at_sky.get(path)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert len(sky.refusals) == 1


async def test_bluesky_needs_no_token(sky: FakeBluesky) -> None:
    sky.accounts.append(BlueskyAccount("pip.example"))
    async with client(sky.url, "a-token") as known:
        assert (await known.get(PROFILE, params={"actor": "pip.example"})).status_code == 401
    assert len(sky.refusals) == 1


async def test_bluesky_limits_requests(sky: FakeBluesky, at_sky: httpx.AsyncClient) -> None:
    sky.limit, began = Limit(requests=1, seconds=HOUR), time.time()
    first, second = [await at_sky.get(PROFILE, params={"actor": "pip.example"}) for _ in range(2)]
    assert (first.status_code, second.status_code) == (400, 429)
    assert second.json() == {"error": "RateLimitExceeded", "message": "Rate Limit Exceeded"}
    assert (second.headers["ratelimit-limit"], second.headers["ratelimit-remaining"]) == ("1", "0")
    assert second.headers["ratelimit-policy"] == "1;w=3600"
    assert began + HOUR <= int(second.headers["ratelimit-reset"]) <= time.time() + HOUR + 1


# --- Mastodon


async def all_statuses(at_reef: httpx.AsyncClient, account: MastodonAccount, **options: str | int) -> list[list[Json]]:
    """By page, as the links lead."""
    answer = await at_reef.get(f"/api/v1/accounts/{account.id}/statuses", params=options)
    pages = [answer.json()]
    while "next" in answer.links:
        answer = await at_reef.get(answer.links["next"]["url"])
        pages.append(answer.json())
    return pages


def contents(pages: list[list[Json]]) -> list[str]:
    return [(status["reblog"] or status)["content"] for page in pages for status in page]


def paragraphs(*texts: str) -> list[str]:
    return [as_html(text, "") for text in texts]


async def test_mastodon_knows_an_account_by_name(reef: FakeMastodon, at_reef: httpx.AsyncClient) -> None:
    account = MastodonAccount("pip", [MastodonPost("hello")], note="Keeps a light.", indexable=False, locked=True)
    reef.accounts.append(account)
    found = [(await at_reef.get(LOOKUP, params={"acct": acct})).json() for acct in ("pip", "PIP@reef.example")]
    assert found[0] == found[1]
    assert (found[0]["id"], found[0]["acct"], found[0]["note"]) == (account.id, "pip", "<p>Keeps a light.</p>")
    assert (found[0]["indexable"], found[0]["noindex"], found[0]["locked"]) == (False, False, True)
    got = await at_reef.get(found[0]["avatar"])
    assert Image.open(BytesIO(got.content)).format == "PNG"
    for acct in ("nobody", "pip@other.example"):
        answer = await at_reef.get(LOOKUP, params={"acct": acct})
        assert (answer.status_code, answer.json()) == (404, {"error": "Record not found"})
    assert reef.refusals == []


async def test_mastodon_pages_are_linked(reef: FakeMastodon, at_reef: httpx.AsyncClient) -> None:
    account = MastodonAccount("pip", [MastodonPost(text) for text in lines(90)])
    reef.accounts.append(account)
    pages = await all_statuses(at_reef, account, limit=40)
    assert [len(page) for page in pages] == [40, 40, 10]
    assert contents(pages) == paragraphs(*lines(90)[::-1])
    assert [len(page) for page in await all_statuses(at_reef, account, limit=100)] == [40, 40, 10]  # clamped
    assert [len(page) for page in await all_statuses(at_reef, account)] == [20, 20, 20, 20, 10]
    assert reef.refusals == []


async def test_mastodon_pages_go_both_ways(reef: FakeMastodon, at_reef: httpx.AsyncClient) -> None:
    account = MastodonAccount("pip", [MastodonPost(text) for text in lines(10)])
    reef.accounts.append(account)
    known = [str(post.id) for post in account.timeline()]
    path = f"/api/v1/accounts/{account.id}/statuses"

    async def found(**options: str) -> list[str]:
        return [status["id"] for status in (await at_reef.get(path, params={"limit": 3, **options})).json()]

    assert await found(max_id=known[4]) == known[5:8]
    assert await found(since_id=known[7]) == known[:3]
    assert await found(min_id=known[7]) == known[4:7]
    assert await found(since_id=known[7], max_id=known[5]) == known[6:7]
    answer = await at_reef.get(path, params={"max_id": known[6], "limit": 3})
    newer = (await at_reef.get(answer.links["prev"]["url"])).json()
    assert [status["id"] for status in newer] == known[4:7]


async def test_mastodon_leaves_out_replies_and_boosts(reef: FakeMastodon, at_reef: httpx.AsyncClient) -> None:
    posts = [MastodonPost("plain"), MastodonPost("@bob yes", reply_to="bob"), MastodonPost("thread", reply_to="pip")]
    account = MastodonAccount("pip", [*posts, MastodonPost("boost", boost_of="bob@other.example")])
    reef.accounts.append(account)
    no_replies = await all_statuses(at_reef, account, exclude_replies="true")
    assert contents(no_replies) == paragraphs("boost", "thread", "plain")
    no_boosts = await all_statuses(at_reef, account, exclude_reblogs="true", exclude_replies="true")
    assert contents(no_boosts) == paragraphs("thread", "plain")


async def test_mastodon_links_forget_that_boosts_are_left_out(reef: FakeMastodon, at_reef: httpx.AsyncClient) -> None:
    posts = [MastodonPost("boost", boost_of="bob"), MastodonPost("one"), MastodonPost("two")]
    account = MastodonAccount("pip", posts)
    reef.accounts.append(account)
    pages = await all_statuses(at_reef, account, exclude_reblogs="true", limit=2)
    assert contents(pages) == paragraphs("two", "one", "boost")


async def test_mastodon_boosts_wrap_what_they_boost(reef: FakeMastodon, at_reef: httpx.AsyncClient) -> None:
    account = MastodonAccount(
        "pip", [MastodonPost("hers", boost_of="bob@other.example"), MastodonPost("me", boost_of="pip")]
    )
    reef.accounts.append(account)
    ((own, hers),) = await all_statuses(at_reef, account)
    assert own["content"] == hers["content"] == ""
    assert (own["reblog"]["account"]["acct"], hers["reblog"]["account"]["acct"]) == ("pip", "bob@other.example")
    assert hers["reblog"]["content"] == "<p>hers</p>"


async def test_mastodon_shows_strangers_what_is_public(reef: FakeMastodon, at_reef: httpx.AsyncClient) -> None:
    posts = [
        MastodonPost("public"),
        MastodonPost("unlisted", visibility="unlisted", spoiler_text="quiet", language=None),
        MastodonPost("private", visibility="private"),
        MastodonPost("direct", visibility="direct"),
    ]
    account = MastodonAccount("pip", posts)
    reef.accounts.append(account)
    ((unlisted, public),) = await all_statuses(at_reef, account)
    assert (unlisted["spoiler_text"], unlisted["sensitive"], unlisted["language"]) == ("quiet", True, None)
    assert (public["spoiler_text"], public["sensitive"], public["language"]) == ("", False, "en")


def test_mastodon_writes_html() -> None:
    text = f"tea & <jam>\nfor @bob@other.example\n\nat {LINK} #Leuchtturm"
    written = as_html(text, "https://reef.example")
    assert written.startswith(
        '<p>tea &amp; &lt;jam&gt;<br />for <span class="h-card" translate="no"><a href="https://other'
    )
    assert '">@<span>bob</span></a></span></p><p>at <a href=' in written
    assert (
        '<span class="invisible">https://</span><span class="ellipsis">shore.example/a/very/long/path</span>' in written
    )
    assert "#<span>Leuchtturm</span></a></p>" in written
    assert html.unescape(re.sub("<[^>]*>", "", as_html(LINK, ""))) == LINK


async def test_mastodon_replies_name_whom_they_answer(reef: FakeMastodon, at_reef: httpx.AsyncClient) -> None:
    account = MastodonAccount("pip", [MastodonPost("yes", reply_to="bob"), MastodonPost("and", reply_to="pip")])
    reef.accounts.append(account)
    ((thread, reply),) = await all_statuses(at_reef, account)
    assert thread["in_reply_to_account_id"] == account.id != reply["in_reply_to_account_id"]
    assert None not in (thread["in_reply_to_id"], reply["in_reply_to_id"], reply["in_reply_to_account_id"])
    assert "@<span>bob</span>" in reply["content"]


async def test_mastodon_says_who_is_away(reef: FakeMastodon, at_reef: httpx.AsyncClient) -> None:
    suspended = MastodonAccount("banned", [MastodonPost("hello")], state="suspended")
    reef.accounts += [suspended, MastodonAccount("left", state="gone")]
    assert (await at_reef.get(LOOKUP, params={"acct": "banned"})).json()["suspended"] is True
    assert (await at_reef.get(f"/api/v1/accounts/{suspended.id}/statuses")).status_code == 410
    assert (await at_reef.get(LOOKUP, params={"acct": "left"})).status_code == 410
    assert (await at_reef.get("/api/v1/accounts/12345/statuses")).status_code == 404
    assert reef.refusals == []


async def test_mastodon_may_demand_a_login(reef: FakeMastodon, at_reef: httpx.AsyncClient) -> None:
    reef.accounts.append(MastodonAccount("pip"))
    expected = {401: "The access token is invalid", 422: "This method requires an authenticated user"}
    for status, message in expected.items():
        reef.demands = 401 if status == 401 else 422
        answer = await at_reef.get(LOOKUP, params={"acct": "pip"})
        assert (answer.status_code, answer.json()) == (status, {"error": message})
    assert reef.refusals == []
    async with client(reef.url, "pip-secret") as known:
        assert (await known.get(LOOKUP, params={"acct": "pip"})).status_code == 401
        assert len(reef.refusals) == 1
        reef.token = "pip-secret"
        assert (await known.get(LOOKUP, params={"acct": "pip"})).status_code == 200


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=many", "max_id=abc", "exclude_replies=yes", "exclude_boosts=true", "min_id="]
)
async def test_mastodon_refuses_wrong_parameters(reef: FakeMastodon, at_reef: httpx.AsyncClient, query: str) -> None:
    account = MastodonAccount("pip")
    reef.accounts.append(account)
    answer = await at_reef.get(f"/api/v1/accounts/{account.id}/statuses?{query}")
    assert (answer.status_code, len(reef.refusals)) == (400, 1)


async def test_mastodon_limits_requests(reef: FakeMastodon, at_reef: httpx.AsyncClient) -> None:
    reef.limit, began = Limit(requests=1, seconds=HOUR), time.time()
    answers = [await at_reef.get(LOOKUP, params={"acct": "pip"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [404, 429]
    reset = datetime.fromisoformat(answers[1].headers["X-RateLimit-Reset"])
    assert began + HOUR <= reset.timestamp() <= time.time() + HOUR + 1
    assert (answers[1].headers["X-RateLimit-Remaining"], reef.limit.early) == ("0", 0)


# --- samples


def test_there_are_samples_enough() -> None:
    assert len(set(lines(3600))) == 3600
    assert any("&" in line for line in lines(30))
    assert len(LONG_NOTE) > 280
    assert len(ELSEWHERE) == 7
    with pytest.raises(ValueError, match="no more"):
        lines(3601)

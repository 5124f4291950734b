"""What X's API v2 answers, as far as it is used: https://docs.x.com/x-api/fundamentals/data-dictionary"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field, ValidationError


class Metrics(BaseModel):
    tweet_count: int = 0


class User(BaseModel):
    id: str
    username: str
    name: str
    description: str = ""
    profile_image_url: str | None = None
    protected: bool = False
    public_metrics: Metrics = Metrics()


class Problem(BaseModel):
    """Why a part of an answer is missing."""

    title: str = ""
    detail: str = ""


class UserAnswer(BaseModel):
    data: User | None = None
    errors: tuple[Problem, ...] = ()


class Reference(BaseModel):
    type: str


class Note(BaseModel):
    text: str


class Tweet(BaseModel):
    id: str = Field(pattern=r"^[0-9]{1,20}$")
    text: str
    created_at: str | None = None
    lang: str | None = None
    note_tweet: Note | None = None
    referenced_tweets: tuple[Reference, ...] = ()


class Meta(BaseModel):
    next_token: str | None = None
    result_count: int = 0


def sound(tweets: object) -> object:
    """Those that are posts; one that is not shall not spoil a page that is paid for."""
    return tuple(filter(_is_tweet, tweets)) if isinstance(tweets, list) else tweets


def _is_tweet(value: object) -> bool:
    try:
        Tweet.model_validate(value)
    except ValidationError:
        return False
    return True


class TweetsAnswer(BaseModel):
    data: Annotated[tuple[Tweet, ...], BeforeValidator(sound)] = ()
    errors: tuple[Problem, ...] = ()
    meta: Meta = Meta()

    @property
    def n_posts(self) -> int:
        """As X charges for them."""
        return max(len(self.data), self.meta.result_count)


class Uncharged(Exception):
    """Raised beside an error that X has answered: it has charged nothing."""

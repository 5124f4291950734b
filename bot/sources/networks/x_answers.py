"""What X's API v2 answers, as far as it is used: https://docs.x.com/x-api/fundamentals/data-dictionary"""

from __future__ import annotations

from pydantic import BaseModel, Field


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


class TweetsAnswer(BaseModel):
    data: tuple[Tweet, ...] = ()
    errors: tuple[Problem, ...] = ()
    meta: Meta = Meta()


class Uncharged(Exception):
    """Raised beside an error that X has answered: it has charged nothing."""

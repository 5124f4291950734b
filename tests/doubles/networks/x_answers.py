"""What X's API v2 can be asked for, and how it says that there is nothing to have."""

from __future__ import annotations

from tests.doubles.networks.seen import Json, Reply, as_json
from tests.doubles.networks.x_posts import XAccount

PROBLEMS = "https://api.twitter.com/2/problems"
OF_USERS = """
affiliation connection_status created_at description entities id is_identity_verified location most_recent_tweet_id name
parody pinned_tweet_id profile_banner_url profile_image_url protected public_metrics receives_your_dm subscription
subscription_type url username verified verified_followers_count verified_type withheld
"""
OF_TWEETS = """
article attachments author_id card_uri community_id context_annotations conversation_id created_at display_text_range
edit_controls edit_history_tweet_ids entities geo id in_reply_to_user_id lang media_metadata note_tweet
possibly_sensitive public_metrics referenced_tweets reply_settings scopes source text withheld
"""
USER_FIELDS, TWEET_FIELDS = frozenset(OF_USERS.split()), frozenset(OF_TWEETS.split())
EXCLUDABLE = frozenset({"retweets", "replies"})


def asked_for(whole: Json, fields: frozenset[str]) -> Json:
    return {name: value for name, value in whole.items() if name in fields}


def page_reply(data: list[Json], token: str) -> Reply:
    meta: Json = {"result_count": len(data)} | ({"next_token": token} if token else {})
    if not data:
        return as_json({"meta": meta})
    return as_json({"data": data, "meta": meta | {"newest_id": data[0]["id"], "oldest_id": data[-1]["id"]}})


def no_user(parameter: str, value: str, suspended: bool) -> Reply:
    found = f"Could not find user with {parameter}: [{value}]."
    error = {
        "value": value,
        "detail": f"User has been suspended: [{value}]." if suspended else found,
        "title": "Forbidden" if suspended else "Not Found Error",
        "resource_type": "user",
        "parameter": parameter,
        "resource_id": value,
        "type": f"{PROBLEMS}/resource-not-found",
    }
    return as_json({"errors": [error]})


def not_authorised(account: XAccount) -> Reply:
    error = {
        "resource_id": account.id,
        "parameter": "id",
        "resource_type": "user",
        "section": "data",
        "title": "Authorization Error",
        "value": account.id,
        "detail": f"Sorry, you are not authorized to see the user with id: [{account.id}].",
        "type": f"{PROBLEMS}/not-authorized-for-resource",
    }
    return as_json({"errors": [error]})

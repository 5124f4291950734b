"""Rate limits, and the headers that tell of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tests.doubles.discord.refused import Refused

# method and route: how many in how many seconds, of one channel or webhook
ENFORCED = {
    ("POST", "/channels/{channel}/messages"): (5, 5.0),
    ("PATCH", "/channels/{channel}/messages/{message}"): (5, 5.0),
    ("POST", "/webhooks/{webhook}/{token}"): (5, 2.0),
}
OTHERS = (50, 1.0)


@dataclass
class Window:
    limit: int
    ends: float
    used: int = 0

    @property
    def rest(self) -> float:
        return max(0.0, self.ends - time.monotonic())


@dataclass
class Limits:
    """Windows of fixed length in real time, `scale` times what they really are; 0 lets everything pass."""

    scale: float = 1.0
    _windows: dict[tuple[str, str, str], Window] = field(default_factory=dict)

    def take(self, method: str, route: str, major: str) -> dict[str, str]:
        """The headers of the answer; raises when there were too many."""
        enforced = self.scale > 0 and (method, route) in ENFORCED
        limit, seconds = ENFORCED[method, route] if enforced else OTHERS
        window = self._window((method, route, major), limit, seconds * (self.scale if enforced else 1.0))
        if window.used >= window.limit and enforced:
            raise too_many(window.rest)
        window.used += 1
        return _headers(window, f"{method}{route}".replace("/", "-"))

    def _window(self, key: tuple[str, str, str], limit: int, seconds: float) -> Window:
        window = self._windows.get(key)
        if window is None or window.rest == 0:
            window = self._windows[key] = Window(limit, time.monotonic() + seconds)
        return window


def too_many(retry_after: float) -> Refused:
    refused = Refused(429, 0, "You are being rate limited.")
    refused.body = {"message": "You are being rate limited.", "retry_after": round(retry_after, 3), "global": False}
    return refused


def _headers(window: Window, bucket: str) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(window.limit),
        "X-RateLimit-Remaining": str(max(window.limit - window.used, 1 if window.limit == OTHERS[0] else 0)),
        "X-RateLimit-Reset": f"{time.time() + window.rest:.3f}",
        "X-RateLimit-Reset-After": f"{window.rest:.3f}",
        "X-RateLimit-Bucket": bucket,
    }

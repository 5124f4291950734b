"""The accounts of five real training cards, by their numbers, with posts of our own invention in place of theirs.

What the posts say has nothing to do with whoever goes by these names: kettles, tides and trains, the same for each
account every time, and for each one words that it likes.
"""

from __future__ import annotations

import json
import random
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trainer.corpus import persona_name


@dataclass(frozen=True)
class SeedAccount:
    """What its column of the card counts."""

    handle: str
    name: str
    downloaded: int
    retweets: int
    short: int
    kept: int

    def scaled(self, share: float) -> SeedAccount:
        """With fewer posts of each kind."""
        retweets, short, kept = (round(n * share) for n in (self.retweets, self.short, self.kept))
        return SeedAccount(self.handle, self.name, retweets + short + kept, retweets, short, kept)


@dataclass(frozen=True)
class Seed:
    """A card; its accounts in the order of its columns."""

    accounts: tuple[SeedAccount, ...]

    @property
    def heading(self) -> list[str]:
        """What stands above everything else: what it is, the names, the handle."""
        names = " & ".join(account.name for account in self.accounts)
        if len(self.accounts) == 1:
            return [f"{names} · AI bot", f"@{self.persona} bot"]
        return ["AI CYBORG", names, f"@{self.persona}"]

    @property
    def rows(self) -> list[list[str]]:
        """Of the training table, as Mynah calls them; the head first."""
        several = len(self.accounts) > 1
        return [
            ["Data", *(account.name for account in self.accounts)] if several else ["Data", "Quantity"],
            ["Posts downloaded", *(str(account.downloaded) for account in self.accounts)],
            ["Retweets", *(str(account.retweets) for account in self.accounts)],
            ["Short posts", *(str(account.short) for account in self.accounts)],
            ["Posts kept", *(str(account.kept) for account in self.accounts)],
        ]

    @property
    def persona(self) -> str:
        return persona_name(account.handle for account in self.accounts)

    def scaled(self, share: float) -> Seed:
        return Seed(tuple(account.scaled(share) for account in self.accounts))


SEEDS = (
    Seed((SeedAccount("aliceaeterna", "che 💜", 1419, 586, 130, 703),)),
    Seed(
        (
            SeedAccount("elonmusk", "Elon Musk", 1021, 52, 268, 701),
            SeedAccount("barackobama", "Barack Obama", 3234, 353, 25, 2856),
        )
    ),
    Seed(
        (
            SeedAccount("goando", "Go Ando / PREDUCTS / THE GUILD", 3247, 91, 1680, 1476),
            SeedAccount("kenmcalinn", "Ken McAlinn", 3250, 22, 2144, 1084),
            SeedAccount("voluntas", "V", 3246, 1040, 698, 1508),
        )
    ),
    Seed((SeedAccount("lizasoberano", "Liza Soberano", 3094, 1102, 308, 1684),)),
    Seed((SeedAccount("twitchytyrant", '"status/135394607460456" (2021) dir. TwitchyTyrant', 3147, 1034, 316, 1797),)),
)

_OPENINGS = (
    "today|this morning|late last night|after lunch|once again|on the train|for the record|nobody told me that|"
    "breaking news:|in my opinion|to be fair|it turns out|on reflection|small update:|my aunt always said|reminder:|"
    "apparently|in my dream|three days now|against advice|dear neighbours,|quietly|somehow|as foretold,|meanwhile|then"
)
_KINDS = (
    "tall|polite|sleepy|municipal|borrowed|suspicious|second|cheerful|damp|honest|runaway|velvet|local|haunted|tiny|"
    "retired|famous|rusty|patient|upstairs|musical|northern|crooked|unopened|golden|nervous|invisible|old|loud|spare|"
    "left|electric|wandering|proud|striped|forgotten|modest|floating|seventh|grateful"
)
_THINGS = (
    "kettle|umbrella|ferry|pigeon|bus|piano|lighthouse|baker|lamp post|boot|tomato|librarian|choir|accordion|"
    "snow plough|drone|clock|button|ghost|goose|spreadsheet|moon|violin|printer|tuba|bishop|soup|intern|tide|suitcase|"
    "sandwich|pool|paper boat|pencil|fog|crossword|wardrobe|planet|teapot|tax office|staircase|rumour|pier|bicycle|"
    "town hall|curtain|bench|sea|parcel|echo|marble|plan|tuesday|map|aquarium|pancake|ladder|trombone|gardener|balloon"
)
_DOES = (
    "ignores|borrowed|hums to|sat beside|wrote to|forgave|married|counted|outgrew|fears|waved at|taught|owes|misses|"
    "rehearsed with|blames|smells of|adopted|argued with|dreams about|chased|repaired|named|sold|winked at|painted|"
    "envies|follows|hid from|invited|praised|lost to|tickled|audited|overtook|imitates|interviewed|buried|polished|ate"
)
_WHERE = (
    "|||||||||| in the rain| over breakfast| at dawn| under the bridge| by post| without a hat| for charity| by candle|"
    " on a borrowed horse| in silence| near the pond| since april| in slippers| downwind| uphill| for hours| on purpose"
)
_ENDS = ".|!|.|, i respect that.|, which explains it.|. more at seven.|, as usual.|. why?|?| 🫖|. no comment.|...|."
_AFTER = ("", "", "", "", "", " #harbourlife", " https://t.co/{n:x}", " #teatime https://t.co/{n:x}", " @{who}")
_SHORT = (
    "@{who} agreed",
    "{word}!",
    "https://t.co/{n:x}",
    "{word} {word}",
    "#{word} so true",
    "@{who} {word} 🫖",
    "ok {word}",
)
_WORDS = "yes|soup|never|tides|exactly|brilliant|no|kettle|monday|finally|same|hush|onwards|marvellous|fog|pancakes"
_PEOPLE = "saltmarrow|nine_gulls|oboe_oboe|brasskettle|ferdinand_x|pier42|mrs_plough"


class _Writer:
    """Writes as one account does: of all those words, it has some that it likes."""

    def __init__(self, handle: str) -> None:
        self._rng = random.Random(handle)
        self._liked: dict[str, list[str]] = {}

    def kept(self) -> str:
        """A post of at least three words besides links, mentions and hashtags."""
        sentences = [self._sentence() for _ in range(self._rng.choice((1, 1, 1, 2)))]
        return " ".join(sentences) + self._filled(self._rng.choice(_AFTER))

    def short(self) -> str:
        return self._filled(self._rng.choice(_SHORT))

    def retweet(self) -> str:
        return self._filled("RT @{who}: ") + self.kept()

    def shuffled(self, posts: Sequence[str]) -> list[str]:
        return self._rng.sample(posts, len(posts))

    def _sentence(self) -> str:
        opening = f"{self._one(_OPENINGS)} " if self._rng.random() < 0.6 else ""
        who, what = (f"{self._one(_KINDS)} {self._one(_THINGS)}" for _ in range(2))
        return f"{opening}the {who} {self._one(_DOES)} the {what}{self._one(_WHERE)}{self._one(_ENDS)}"

    def _filled(self, form: str) -> str:
        return form.format(who=self._one(_PEOPLE), word=self._one(_WORDS), n=self._rng.getrandbits(40))

    def _one(self, choices: str) -> str:
        """Of what `|` parts; those at the beginning of the account's own order more often."""
        if choices not in self._liked:
            self._liked[choices] = self.shuffled(choices.split("|"))
        liked = self._liked[choices]
        return liked[min(int(self._rng.expovariate(1.5) * len(liked)), len(liked) - 1)]


def posts(account: SeedAccount) -> list[str]:
    """As many of each kind as its card says; shuffled."""
    writer = _Writer(account.handle)
    kinds = ((writer.retweet, account.retweets), (writer.short, account.short), (writer.kept, account.kept))
    return writer.shuffled([write() for write, n in kinds for _ in range(n)])


def write_archive(account: SeedAccount, folder: Path) -> Path:
    """An X archive of the account, as its owner would download it."""
    path = folder / f"{account.handle}.zip"
    tweets = [
        {"tweet": {"id_str": str(n), "full_text": text, "created_at": _date(n)}}
        for n, text in enumerate(posts(account), start=1)
    ]
    owner = {"account": {"username": account.handle, "accountDisplayName": account.name}}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/tweets.js", f"window.YTD.tweets.part0 = {json.dumps(tweets)}")
        archive.writestr("data/account.js", f"window.YTD.account.part0 = {json.dumps([owner])}")
    return path


def _date(n: int) -> str:
    return (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=n)).isoformat()

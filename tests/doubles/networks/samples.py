"""Posts for accounts that do not exist: a lighthouse keeper's, mostly."""

from __future__ import annotations

WHO = (
    "The fog",
    "My neighbour's goat",
    "A very small crab",
    "The night boat",
    "Our postman",
    "That one gull",
    "The kettle",
    "A lost umbrella",
    "The harbour choir",
    "Somebody's red kite",
    "The tide table",
    "An honest cloud",
    "The lamp upstairs",
    "The new cook",
    "A box of candles",
    "My left boot",
)
DID = (
    "came up the stairs again",
    "refuses to leave before noon",
    "has opinions about the weather",
    "was seen near the old pier",
    "sings louder than the wind",
    "arrived late & in good spirits",
    "knows more than it says",
    "sat on the wall for an hour",
    "wants to be painted blue",
    "made friends with the radio",
    "forgot what day it is",
    "went out without a scarf",
    "is counted twice every evening",
    "takes the short way home",
    "owes me a pot of jam",
)
AND = (
    "and nobody minded.",
    "so I made more tea.",
    "which is new for a Tuesday.",
    "and I have written it down.",
    "as if 2 < 3 needed proof.",
    "but the light stayed on.",
    "and the soup boiled over.",
    "because rain is only weather.",
    "and that was the whole parade.",
    "so the chess club met outside.",
    "though the bell had rung twice.",
    "and now the cat is in charge.",
    "just like the almanac said.",
    "while I looked for my glasses.",
    "and we all waved back. 🌊",
)

# one post in each language, by its code
ELSEWHERE = {
    "de": "Heute hat der Nebel die Möwen verschluckt, aber der Leuchtturm war schneller.",
    "es": "El faro no duerme, solo cierra un ojo cuando pasa la barca de las nueve.",
    "fr": "Le gardien du phare a prêté son parapluie à une mouette, elle ne l'a pas rendu.",
    "he": "המגדלור ראה היום שלוש סירות ועננה אחת שלא מיהרה לשום מקום",
    "ja": "灯台の猫は今日も階段で寝ていて、だれも上がれません。",
    "pt": "A maré trouxe uma bota e levou a outra, agora estamos quites.",
    "ru": "Маяк сегодня моргнул дважды, и рыбаки решили, что он шутит.",
}

LONG_NOTE = (
    "Notes on a quiet night. At ten the fog took the pier, at eleven it took the boats, and at midnight it asked, "
    "very politely, for the stairs. I said no & went on polishing the lens, which has 216 sides and remembers every "
    "one of my thumbs. Towards two the radio played a waltz that nobody had sent. By four there was bread. If you "
    "ever keep a light for other people, keep a loaf for yourself: x < y is a rule for rocks, not for breakfast."
)


def lines(n: int) -> list[str]:
    """n different posts, up to 3,600 of them; some with & and <, a few with emoji."""
    if n > len(WHO) * len(DID) * len(AND):
        raise ValueError("there are no more samples")
    return [_line(number) for number in range(n)]


def _line(number: int) -> str:
    """Neighbours share nothing: all three parts go on with each step."""
    a, b, c = len(WHO), len(DID), len(AND)
    turn = number // a  # by then the first part has come round
    return f"{WHO[number % a]} {DID[(number + turn) % b]} {AND[(number + turn // b) % c]}"

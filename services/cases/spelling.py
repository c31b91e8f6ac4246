"""How names meet across Lithuanian, Polish, Russian, French, German and English spellings: by what they sound like.

Žukauskaitė, Zukauskaite, Zhukauskayte, Joukauskaïté and Жукаускайте have one key, and so have Jonas and Йонас, Ivanov
and Ivanovas. Case, accents and endings do not count. A spelling that can be read in two ways has a key for each, and
two words meet if they share one. It finds rather too much than too little: whoever searches sees the names and decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations, islice, product

from anyascii import anyascii

MOST_WORDS = 8
MOST_READINGS = 6

# Letters that mean one sound, before they lose their marks: the transliteration of ч, ch, can be read in three ways.
_LETTERS = str.maketrans(
    {"č": "tch", "ć": "tch", "š": "sh", "ş": "sh", "ž": "zh", "ż": "zh", "ч": "tch", "щ": "shtch", "ё": "yo"}
)
_WORD = re.compile(r"[a-z0-9]+")

# In this order: the longer spelling of a sound first.
_SOUNDS = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"tsch|tch|cz|ts|tz", "C"),
        (r"chr", "kr"),
        (r"sch|sh|sz|ss", "s"),
        (r"zh|rz", "z"),
        (r"kh", "h"),
        (r"ph", "f"),
        (r"th", "t"),
        (r"ck|q(u(?=[aeiouy]))?", "k"),
        (r"c(?=[eiy])", "C"),
        (r"w", "v"),
        (r"x", "ks"),
        (r"ou|oo", "u"),
    )
]
_AMBIGUOUS = re.compile(r"ch|c|^j")
_READ_AS = {"ch": ("C", "h", "s"), "c": ("C", "k"), "j": ("i", "z")}
_AFTER = [
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"[jy]", "i"),
        (r"(.)\1+", r"\1"),
        (r"ie(?!$)", "e"),
        (r"(?<=[^aeiou])er$", "r"),
    )
]
_ENDING = re.compile(r"(?:[aeiou]s|[aeiou])$")


def words(text: str) -> tuple[str, ...]:
    """The words of a name in plain Latin letters, as many as count."""
    plain = anyascii(text.lower().translate(_LETTERS)).lower().replace("'", "")
    return tuple(islice(_WORD.findall(plain), MOST_WORDS))


def readings(word: str) -> tuple[str, ...]:
    """The keys of one of `words`: one, or one for each way in which its spelling can be read."""
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    parts = _AMBIGUOUS.split(word)
    choices = [_READ_AS[found] for found in _AMBIGUOUS.findall(word)]
    read = ("".join(_woven(parts, chosen)) for chosen in product(*choices))
    return tuple(dict.fromkeys(_key(one) for one in islice(read, MOST_READINGS)))


def _woven(parts: list[str], between: tuple[str, ...]) -> Iterator[str]:
    for part, found in zip(parts, (*between, ""), strict=True):
        yield part
        yield found


def _key(word: str) -> str:
    for pattern, sound in _AFTER:
        word = pattern.sub(sound, word)
    least = 3
    while (shorter := _ENDING.sub("", word)) != word and len(shorter) >= least:
        word, least = shorter, 4
    return word


def keys_of(name: str) -> frozenset[str]:
    """What a name is found by: each of its words, and each two of them together."""
    read = [readings(word) for word in words(name)]
    return frozenset(key for chosen in (*((one,) for one in read), *combinations(read, 2)) for key in _joined(*chosen))


def together(*chosen: str) -> tuple[str, ...]:
    """The keys of one of `words`, or of two of them in any order."""
    return _joined(*map(readings, chosen))


def _joined(*read: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys("/".join(sorted(one)) for one in product(*read)))

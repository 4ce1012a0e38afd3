"""Texts by script and shape, as recipes: a short piece, said so many times.

A recipe is what is drawn, so that a text of thousands of tokens costs a few draws and shrinks to a short
one. Each row of `SCRIPTS` is what some program has got wrong: characters of several bytes, characters that
one class of readers takes for the end of a line and another does not, signs that belong to the one before
them, and words that look like the frame around them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

# The stretches of which the pieces of a script are made, the simplest first.
SCRIPTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "ascii": ("a", " ", "The quick brown fox", "0123456789", ".,;:!?", "\n", "\t", "    "),
        "latin": ("é", "ß", "ñ", "Ångström", "naïve", "\u00a0"),
        "cjk": ("漢", "字", "日本語", "かな", "カタカナ", "한국어", "\uff0c", "\U00020bb7"),
        "indic": ("न", "नमस्ते", "ক্ষ", "தமிழ்", "క్ష్మ", "ക്ര", "ไทย"),
        "arabic": ("م", "مرحبا", "שָׁלוֹם", "كَتَبَ", "\u200f", "ـــ"),
        "emoji": ("😀", "👩‍👩‍👧", "🏳️‍🌈", "👍🏽", "🇫🇷", "❤️", "1️⃣"),
        "combining": ("e\u0301", "o\u0308\u0323", "\u0301", "Z\u0351\u036b\u0343", "\u1112\u1161\u11ab"),
        "breaks": ("\u2028", "\u2029", "\x85", "\r\n", "\r", "\n\n"),
        "controls": (
            "\x00",
            "\x0b",
            "\x0c",
            "\x1c",
            "\x1b[0m",
            "\x7f",
            "\ufeff",
            "\u200b",
            "\ufffd",
            "\uffff",
        ),
        "json": ("{}", '"', "\\", '{"a": [1, null]}', "\\u0041", "\\n", '"}]}', "null", "1e999"),
        "sse": ("data: [DONE]", "[DONE]", "data: {}\n\n", ": ping\n", "event: error\n", "\n\ndata:", "id: 1"),
        "markup": ("&amp;", "&#39;", "<b>", "<think>", "%20", "**"),
        "tokens": ("<|endoftext|>", "<|im_start|>", "<|fim_prefix|>", "</s>", "[INST]", "\n\nHuman:"),
    }
)
ASCII = "ascii"
# A text of about 4,000 tokens; a long one is drawn once in so many times, and so is an empty one.
CHARACTERS_MAX = 16_000
LONG_ONE_IN = 32
EMPTY_ONE_IN = 16
STRETCHES_MAX = 4
TIMES_MAX = 4


@dataclass(frozen=True)
class Recipe:
    """A text: `piece` said `times` times."""

    piece: str
    times: int = 1

    @property
    def text(self) -> str:
        """The whole of it."""
        return self.piece * self.times


def scripts_of(text: str) -> frozenset[str]:
    """Return the scripts of which a stretch stands in `text`; ASCII only where nothing else does."""
    found = {
        name
        for name, stretches in SCRIPTS.items()
        if name != ASCII and any(stretch in text for stretch in stretches)
    }
    return frozenset(found or ({ASCII} if text else ()))


def pieces(scripts: Collection[str] = tuple(SCRIPTS)) -> SearchStrategy[str]:
    """Draw a piece: one to `STRETCHES_MAX` stretches of one of `scripts`, or of a mixture of them."""
    from hypothesis import strategies as st

    names = [name for name in SCRIPTS if name in scripts]
    mixed = [stretch for name in names for stretch in SCRIPTS[name]]
    sources = st.one_of(st.sampled_from([SCRIPTS[name] for name in names]), st.just(tuple(mixed)))
    return sources.flatmap(
        lambda source: st.lists(st.sampled_from(source), min_size=1, max_size=STRETCHES_MAX).map("".join)
    )


def recipes(
    scripts: Collection[str] = tuple(SCRIPTS), characters_max: int = CHARACTERS_MAX
) -> SearchStrategy[Recipe]:
    """Draw a recipe for a text of up to `characters_max` characters; most are short, and some are empty."""
    from hypothesis import strategies as st

    def recipe(piece: str, times: int, rarity: int) -> Recipe:
        times_max = max(1, characters_max // len(piece))
        if rarity == LONG_ONE_IN - 1:
            return Recipe(piece, times_max * times // TIMES_MAX)
        empty = rarity % EMPTY_ONE_IN == 1
        return Recipe("") if empty else Recipe(piece[:characters_max], min(times, times_max))

    times, rarities = st.integers(1, TIMES_MAX), st.integers(0, LONG_ONE_IN - 1)
    return st.builds(recipe, pieces(scripts), times, rarities)

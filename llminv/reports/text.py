"""Text of handlers and providers, made fit to be shown on one line of a report."""

from __future__ import annotations

CHARACTERS_MAX = 200
# To leave out less than this helps nobody.
SLACK = 40


def visible(text: str) -> str:
    """Return `text` with every character that does not print (controls, surrogates) as its escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def cut(text: str, characters_max: int) -> str:
    """Return `text` up to about `characters_max` characters; a cut is told."""
    more = len(text) - characters_max
    return text if more <= SLACK else f"{text[:characters_max]}… ({more} more)"


def one_line(text: str, characters_max: int = CHARACTERS_MAX) -> str:
    """Return `text` visible on one line, and cut."""
    return visible(cut(text, characters_max))


def folded(text: str) -> str:
    """Return prose that a person wrote over several lines as one line."""
    return visible(" ".join(text.split()))


def counted(number: int, noun: str) -> str:
    """Return `number` with its noun: "1 call", "2 calls"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

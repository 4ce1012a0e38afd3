"""A timeline as a Mermaid sequence diagram, which Git hosts draw, and which can be read as it stands.

Every text of users and providers is written so that it means nothing to Mermaid: what is not plain is
one of its entity codes (https://mermaid.js.org/syntax/sequenceDiagram.html#entity-codes-to-escape-characters).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from llminv.reports.text import one_line
from llminv.reports.timeline import CALLER, HANDLER

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from llminv.reports.timeline import Row

# A wider text makes a diagram that nobody can see whole.
CHARACTERS_MAX = 120
# Comments, statements, entities, HTML, mathematics and Markdown begin or end with one of the others.
_NOT_PLAIN = re.compile(r"""[^\w .,:'"()\[\]{}=/+*?!…→@^~|-]""")


def sequence(rows: Sequence[Row]) -> list[str]:
    """Return the lines of a fenced code block that draws `rows`; the caller and the handler come first."""
    actors = dict.fromkeys([CALLER, HANDLER])
    actors |= dict.fromkeys(name for row in rows for name in (row.who, row.whom) if name)
    aliases = {name: f"p{number}" for number, name in enumerate(actors)}
    return ["```mermaid", "sequenceDiagram", *_lines(rows, aliases), "```"]


def _lines(rows: Sequence[Row], aliases: dict[str, str]) -> Iterator[str]:
    for name, alias in aliases.items():
        yield f"    participant {alias} as {_plain(name)}"
    order = list(aliases)
    for row in rows:
        text = _plain(f"{row.at} {row.what}")
        if not row.who:
            yield f"    Note over {aliases[HANDLER]}: {text}"
        else:
            is_back = order.index(row.whom) < order.index(row.who)
            arrow = "-->>" if is_back else "->>"
            yield f"    {aliases[row.who]}{arrow}{aliases[row.whom]}: {text}"


def _plain(text: str) -> str:
    return _NOT_PLAIN.sub(lambda match: f"#{ord(match[0])};", one_line(text, CHARACTERS_MAX))

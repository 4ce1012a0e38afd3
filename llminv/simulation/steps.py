"""Steps: what the provider's side of a connection does, in order, and how a response becomes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from llminv.scenario import Act
from llminv.simulation.http import Response

_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes for the handler; `status` stands with the first of a response, `last` with the last.

    `marked` says that an error inside the response ends with these bytes.
    """

    data: bytes
    status: int | None = None
    last: bool = False
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing happens for so long."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Close:
    """The provider ends its side of the connection (FIN)."""


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset (RST)."""


Step = Send | Wait | Close | Reset


@dataclass(frozen=True)
class Body:
    """A response on its way to bytes: its head, the pieces of its body, and what follows the last of them.

    A `chunked` body ends by a chunk of its own, any other by its `length` (None: its head says it). Where it
    is not `complete`, that end never comes. `marked` says that an error stands in the last piece.
    """

    head: Response
    pieces: Sequence[bytes]
    chunked: bool = False
    length: int | None = None
    complete: bool = True
    marked: bool = False
    ending: tuple[Step, ...] = ()


def respond(response: Response) -> tuple[Step, ...]:
    """Return the steps of one whole response."""
    return (Send(response.encode(), status=response.status, last=True),)


def steps_of(body: Body, act: Act, *, delay_s: float, gap_s: float) -> tuple[Step, ...]:
    """Return the steps of a response: `delay_s` before its first byte, `gap_s` between two pieces.

    Where the act cuts a chunked body, its chunks end there too: a client that is handed chunks, as urllib3
    and aiohttp hand them on, sees nothing of how the network cut what is inside one.
    """
    pieces = [piece for piece in body.pieces if piece]
    if not body.chunked and gap_s and pieces:
        pieces = [*_in_pieces(pieces[0], act.pieces), *pieces[1:]]
    parts, at = [_cut_head(body, act)], 0
    for piece in pieces:
        cut = _cut(piece, at, act)
        parts.append([chunk(data) for data in cut] if body.chunked else cut)
        at += len(piece)
    if not (body.chunked or gap_s) and pieces:
        (*before, end), (first, *after), *rest = parts
        parts = [[*before, end + first, *after], *rest]
    marked = len(parts) - 1 if body.marked else None
    parts += [[_LAST_CHUNK]] if body.chunked and body.complete else []
    steps: list[Step] = [Wait(delay_s)] if delay_s else []
    for number, part in enumerate(parts):
        if number and gap_s:
            steps.append(Wait(gap_s))
        for place, data in enumerate(part):
            ends = place == len(part) - 1
            steps.append(
                Send(
                    data,
                    status=body.head.status if number == place == 0 else None,
                    last=ends and body.complete and number == len(parts) - 1,
                    marked=ends and number == marked,
                )
            )
    return (*steps, *body.ending)


def _in_pieces(data: bytes, number: int) -> list[bytes]:
    """Return `data` in so many pieces of about the same length, or in fewer where it is shorter."""
    places = [len(data) * place // max(1, number) for place in range(1, number)]
    return [piece for begin, end in pairwise((0, *places, len(data))) if (piece := data[begin:end])]


def _cut_head(body: Body, act: Act) -> list[bytes]:
    length = () if body.length is None else (("content-length", str(body.length)),)
    head = body.head.head(*((("transfer-encoding", "chunked"),) if body.chunked else length))
    return _cut(head, 0, replace(act, cuts=()))


def chunk(data: bytes) -> bytes:
    """Return `data` as one chunk of a chunked body (RFC 9112 section 7.1)."""
    return b"%x\r\n%s\r\n" % (len(data), data)


def _cut(data: bytes, at: int, act: Act) -> list[bytes]:
    """Return `data`, which begins at position `at` of the content, cut where the act says."""
    end = at + len(data)
    places = {cut for cut in act.cuts if at < cut < end}
    if act.cut_every:
        first = at + act.cut_every - at % act.cut_every
        places |= set(range(first, end, act.cut_every))
    edges = [at, *sorted(places), end]
    return [data[left - at : right - at] for left, right in pairwise(edges)]

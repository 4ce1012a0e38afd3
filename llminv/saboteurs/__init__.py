"""The table of saboteurs: one row per planted bug, in one file for each boundary.

They live below the runner, not beside the kinds at whose finding codes they aim: a saboteur works where the
handler is, in a process that may have nothing but the standard library. So a row is all there is of one,
from its name to what it does; the parent of an audit reads the names and aims of the same table, and tells
its worker a name. The way of the data:

    audit/prove.py   (promise, saboteur) -> the worker is told scenario and name
    runner.py        makes the plant, puts it around the handler and between it and its providers, plays
    kinds/           judge the history, which looks like any other
    audit/prove.py   the code it aims at is there, and without the saboteur nothing is: caught
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from llminv.saboteurs import additions, calls, chunks, clock, mixing, network, replies, values
from llminv.saboteurs.interface import Saboteur

_MODULES = (calls, replies, mixing, chunks, additions, values, network, clock)

SABOTEURS: Mapping[str, Saboteur] = MappingProxyType(
    {row.name: row for module in _MODULES for row in module.ROWS}
)

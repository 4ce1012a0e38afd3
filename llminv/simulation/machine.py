"""What a handler asks of the machine that it runs on, where the answer is not the provider's business.

Which libraries there are is asked for real, with the programs that ctypes runs for it: nothing leaves the
machine, and the answer is the same each time. Whatever the machine would make of itself and the hour (ids
of version 1, from its address and its clock) is made of a fixed address and the world's clock.
"""

from __future__ import annotations

import ctypes.util
import uuid

from llminv.simulation.current import current_world, outside

# A node of nobody: the multicast bit is set, as RFC 9562 section 6.10 wants it of an address that is none.
NODE = 0x03_4C_4C_4D_49_4E

# Where `uuid` keeps the time of the last id, so that the next one is later (3.14 has all three).
LAST_TIMES = tuple(
    name for name in ("_last_timestamp", "_last_timestamp_v6", "_last_timestamp_v7") if hasattr(uuid, name)
)

_real_find_library = ctypes.util.find_library
_real_getnode = uuid.getnode
_real_uuid1 = uuid.uuid1


def find_library(name: str) -> str | None:
    """Find a library, with programs of this machine."""
    with outside():
        return _real_find_library(name)


def getnode() -> int:
    """Return the address that stands in a world's ids."""
    return _real_getnode() if current_world() is None else NODE


def uuid1(node: int | None = None, clock_seq: int | None = None) -> uuid.UUID:
    """Return an id of version 1; without a node, C would make it of the real clock."""
    in_world = node is None and current_world() is not None
    return _real_uuid1(NODE if in_world else node, clock_seq)


def forget_last_times() -> None:
    """A world begins, and its clock anew: an id of another one is no reason to make a later one."""
    for name in LAST_TIMES:
        setattr(uuid, name, None)

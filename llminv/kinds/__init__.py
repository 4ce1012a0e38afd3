"""The table of kinds. A new kind is a file beside this one and a row here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from llminv.kinds import exhaustion, fallback_order, key_isolation
from llminv.kinds.interface import Kind

KINDS: Mapping[str, Kind] = MappingProxyType(
    {module.KIND.name: module.KIND for module in (fallback_order, exhaustion, key_isolation)}
)

"""The table of token oracles. A new one is a file beside this one and a row here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from llminv.oracles.tokens import bpe, deepseek, played, recorded
from llminv.oracles.tokens.interface import Oracle

ORACLES: Mapping[str, Oracle] = MappingProxyType(
    {module.ORACLE.name: module.ORACLE for module in (bpe, deepseek, recorded, played)}
)

"""Whether a stream gets colours: the command line decides, then the environment, then the stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import TextIO

ColorMode = Literal["auto", "always", "never"]


def wants_color(mode: ColorMode, stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Return whether to write colours to `stream` (https://no-color.org, https://force-color.org)."""
    if mode != "auto":
        return mode == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and environ.get("TERM") != "dumb"

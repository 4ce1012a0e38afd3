"""The command line: `main` is the one door, `entry` the console script."""

from llminv.cli.door import entry, main

__all__ = ["entry", "main"]

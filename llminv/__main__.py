"""`python -m llminv` is `llminv`."""

from llminv.cli import entry

if __name__ == "__main__":
    entry()

"""llminv audits programs that talk to several LLM providers against invariants declared in YAML.

This package file imports nothing: a worker process in an old environment must be able to import
`llminv.worker` with the standard library alone.
"""

__version__ = "0.1.0"

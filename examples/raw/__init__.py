"""A router over four providers with httpx alone: no SDK, its own reader of streams; see handler.py."""

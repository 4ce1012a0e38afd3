"""Requests as plain text, for libraries that do not take them in the shape of OpenAI's Chat Completions."""

from __future__ import annotations

from llminv.contract import Message, Request

SYSTEM_ROLES = ("system", "developer")


def system_of(request: Request) -> str:
    """Return the system prompts as one text."""
    return "\n".join(text_of(message) for message in request.messages if message["role"] in SYSTEM_ROLES)


def turns_of(request: Request) -> list[dict[str, str]]:
    """Return the other messages, each with its role and its text alone."""
    return [
        {"role": message["role"], "content": text_of(message)}
        for message in request.messages
        if message["role"] not in SYSTEM_ROLES
    ]


def text_of(message: Message) -> str:
    """Return the text of a message; its parts are put together."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)

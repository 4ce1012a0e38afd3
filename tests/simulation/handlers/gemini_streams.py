"""Handlers that stream from Gemini and say why it refused: with its SDK, and by the SSE standard alone."""

import json
import os
import urllib.request

from google import genai

MODEL = "gemini-2.5-flash"
URL = f"https://generativelanguage.googleapis.com/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"


def contents(request):
    return [{"role": "user", "parts": [{"text": message["content"]}]} for message in request.messages]


class Sdk:
    def stream(self, request):
        client = genai.Client(api_key=os.environ["GEMINI_API_KEY"])
        for chunk in client.models.generate_content_stream(model=MODEL, contents=contents(request)):
            yield chunk.prompt_feedback.block_reason.value


class Sse:
    def stream(self, request):
        asked = urllib.request.Request(
            URL,
            json.dumps({"contents": contents(request)}).encode(),
            {"x-goog-api-key": os.environ["GEMINI_API_KEY"], "content-type": "application/json"},
        )
        with urllib.request.urlopen(asked) as response:
            if response.headers.get_content_type() != "text/event-stream":
                raise TypeError(response.headers.get_content_type())
            for line in response:
                if line.startswith(b"data:"):
                    yield json.loads(line.removeprefix(b"data:"))["promptFeedback"]["blockReason"]

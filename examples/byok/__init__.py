"""A router over OpenAI, Anthropic, DeepSeek and Gemini with keys from the environment; see README.md."""

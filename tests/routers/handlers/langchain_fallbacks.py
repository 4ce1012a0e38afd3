"""LangChain's `with_fallbacks` over the chat models of the four providers."""

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage
from langchain_deepseek import ChatDeepSeek
from langchain_google_genai import ChatGoogleGenerativeAI
from langchain_openai import ChatOpenAI

from llminv.contract import Reply, Request, Usage, World

MODELS = {
    "openai": ChatOpenAI,
    "anthropic": ChatAnthropic,
    "deepseek": ChatDeepSeek,
    "gemini": ChatGoogleGenerativeAI,
}


class Handler:
    def __init__(self, world: World) -> None:
        options = {"timeout": 20, "max_retries": 1}
        chain = [MODELS[name](model=world.providers[name].model, **options) for name in world.policy["chain"]]
        self.model = chain[0].with_fallbacks(chain[1:])

    def complete(self, request: Request) -> Reply:
        return reply(self.model.invoke(list(request.messages)))

    async def acomplete(self, request: Request) -> Reply:
        return reply(await self.model.ainvoke(list(request.messages)))


def reply(answer: AIMessage) -> Reply:
    said, counted = answer.response_metadata, answer.usage_metadata or {}
    usage = Usage(counted.get("input_tokens"), counted.get("output_tokens"))
    return Reply(answer.text, (), said.get("finish_reason"), usage, None, said.get("model_name"))

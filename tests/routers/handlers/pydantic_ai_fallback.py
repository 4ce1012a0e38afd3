"""pydantic-ai's FallbackModel over the four providers, under an Agent."""

from pydantic_ai import Agent
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.models.openai import OpenAIChatModel

from llminv.contract import Reply, Request, Usage, World


class Handler:
    def __init__(self, world: World) -> None:
        chain = [model(name, world.providers[name].model) for name in world.policy["chain"]]
        self.agent = Agent(FallbackModel(*chain), model_settings={"timeout": 20})

    def complete(self, request: Request) -> Reply:
        return reply(self.agent.run_sync(request.messages[-1]["content"]))

    async def acomplete(self, request: Request) -> Reply:
        return reply(await self.agent.run(request.messages[-1]["content"]))


def model(provider: str, name: str):
    if provider == "anthropic":
        return AnthropicModel(name)
    return GoogleModel(name) if provider == "gemini" else OpenAIChatModel(name, provider=provider)


def reply(result) -> Reply:
    answer = result.all_messages()[-1]
    usage = Usage(answer.usage.input_tokens, answer.usage.output_tokens)
    return Reply(result.output, (), answer.finish_reason, usage, answer.provider_name, answer.model_name)

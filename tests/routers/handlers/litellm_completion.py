"""litellm.completion and acompletion with `fallbacks`; keys and base URLs from the environment."""

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # its import would fetch the prices

import litellm

from llminv.contract import Reply, Request, Usage, World

OPTIONS = {"timeout": 20, "num_retries": 0, "max_retries": 1}


class Handler:
    def __init__(self, world: World) -> None:
        names = {name: f"{name}/{world.providers[name].model}" for name in world.policy["chain"]}
        self.names = {access.model: name for name, access in world.providers.items()}
        self.model, *self.fallbacks = names.values()

    def asked(self, request: Request) -> dict:
        asked = {"model": self.model, "fallbacks": self.fallbacks, "messages": list(request.messages)}
        return asked | OPTIONS

    def complete(self, request: Request) -> Reply:
        return self.reply(litellm.completion(**self.asked(request)))

    async def acomplete(self, request: Request) -> Reply:
        return self.reply(await litellm.acompletion(**self.asked(request)))

    def reply(self, answer: litellm.ModelResponse) -> Reply:
        choice = answer.choices[0]
        usage = Usage(answer.usage.prompt_tokens, answer.usage.completion_tokens)
        return Reply(choice.message.content or "", (), choice.finish_reason, usage, None, answer.model)

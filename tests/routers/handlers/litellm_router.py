"""litellm.Router: one deployment for each provider, and fallbacks from each to the next ones."""

import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # its import would fetch the prices

import litellm

from llminv.contract import Reply, Request, Usage, World


class Handler:
    def __init__(self, world: World) -> None:
        chain = world.policy["chain"]
        self.first = chain[0]
        self.router = litellm.Router(
            model_list=[{"model_name": name, "litellm_params": params(world, name)} for name in chain],
            fallbacks=[{name: chain[index + 1 :]} for index, name in enumerate(chain[:-1])],
            num_retries=1,
            timeout=20,
        )

    def complete(self, request: Request) -> Reply:
        return reply(self.router.completion(self.first, list(request.messages)))

    async def acomplete(self, request: Request) -> Reply:
        return reply(await self.router.acompletion(self.first, list(request.messages)))


def params(world: World, name: str) -> dict:
    access = world.providers[name]
    return {"model": f"{name}/{access.model}", "api_key": access.api_key}


def reply(answer: litellm.ModelResponse) -> Reply:
    choice = answer.choices[0]
    usage = Usage(answer.usage.prompt_tokens, answer.usage.completion_tokens)
    return Reply(choice.message.content or "", (), choice.finish_reason, usage, None, answer.model)

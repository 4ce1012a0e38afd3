"""What a gateway is configured with so that `llminv run --handler gateway:http://...` can audit it.

One row for each gateway that `llminv serve --print-config` knows: the declared providers at their
addresses, with their keys, in the order of the chain, without retries and with the declared timeout, in the
gateway's own words. "generic" is the same for people who configure another one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from llminv.errors import UsageError
from llminv.simulation.loopback.server import declared_ports
from llminv.simulation.sites import Setting, canary

# What both gateways call the maker of each dialect. JSON, hence Any below.
MAKERS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "openai-chat": {"litellm": "openai", "portkey": "openai"},
        "anthropic-messages": {"litellm": "anthropic", "portkey": "anthropic"},
        "deepseek": {"litellm": "deepseek", "portkey": "deepseek"},
        "gemini": {"litellm": "gemini", "portkey": "google"},
    }
)
# What each expects behind the host of a base URL, where it is not what the dialect's own clients expect.
BASE_PATHS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("portkey", "anthropic-messages"): "/v1",
        ("portkey", "gemini"): "/v1beta",
    }
)


def printed(name: str, setting: Setting) -> str:
    """Return the configuration of the gateway of that name; raise UsageError where nothing has an address."""
    missing = [provider for provider in setting["providers"] if provider not in declared_ports(setting)]
    if missing:
        raise UsageError(
            f"a gateway has to know beforehand where {', '.join(missing)} will be",
            "declare a base_url of this machine with a port, such as http://127.0.0.1:4101/v1",
        )
    return json.dumps(CONFIGS[name](setting), indent=2)


def _litellm_proxy(setting: Setting) -> Any:
    """https://docs.litellm.ai/docs/proxy/configs and https://docs.litellm.ai/docs/proxy/reliability."""
    chain, timeout_s = setting["policy"]["chain"], setting["policy"]["timeouts"]["first_token_s"]
    models = []
    for name in chain:
        provider = setting["providers"][name]
        params = {
            "model": f"{MAKERS[provider['dialect']]['litellm']}/{provider['model']}",
            "api_base": _base(setting, name, "litellm"),
            "api_key": canary(name),
            "timeout": timeout_s,
            "stream_timeout": timeout_s,
            "max_retries": 0,
        }
        models.append({"model_name": name, "litellm_params": params})
    return {
        "model_list": models,
        "router_settings": {
            "fallbacks": [{name: chain[index + 1 :]} for index, name in enumerate(chain[:-1])],
            "num_retries": 0,
            "disable_cooldowns": True,
        },
        "litellm_settings": {"num_retries": 0},
        # Nobody but this machine reaches it, and its keys open nothing.
        "general_settings": {"dangerously_permit_weak_or_unset_master_key": True},
    }


def _portkey(setting: Setting) -> Any:
    """https://portkey.ai/docs/api-reference/inference-api/config-object, in the file of an address."""
    timeout_ms = int(setting["policy"]["timeouts"]["first_token_s"] * 1000)
    targets = []
    for name in setting["policy"]["chain"]:
        provider = setting["providers"][name]
        targets.append(
            {
                "provider": MAKERS[provider["dialect"]]["portkey"],
                "api_key": canary(name),
                "custom_host": _base(setting, name, "portkey"),
                "override_params": {"model": provider["model"]},
                "request_timeout": timeout_ms,
            }
        )
    config = {"strategy": {"mode": "fallback"}, "targets": targets}
    return {"headers": {"x-portkey-config": json.dumps(config)}}


def _generic(setting: Setting) -> Any:
    providers = [
        {"name": name, **setting["providers"][name], "key": canary(name)}
        for name in setting["policy"]["chain"]
    ]
    return {"providers": providers, "policy": setting["policy"]}


def _base(setting: Setting, name: str, gateway: str) -> str:
    provider = setting["providers"][name]
    url: str = provider["base_url"].rstrip("/")
    return url + BASE_PATHS.get((gateway, provider["dialect"]), "")


CONFIGS: Mapping[str, Callable[[Setting], Any]] = MappingProxyType(
    {"litellm-proxy": _litellm_proxy, "portkey": _portkey, "generic": _generic}
)

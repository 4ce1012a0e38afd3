"""The places that a simulated world answers for: declared providers and the known public hosts.

Also what the handler is told about them, in its environment and in its `World`. A setting is the plain
JSON value that a promise makes (`Promise.setting`): {"providers": {name: {dialect, base_url, key,
model}}, "policy": {...}, "prices": {...}}.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from llminv.contract import ProviderAccess, World
from llminv.simulation.dialects import DIALECTS
from llminv.simulation.dialects.interface import Dialect
from llminv.simulation.prices import BOOKS, DECLARED

# JSON as declared, hence Any.
Setting = Mapping[str, Any]
_KEY_OF = re.compile(r"<key:(?P<provider>[^/>@]+)/(?P<tenant>[^/>@]+)>")


@dataclass(frozen=True)
class Site:
    """One provider as the network knows it; `path` is that of its base URL, without a slash at the end."""

    provider: str
    dialect: Dialect
    host: str
    port: int
    path: str
    model: str


def canary(provider: str, tenant: str | None = None) -> str:
    """Return the key of `provider` (for `tenant`): it looks like a key, is unique, and opens nothing."""
    digest = hashlib.sha256(f"{provider}@{tenant or ''}".encode()).hexdigest()
    return f"sk-llminv-{digest[:40]}"


def owners(setting: Setting, tenants: Iterable[str]) -> dict[str, str]:
    """Return the keys by who owns them: a provider, or a provider and a tenant ("openai/acme")."""
    names = setting["providers"]
    own = {name: canary(name) for name in names}
    return own | {f"{name}/{tenant}": canary(name, tenant) for tenant in tenants for name in names}


def with_keys(value: Any) -> Any:
    """Return JSON in which each `scenario.key_of` has become that key (Any: it is JSON)."""
    if isinstance(value, Mapping):
        return {name: with_keys(each) for name, each in value.items()}
    if isinstance(value, str) and (found := _KEY_OF.fullmatch(value)):
        return canary(found["provider"], found["tenant"])
    return value


def canary_forms(key: str) -> tuple[str, ...]:
    """Return the texts that betray `key`: itself, and what base64 makes of it at each alignment."""
    forms = [key]
    for offset in range(3):
        # Characters that also depend on what stands before or after the key are cut off.
        encoded = base64.b64encode(b"\0" * offset + key.encode()).decode().rstrip("=")
        first = (offset * 8 + 5) // 6
        forms.append(encoded[first : (offset + len(key)) * 8 // 6])
    return tuple(forms)


def _site(name: str, dialect: Dialect, base_url: str, model: str) -> Site:
    parts = urlsplit(base_url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Site(name, dialect, (parts.hostname or "").lower(), port, parts.path.rstrip("/"), model)


def sites_of(setting: Setting) -> tuple[Site, ...]:
    """Return the declared providers' sites, then those of known public hosts that nobody declared."""
    declared = []
    for name, provider in setting["providers"].items():
        dialect = DIALECTS[provider["dialect"]]
        declared.append(_site(name, dialect, provider["base_url"], provider["model"]))
        # A handler with the provider's public host hard-coded is audited unchanged.
        declared += [Site(name, dialect, host, 443, "", provider["model"]) for host in dialect.hosts]
    known = [
        Site(dialect.name, dialect, host, 443, "", "")
        for dialect in DIALECTS.values()
        for host in dialect.hosts
    ]
    unique: dict[tuple[str, int, str], Site] = {}
    for site in (*declared, *known):
        if not any(key[:2] == (site.host, site.port) for key in unique) or site in declared:
            unique.setdefault((site.host, site.port, site.path), site)
    return tuple(unique.values())


def choose(sites: Iterable[Site], path: str) -> Site | None:
    """Return the site (of one host) that answers for `path`: the longest base path, else the first."""
    best: Site | None = None
    for site in sites:
        matches = path == site.path or path.startswith(site.path + "/")
        if best is None or (matches and len(site.path) > len(best.path)):
            best = site
    return best


def key_variables(setting: Setting, unset: Collection[str]) -> frozenset[str]:
    """Return the variables with keys of nobody but the providers `unset`."""
    rows = setting["providers"].items()
    kept = {provider["key"] for name, provider in rows if name not in unset}
    return frozenset(provider["key"] for name, provider in rows if name in unset) - kept


def environment(setting: Setting) -> dict[str, str]:
    """Return the variables from which clients read keys and base URLs.

    The key stands under the declared name. A base URL is set where that name is the one that the
    dialect's own clients read, so that a second provider of the same dialect does not overwrite it.
    """
    variables: dict[str, str] = {}
    for name, provider in setting["providers"].items():
        dialect = DIALECTS[provider["dialect"]]
        variables[provider["key"]] = canary(name)
        if provider["key"] in dialect.key_variables:
            variables.update(dict.fromkeys(dialect.base_url_variables, provider["base_url"]))
    return variables


def handler_world(setting: Setting, prices: str = DECLARED, unset: Collection[str] = ()) -> World:
    """Return the World that a handler's factory may take, with the price book of that name.

    The providers `unset` have an empty key in it.
    """
    return World(
        providers={
            name: ProviderAccess(
                provider["base_url"], "" if name in unset else canary(name), provider["model"]
            )
            for name, provider in setting["providers"].items()
        },
        policy=setting["policy"],
        prices=BOOKS[prices](setting["prices"]),
    )

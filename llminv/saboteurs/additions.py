"""Saboteurs that add to an answer, or change its calls of tools."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from llminv.contract import Chunk, Reply, ToolCall, Usage
from llminv.saboteurs.interface import Ask, Asked, Boundary, Course, Emit, Next, Plant, Saboteur, this_call
from llminv.saboteurs.replies import Changed, Said

INVENTED = Usage(input_tokens=12, output_tokens=6)
ADDED = ToolCall("call_added", "get_weather", "{}", index=99)


class Completing(Plant, ABC):
    """Adds to what the caller was told when all of it was told."""

    @abstractmethod
    def completed(self, told: Reply) -> Reply:
        """Return what the caller is to have been told; it can only be more."""

    def whole(self, asked: Asked) -> Course[Reply]:
        reply = yield from super().whole(asked)
        return self._noted(reply, self.completed(reply))

    def stream(self, asked: Asked) -> Course[None]:
        told = Reply("")
        yield Ask(asked.request)
        while (chunk := (yield Next())) is not None:
            yield Emit(chunk)
            calls = [*told.tool_calls, *([chunk.tool_call] if chunk.tool_call else [])]
            told = replace(told, usage=chunk.usage or told.usage, tool_calls=calls)
        completed = self._noted(told, self.completed(told))
        if completed != told:
            more = completed.tool_calls[len(told.tool_calls) :]
            usage = completed.usage if completed.usage != told.usage else None
            yield Emit(Chunk(usage=usage, cost=completed.cost, tool_call=more[0] if more else None))

    def _noted(self, before: Reply, after: Reply) -> Reply:
        if after != before:
            self.act()
        return after


class InventsUsage(Completing):
    """Reports an estimate where no provider reported usage."""

    def completed(self, told: Reply) -> Reply:
        return told if told.usage is not None else replace(told, usage=INVENTED)


class FreeWithoutUsage(Completing):
    """Takes an answer without usage for one that cost nothing."""

    def completed(self, told: Reply) -> Reply:
        return told if told.usage is not None else replace(told, cost=Decimal(0))


class AddsACall(Completing):
    """Makes a call of a tool up beside those that there are."""

    def completed(self, told: Reply) -> Reply:
        return replace(told, tool_calls=[*told.tool_calls, ADDED]) if told.tool_calls else told


class ChangedCalls(Changed, ABC):
    """Changes the calls of tools."""

    @abstractmethod
    def changed(self, call: ToolCall) -> ToolCall | None:
        """Return what becomes of a call, or of a fragment of one; None: nothing is left."""

    def said(self, said: Said) -> Said:
        if isinstance(said, Reply):
            calls: Sequence[ToolCall | None] = [self.changed(call) for call in said.tool_calls]
            changed = [call for call in calls if call is not None]
            return replace(said, tool_calls=changed) if changed != list(said.tool_calls) else said
        return replace(said, tool_call=self.changed(said.tool_call)) if said.tool_call else said


class LosesCalls(ChangedCalls):
    """Loses the calls of every answer but the first."""

    def changed(self, call: ToolCall) -> ToolCall | None:
        return None if this_call() > 0 else call


class RenamesCalls(ChangedCalls):
    """Names another tool."""

    def changed(self, call: ToolCall) -> ToolCall | None:
        return replace(call, name=f"{call.name}_2") if call.name else call


class SameIds(ChangedCalls):
    """Gives all calls the same id."""

    def changed(self, call: ToolCall) -> ToolCall | None:
        return replace(call, id="call_same") if call.id else call


class RepeatsArguments(ChangedCalls):
    """Appends what is there already."""

    def changed(self, call: ToolCall) -> ToolCall | None:
        return replace(call, arguments=2 * call.arguments) if call.arguments else call


NO_CALLS = "the handler reports no calls of tools"

ROWS = (
    Saboteur(
        "invents_usage",
        Boundary.REPLY,
        ("usage_invented",),
        "reports an estimate as if a provider had reported it",
        "https://github.com/BerriAI/litellm/issues/40260",
        InventsUsage,
        "every answer came with usage",
    ),
    Saboteur(
        "free_without_usage",
        Boundary.REPLY,
        ("missing_usage_free",),
        "takes an answer without usage for one that costs nothing",
        "https://github.com/agentjido/req_llm/issues/781",
        FreeWithoutUsage,
        "every answer came with usage",
    ),
    Saboteur(
        "adds_a_call",
        Boundary.REPLY,
        ("call_added",),
        "reports a call of a tool that the provider did not make",
        "https://github.com/agno-agi/agno/issues/3826",
        AddsACall,
        NO_CALLS,
    ),
    Saboteur(
        "loses_calls",
        Boundary.REPLY,
        ("call_lost",),
        "loses calls of tools",
        "https://github.com/BerriAI/litellm/issues/33678",
        LosesCalls,
        NO_CALLS,
    ),
    Saboteur(
        "renames_calls",
        Boundary.REPLY,
        ("wrong_name",),
        "reports another tool than was called",
        "https://github.com/QwenLM/Qwen-Agent/pull/943",
        RenamesCalls,
        NO_CALLS,
    ),
    Saboteur(
        "same_ids",
        Boundary.REPLY,
        ("wrong_id",),
        "gives several calls of tools the same id",
        "https://github.com/huggingface/smolagents/pull/1958",
        SameIds,
        NO_CALLS,
    ),
    Saboteur(
        "repeats_arguments",
        Boundary.REPLY,
        ("arguments_changed",),
        "appends the arguments of a call to themselves",
        "https://github.com/BerriAI/litellm/issues/33678",
        RepeatsArguments,
        NO_CALLS,
    ),
)

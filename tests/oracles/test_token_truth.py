"""The exact oracles equal an independent second engine, on texts of all scripts and shapes."""

from __future__ import annotations

from importlib.resources import files

import pytest
import tokenizers
import toktok
from hypothesis import HealthCheck, Phase, given, seed, settings

from llminv.kinds.laws import texts
from llminv.kinds.laws.token_growth import SENTENCE
from llminv.kinds.laws.tokens import texts_by_name
from llminv.oracles.tokens import bpe, deepseek
from llminv.oracles.tokens.vocabulary import ENCODINGS


def drawn(number, examples_max):
    """So many texts, the long ones cut to what a test can afford."""
    found = []

    @settings(
        max_examples=examples_max,
        database=None,
        deadline=None,
        phases=(Phase.generate,),
        suppress_health_check=tuple(HealthCheck),
    )
    @seed(number)
    @given(texts.recipes(characters_max=800))
    def draw(recipe):
        found.append(recipe.text)

    draw()
    return [*texts_by_name().values(), *found]


FILE = tokenizers.Tokenizer.from_file(str(files(deepseek.PACKAGE) / "tokenizer.json"))
ADDED = [row.content for row in FILE.get_added_tokens_decoder().values()]


def is_plain(text):
    """Whether no special token of DeepSeek's stands in the text: the library reads those as such."""
    return not any(literal in text for literal in ADDED)


def differing(number, examples_max):
    """The texts on which two engines differ, with the name of the oracle."""
    said = drawn(number, examples_max)
    for name in ENCODINGS:
        for text, tokens in zip(said, toktok.batch_count(said, name), strict=True):
            if bpe.tokens_of(name, text) != tokens:
                yield name, text
    for text in filter(is_plain, said):
        if deepseek.tokens_of(text) != len(FILE.encode(text, add_special_tokens=False)):
            yield "deepseek", text


def test_both_engines_count_alike():
    assert list(differing(0, 500)) == []


@pytest.mark.deep
@pytest.mark.parametrize("number", range(1, 5))
def test_both_engines_count_alike_on_ten_thousand_texts(number):
    assert list(differing(number, 2_500)) == []


COUNTS = [
    *((lambda text, name=name: bpe.tokens_of(name, text)) for name in ENCODINGS[:2]),
    deepseek.tokens_of,
]


def shrinking(number, examples_max):
    """The texts of which some oracle says that a sentence on a line of its own adds nothing."""
    for text in drawn(number, examples_max):
        if is_plain(text) and any(count(f"{text}\n\n{SENTENCE}") <= count(text) for count in COUNTS):
            yield text


def test_a_sentence_more_is_more_tokens():
    assert list(shrinking(0, 200)) == []


@pytest.mark.deep
@pytest.mark.parametrize("number", range(1, 5))
def test_a_sentence_more_is_more_tokens_in_ten_thousand_texts(number):
    assert list(shrinking(number, 2_500)) == []


def test_characters_more_may_be_fewer_tokens():
    """So the law of growth is about a sentence, and not about any text."""
    assert bpe.tokens_of("o200k_base", " strawberr") > bpe.tokens_of("o200k_base", " strawberry")

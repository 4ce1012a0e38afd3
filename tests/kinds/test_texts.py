"""Texts as recipes: what is drawn, how long it is, and that every script is."""

import unicodedata

import pytest
from hypothesis import find, given, settings

from llminv.kinds.laws.texts import ASCII, CHARACTERS_MAX, LONG_ONE_IN, SCRIPTS, Recipe, recipes, scripts_of

# 4,000 tokens of four characters, the usual share of English.
CHARACTERS = 4_000 * 4


def drawn(strategy, count=300):
    found = []

    @settings(max_examples=count, database=None, derandomize=True)
    @given(strategy)
    def draw(recipe):
        found.append(recipe)

    draw()
    return found


def test_a_text_is_a_piece_said_so_many_times():
    assert Recipe("ab", 3).text == "ababab"
    assert Recipe("ab").text == "ab"


def test_texts_are_empty_short_and_rarely_long():
    lengths = sorted(len(recipe.text) for recipe in drawn(recipes()))
    assert lengths[0] == 0
    assert lengths[len(lengths) // 2] < 100
    assert CHARACTERS // 4 <= lengths[-1] <= CHARACTERS == CHARACTERS_MAX
    assert 0 < sum(length > 1_000 for length in lengths) < 4 * len(lengths) / LONG_ONE_IN


def test_no_text_is_longer_than_asked_for():
    lengths = [len(recipe.text) for recipe in drawn(recipes(characters_max=200))]
    assert 100 < max(lengths) <= 200


def test_every_script_is_drawn_and_only_those_asked_for():
    assert {name for recipe in drawn(recipes()) for name in scripts_of(recipe.text)} == SCRIPTS.keys()
    only = drawn(recipes(scripts=["cjk", "breaks"]), 100)
    assert {name for recipe in only for name in scripts_of(recipe.text)} == {"cjk", "breaks"}


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_stretch_is_of_its_script(name):
    assert all(name in scripts_of(stretch) for stretch in SCRIPTS[name])
    assert len(set(SCRIPTS[name])) == len(SCRIPTS[name])


def test_what_is_plain_is_ascii_alone():
    assert scripts_of("Hello, world.") == {ASCII}
    assert scripts_of("") == set()
    assert scripts_of("Hello, 漢") == {"cjk"}
    assert scripts_of("漢 data: [DONE]\u2028") == {"cjk", "sse", "breaks"}


def test_all_that_ends_a_line_for_somebody_is_there():
    breaks = {chr(code) for code in range(0x3000) if len(f"a{chr(code)}b".splitlines()) > 1}
    assert breaks - set("".join("".join(stretches) for stretches in SCRIPTS.values())) == {"\x1d", "\x1e"}


def test_every_stretch_can_be_sent_as_utf_8():
    for stretches in SCRIPTS.values():
        assert "".join(stretches).encode().decode() == "".join(stretches)
        assert all(unicodedata.category(character) != "Cs" for character in "".join(stretches))


@pytest.mark.parametrize(
    ("meets", "least"),
    [
        (lambda recipe: "\u2028" in recipe.text, Recipe("\u2028")),
        (lambda recipe: len(recipe.text.encode()) > len(recipe.text), Recipe("é")),
        (lambda recipe: not recipe.text, Recipe("")),
    ],
)
def test_a_text_shrinks_to_the_least(meets, least):
    settings_ = settings(database=None, derandomize=True, max_examples=2_000)
    assert find(recipes(), meets, settings=settings_) == least

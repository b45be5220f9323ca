"""The manual pages say what the tables say."""

import itertools
from pathlib import Path

import pytest

from flexdrive.hyperdrive.descriptor.encoding import Descriptor
from flexdrive.hyperdrive.descriptor.fields import DESCRIPTOR_WORDS, EXTENDED_WORDS, FIELDS
from flexdrive_sim.manual import PAGES

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_page_is_up_to_date(name):
    assert (DOCS / name).read_text() == PAGES[name](), "run python -m flexdrive_sim.manual"


def test_fields_fill_the_words_without_overlap():
    bits = sorted((field.offset, field.offset + field.width) for field in FIELDS)
    assert bits[0][0] == 0
    assert bits[-1][1] == 32 * EXTENDED_WORDS
    assert all(end == start for (_, end), (start, _) in itertools.pairwise(bits))


def test_words_and_back():
    fields = {field.name: (1 << field.width) - 1 for field in FIELDS}
    assert Descriptor.from_words(Descriptor(**fields).words()) == Descriptor(**fields)
    plain = Descriptor(**{field.name: (1 << field.width) - 1 for field in FIELDS
                          if field.word < DESCRIPTOR_WORDS} | {"extended": 0})
    assert len(plain.words()) == DESCRIPTOR_WORDS
    assert Descriptor.from_words(plain.words()) == plain
    with pytest.raises(ValueError, match=r"field row_taps = 1 needs extended = 1"):
        Descriptor(row_taps=1).words()
    with pytest.raises(ValueError, match=r"field kernel = 16 does not fit 4 bits"):
        Descriptor(kernel=16).words()

"""Which export an answer answers: told by its numbers alone, and refused where it is somebody else's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi_gate.archive import Export
from agi_gate.columns import Numbers
from agi_gate.ops.matching import NO_EXPORT, Match, MatchError, match

EXPORTED_AT = datetime(2026, 10, 11, 9, tzinfo=UTC)
LATER = EXPORTED_AT + timedelta(days=5)


def span(begin: int, end: int) -> Numbers:
    """Numbers by their last digits: 0 is +393331230000."""
    return np.arange(393_331_230_000 + begin, 393_331_230_000 + end)


class Archived:
    """Exports as the archive has them, and whose numbers were read."""

    def __init__(self) -> None:
        self._numbers: dict[str, Numbers] = {}
        self.newest_first: list[Export] = []
        self.read: list[str] = []

    def add(self, run: str, *parts: Numbers, controller: str = "acme", hour: int = 0) -> None:
        exports = [Export(run, controller, EXPORTED_AT + timedelta(hours=hour), nth, len(parts), "f", "", len(numbers),
                          int(numbers[0]), int(numbers[-1]), 0, "") for nth, numbers in enumerate(parts, 1)]
        self.newest_first = [*exports, *self.newest_first]
        self._numbers |= {export.id: numbers for export, numbers in zip(exports, parts, strict=True)}

    def numbers(self, export: Export) -> Numbers:
        self.read.append(export.id)
        return self._numbers[export.id]

    def match(self, answer: Numbers, checked_at: datetime = LATER, export_id: str | None = None,
              controller: str = "acme") -> Match | None:
        return match(answer, controller, checked_at, self.newest_first, self.numbers, export_id)

    def found(self, answer: Numbers, **more: object) -> str | None:
        answered = self.match(answer, **more)  # type: ignore[arg-type]
        return None if answered is None else answered.export_id


@pytest.fixture
def archived() -> Archived:
    """One export of acme, 100 numbers."""
    exports = Archived()
    exports.add("a", span(0, 100))
    return exports


def test_an_answer_to_all_numbers_matches_and_misses_none(archived: Archived) -> None:
    answered = archived.match(span(0, 100))
    assert answered is not None
    assert (answered.export_id, answered.sent, len(answered.missing), len(answered.never_sent)) == ("a", 100, 0, 0)


def test_numbers_that_are_missing_from_the_answer_are_told(archived: Archived) -> None:
    answered = archived.match(np.delete(span(0, 100), [3, 50]))
    assert answered is not None and answered.missing.tolist() == span(0, 100)[[3, 50]].tolist()


@pytest.mark.parametrize(("answer", "never_sent"), (
    (np.append(span(0, 100), span(100, 101)), 1), (span(30, 110), 10), (span(1, 198), 98),
    (np.append(np.array([1]), span(0, 100)), 1)),
    ids=("one after", "ten after", "nearly half", "one before"))
def test_numbers_that_were_never_sent_are_refused_with_the_rest_at_hand(
        archived: Archived, answer: Numbers, never_sent: int) -> None:
    with pytest.raises(MatchError, match=f"answers export `a`, but {never_sent} of its {len(answer)} numbers") as error:
        archived.match(answer)
    assert error.value.never_sent.tolist() == np.setdiff1d(answer, span(0, 100)).tolist()
    assert error.value.match is not None and error.value.match.export_id == "a"
    assert not any(str(number) in str(error.value) for number in answer.tolist() if number > 1)


@pytest.mark.parametrize(("answer", "is_one"), (
    (span(49, 150), True), (span(50, 150), False), (span(51, 150), False), (span(99, 101), False),
    (span(100, 200), False), (span(99, 100), True)),
    ids=("51 of 101", "half", "under half", "1 of 2", "none", "1 of 1"))
def test_a_file_answers_an_export_that_held_most_of_its_numbers(
        archived: Archived, answer: Numbers, is_one: bool) -> None:
    try:
        assert (archived.match(answer) is not None) == is_one
    except MatchError:
        assert is_one


def test_where_nothing_was_exported_a_file_answers_nothing() -> None:
    assert Archived().match(span(0, 100)) is None


def test_an_empty_answer_answers_nothing(archived: Archived) -> None:
    assert archived.match(span(0, 0)) is None


@pytest.mark.parametrize(("after", "is_one"), (
    (timedelta(0), True), (timedelta(microseconds=1), True), (-timedelta(microseconds=1), False)), ids=str)
def test_what_was_exported_after_the_answer_was_not_asked_yet(
        archived: Archived, after: timedelta, is_one: bool) -> None:
    assert (archived.match(span(0, 100), EXPORTED_AT + after) is not None) == is_one


# --- several that fit

def test_of_several_the_one_with_the_fewest_missing(archived: Archived) -> None:
    archived.add("wider", span(0, 110), hour=1)
    archived.add("widest", span(0, 120), hour=2)
    assert archived.found(span(0, 100)) == "a"
    assert archived.found(span(0, 105)) == "wider"
    assert archived.found(span(0, 99)) == "a"


def test_one_that_holds_all_numbers_before_one_that_is_nearer_but_does_not(archived: Archived) -> None:
    archived.add("wide", span(0, 500), hour=1)
    assert archived.found(span(0, 101)) == "wide"


def test_of_equals_the_newest(archived: Archived) -> None:
    archived.add("again", span(0, 100), hour=1)
    assert archived.found(span(0, 100)) == "again"
    assert archived.found(span(0, 90)) == "again"
    assert archived.found(span(0, 100), checked_at=EXPORTED_AT + timedelta(minutes=30)) == "a"


def test_a_part_or_all_parts_of_a_run_are_answered() -> None:
    archived = Archived()
    archived.add("r", span(0, 100), span(100, 200), span(200, 250))
    assert [archived.found(answer) for answer in (span(0, 100), span(100, 200), span(200, 250), span(0, 250))] == [
        "r.1", "r.2", "r.3", "r"]
    answered = archived.match(span(0, 200))
    assert answered is not None and (answered.export_id, len(answered.missing), answered.sent) == ("r", 50, 250)
    assert [part.id for part in answered.parts] == ["r.1", "r.2", "r.3"]


# --- other controllers

@pytest.fixture
def of_two(archived: Archived) -> Archived:
    archived.add("b", span(40, 240), controller="beta", hour=1)
    return archived


def test_an_answer_to_another_controller_is_refused(of_two: Archived) -> None:
    for answer in (span(40, 240), span(100, 240), span(45, 235), span(100, 250)):
        with pytest.raises(MatchError, match="answers export `b` of controller `beta`, not `acme`.*--controller beta, "
                                             "or say otherwise with --export (none|a)$"):
            of_two.match(answer)
    assert of_two.found(span(40, 240), controller="beta") == "b"


def test_an_answer_that_another_s_export_holds_too_is_this_one_s(of_two: Archived) -> None:
    of_two.add("same", span(0, 100), controller="beta", hour=2)
    assert of_two.found(span(0, 100)) == "a"
    assert of_two.found(span(40, 100)) == "a"  # within both, and exactly neither


def test_an_exact_answer_to_another_is_refused_even_where_this_one_s_export_holds_it(of_two: Archived) -> None:
    of_two.add("part", span(0, 60), controller="beta", hour=2)
    with pytest.raises(MatchError, match="answers export `part` of controller `beta`.*with --export a$"):
        of_two.match(span(0, 60))
    assert of_two.found(span(0, 60), export_id="a") == "a"
    assert of_two.found(span(0, 61)) == "a"


def test_numbers_never_sent_by_this_one_but_all_by_another_are_the_other_s(of_two: Archived) -> None:
    with pytest.raises(MatchError, match="of controller `beta`"):
        of_two.match(span(45, 110))
    with pytest.raises(MatchError, match="answers export `a`, but 5 of its 80 numbers"):
        of_two.match(span(25, 105))


def test_another_s_export_of_later_is_no_hindrance(of_two: Archived) -> None:
    assert of_two.match(span(100, 240), checked_at=EXPORTED_AT + timedelta(minutes=30)) is None


# --- told which

def test_a_told_export_is_the_only_one_compared(archived: Archived) -> None:
    archived.add("better", span(0, 50), hour=1)
    answered = archived.match(span(0, 50), export_id="a")
    assert answered is not None and (answered.export_id, len(answered.missing)) == ("a", 50)
    assert archived.read == ["a"]


def test_a_told_export_still_refuses_what_it_never_sent(archived: Archived) -> None:
    with pytest.raises(MatchError, match="but 90 of its 100 numbers") as error:
        archived.match(span(90, 190), export_id="a")
    assert len(error.value.never_sent) == 90


def test_a_run_or_a_part_may_be_told() -> None:
    archived = Archived()
    archived.add("r", span(0, 100), span(100, 200))
    assert [archived.found(span(0, 10), export_id=id_) for id_ in ("r", "r.1")] == ["r", "r.1"]
    with pytest.raises(MatchError, match="10 of its 10 numbers"):
        archived.match(span(0, 10), export_id="r.2")


def test_a_file_said_to_answer_none_is_compared_with_none(of_two: Archived) -> None:
    assert of_two.match(span(40, 240), export_id=NO_EXPORT) is None and of_two.read == []


@pytest.mark.parametrize("export_id", ("c", "", "a.1", "A"))
def test_an_unknown_export_is_refused_with_the_newest_known(of_two: Archived, export_id: str) -> None:
    for hour in range(3, 9):
        of_two.add(f"n{hour}", span(0, 1), hour=hour)
    with pytest.raises(MatchError, match=f"`{export_id}` is no export of the archive; the newest of controller `acme`: "
                                         "n8, n7, n6, n5, n4$") as error:
        of_two.match(span(0, 100), export_id=export_id)
    assert not len(error.value.never_sent)


def test_a_told_export_of_another_controller_or_of_later_is_refused(of_two: Archived) -> None:
    with pytest.raises(MatchError, match="export `b` is of controller `beta`, not `acme`"):
        of_two.match(span(40, 240), export_id="b")
    with pytest.raises(MatchError, match="was made at 2026-10-11T09:00:00.00:00, after --checked-at"):
        of_two.match(span(0, 100), EXPORTED_AT - timedelta(seconds=1), export_id="a")


# --- what it costs

def test_the_first_exact_fit_ends_the_search(archived: Archived) -> None:
    for hour in range(1, 5):
        archived.add(f"n{hour}", span(0, 100 + hour % 3), hour=hour)
    assert archived.found(span(0, 101)) == "n4" and archived.read == ["n4"]


def test_what_counts_and_ranges_tell_is_not_read(archived: Archived) -> None:
    archived.add("elsewhere", span(500, 900), hour=1)
    archived.add("too small", span(0, 49), hour=2)
    archived.add("other's", span(500, 900), controller="beta", hour=3)
    assert archived.found(span(0, 99)) == "a" and archived.read == ["a"]


# --- against a plain reading of the rules

sets_of_numbers = st.frozensets(st.integers(0, 12), min_size=1)


@given(answer=sets_of_numbers, sent=st.lists(sets_of_numbers, max_size=5))
def test_the_quick_search_finds_what_a_plain_one_does(answer: frozenset[int], sent: Sequence[frozenset[int]]) -> None:
    archived = Archived()
    for hour, numbers in enumerate(sent):
        archived.add(f"n{hour}", np.array(sorted(numbers), np.int64), hour=hour)
    fits = [(len(answer - numbers), len(numbers - answer), -hour) for hour, numbers in enumerate(sent)
            if len(answer & numbers) * 2 > len(answer)]
    expected = min(fits, default=None)
    given_answer = np.array(sorted(answer), np.int64)
    found: Callable[[], Match | None] = lambda: archived.match(given_answer)  # noqa: E731
    if expected is None:
        assert found() is None
    elif expected[0]:
        with pytest.raises(MatchError) as error:
            found()
        assert error.value.match is not None and error.value.match.export_id == f"n{-expected[2]}"
    else:
        answered = found()
        assert answered is not None and answered.export_id == f"n{-expected[2]}"
        assert len(answered.missing) == expected[1]

"""A history counts each change once, whoever writes at the same time; a deleted or changed entry is seen."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.results.history import Change, Entry, History, adopted, digest_of, next_change, read_history
from tests.support.memory_registry import AUTHOR, entry


def change(history: History, live: str, **more) -> Change:
    return next_change(history, AUTHOR, command="promote", live=live, because="a reason", **more)


def chain(*versions: str) -> list[Entry]:
    entries: list[Entry] = []
    for number, version in enumerate(versions, 1):
        entries.append(entry(number, change(read_history(entries), version)))
    return entries


def test_each_change_says_what_was_live_before_it():
    history = read_history(chain("1", "2", "1"))
    assert [(written.change.was, written.change.live) for written in history.entries] == [
        (None, "1"),
        ("1", "2"),
        ("2", "1"),
    ]
    assert (history.live, history.previous, history.faults) == ("1", "2", ())


def test_going_back_twice_goes_back_two_versions_and_not_to_the_one_that_was_left():
    entries = chain("1", "2", "3")
    for live, then in (("2", "1"), ("1", None)):
        assert read_history(entries).previous == live
        back = next_change(read_history(entries), AUTHOR, command="rollback", live=live, because="x", pinned=True)
        entries.append(entry(len(entries) + 1, back))
        assert read_history(entries).previous == then
    entries.append(entry(len(entries) + 1, change(read_history(entries), "3")))
    assert read_history(entries).previous == "1"


def test_an_empty_history_says_nothing():
    history = read_history([])
    assert (history.live, history.pin, history.previous, history.since, history.last) == (None,) * 5
    assert history.trusted


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=3), min_size=1, max_size=5), st.randoms())
def test_of_those_who_write_after_the_same_entry_the_first_counts_and_no_other_ever(rounds, random):
    entries, won = [], []
    for versions in rounds:
        history = read_history(entries)
        for version in versions:
            entries.append(entry(len(entries) + 1, change(history, str(version))))
        won.append(str(versions[0]))
    random.shuffle(entries)
    history = read_history(entries)
    assert [written.change.live for written in history.entries] == won
    assert history.faults == ()


@given(st.integers(2, 7), st.data())
def test_an_entry_that_was_deleted_changed_or_moved_is_seen(length, data):
    entries = chain(*[str(number % 3) for number in range(length)])
    index = data.draw(st.integers(0, length - 1))
    what = data.draw(st.sampled_from(["delete", "change", "forge", "swap"]))
    other = data.draw(st.integers(0, length - 1).filter(lambda number: number != index))
    head = read_history(entries).head
    if what == "delete":
        del entries[index]
    elif what == "swap":
        first, second = entries[index], entries[other]
        entries[index], entries[other] = replace(second, number=first.number), replace(first, number=second.number)
    else:
        text = entries[index].text.replace("a reason", "another reason")
        promised = entries[index].promised if what == "change" else digest_of(text)
        entries[index] = replace(entries[index], text=text, promised=promised)
    history = read_history(entries, {"this project": head})
    assert history.faults
    assert not history.trusted


def test_who_lost_stays_lost_though_the_entry_that_was_first_is_deleted():
    entries = chain("1")
    base = read_history(entries)
    entries += [entry(2, change(base, "2")), replace(entry(3, change(base, "3")), void=True)]
    del entries[1]
    history = read_history(entries)
    assert (history.live, history.faults) == ("1", ("entry 2 was deleted",))


def test_a_person_may_write_on_a_history_that_is_not_whole_and_later_faults_are_seen_all_the_same():
    entries = chain("1", "2", "3", "1")
    del entries[1]
    broken = read_history(entries)
    entries.append(entry(5, change(broken, "2", faults_seen=broken.faults)))
    assert read_history(entries).trusted
    entries.append(entry(6, change(read_history(entries), "1")))
    del entries[-2]
    assert not read_history(entries).trusted


def test_an_entry_of_another_program_is_named():
    history = read_history([Entry(1, "{}", digest_of("{}"), done=True)])
    assert history.faults == ("entry 1 cannot be read; it was changed, or written by a newer gallop",)


def test_a_pin_holds_until_it_is_taken_off_and_keeps_its_author():
    entries = chain("1", "2")
    entries.append(entry(3, change(read_history(entries), "1", pinned=True)))
    assert read_history(entries).pin.live == "1"
    kept = next_change(read_history(entries), AUTHOR, command="model-selection", live="1", because="no better")
    entries.append(entry(4, kept))
    assert read_history(entries).pin == entries[2].change
    assert [written.number for written in read_history(entries).changes] == [1, 2, 3]
    entries.append(entry(5, change(read_history(entries), "1", pinned=False)))
    assert read_history(entries).pin is None
    assert [written.number for written in read_history(entries).changes] == [1, 2, 3, 5]


@pytest.mark.parametrize(("before", "pinned"), [([], False), (["1"], True)])
def test_an_alias_moved_by_other_means_is_taken_over_and_pinned_unless_the_history_begins_with_it(before, pinned):
    taken = adopted(read_history(chain(*before)), "7", AUTHOR)
    assert (taken.live, taken.pinned, taken.command) == ("7", pinned, "outside gallop")

"""Bad input: a clear sentence, an exit code of its own, no traceback, and the outputs of the run before intact."""

from collections.abc import Callable

import pytest

from tests.support.checkouts import Checkout


def replace_raw(project: Checkout, change: Callable[[bytes], bytes]) -> None:
    """Give the project another raw table, as a person does who brings a table of their own: without a pointer."""
    raw = project.folder / "data/raw/raw_data.csv"
    content = change(raw.read_bytes())
    raw.unlink()
    raw.write_bytes(content)
    raw.with_name("raw_data.csv.dvc").unlink()


def without_column(content: bytes) -> bytes:
    return content.replace(b"n_visits", b"visits_in_all", 1)


def with_words_for_numbers(content: bytes) -> bytes:
    head, *rows = content.splitlines(keepends=True)
    return head + b"".join(row.rsplit(b",", 1)[0] + b",many\n" for row in rows)


def cut_in_a_row(content: bytes) -> bytes:
    return content[: len(content) // 2 - len(content[: len(content) // 2].rsplit(b"\n", 1)[1]) + 20]


def one_class(content: bytes) -> bytes:
    head, *rows = content.splitlines(keepends=True)
    return head + b"".join(b",".join([*row.split(b",")[:1], b"1", *row.split(b",")[2:]]) for row in rows)


def three_labels(content: bytes) -> bytes:
    head, *rows = content.splitlines(keepends=True)
    first = rows[0].split(b",")
    return head + b",".join([first[0], b"2", *first[2:]]) + b"".join(rows[1:])


def in_latin_1(content: bytes) -> bytes:
    head, first, *rows = content.splitlines(keepends=True)
    return head + first.replace(b"organic", "böök".encode("latin-1")) + b"".join(rows)


CASES = [
    pytest.param(without_column, 10, ["no column 'n_visits'", "the header has"], id="a missing column"),
    pytest.param(
        with_words_for_numbers, 11, ["row 3, column 'n_visits': 'many'", "a decimal number"], id="a wrong type"
    ),
    pytest.param(lambda _: b"", 12, ["the file is empty"], id="an empty file"),
    pytest.param(lambda content: content.splitlines(keepends=True)[0], 12, ["no rows"], id="a header alone"),
    pytest.param(cut_in_a_row, 13, ["the header has 19", "cut"], id="a file cut in the middle of a row"),
    pytest.param(one_class, 14, ["'lead_indicator'", "at least 10 leads of each"], id="one class only"),
    pytest.param(
        three_labels, 15, ["row 1, column 'lead_indicator'", "['2']", "['1', '0']"], id="a label with three values"
    ),
    pytest.param(in_latin_1, 16, ["row 1", "0xf6 is not UTF-8"], id="an unreadable encoding"),
]


@pytest.mark.parametrize(("change", "code", "words"), CASES)
def test_is_refused_with_its_own_exit_code_and_the_old_outputs_stay(
    real: Checkout, change: Callable[[bytes], bytes], code: int, words: list[str]
) -> None:
    before = real.outputs()
    replace_raw(real, change)
    printed = real.gallop("data-clean", code=code)
    assert "raw_data.csv" in printed
    for word in words:
        assert word in printed
    assert real.outputs() == before


def test_a_stages_exit_code_is_the_runs_exit_code(real: Checkout) -> None:
    before = real.outputs()
    replace_raw(real, three_labels)
    printed = real.gallop("run", code=15)
    assert "data-clean failed" in printed
    assert "['2']" in printed
    assert real.outputs() == before


def test_a_damaged_raw_file_is_refused_and_the_pin_stays(real: Checkout) -> None:
    before = real.outputs()
    raw, pointer = real.folder / "data/raw/raw_data.csv", real.folder / "data/raw/raw_data.csv.dvc"
    pinned, content = pointer.read_text(), bytearray(raw.read_bytes())
    content[5000] ^= 1
    raw.unlink()
    raw.write_bytes(bytes(content))
    for command in ("run", "data-clean"):
        printed = real.gallop(command, code=17)
        assert "raw_data.csv.dvc pins 05663184eaf8f324162e4d1bc14be387" in printed
    assert real.outputs() == before
    assert pointer.read_text() == pinned


def test_a_wrong_setting_is_refused_before_any_work(real: Checkout) -> None:
    before = real.outputs()
    params = real.folder / "params.yaml"
    params.write_text(params.read_text().replace("test_share: 0.15", "test_shore: 0.15"))
    assert "split.test_shore: unknown key" in real.gallop("run", code=3)
    assert real.outputs() == before


def test_a_folder_without_settings_is_no_project(fresh: Checkout) -> None:
    (fresh.folder / "params.yaml").unlink()
    assert "params.yaml: no such file" in fresh.gallop("run", code=3)


def test_a_stage_before_its_turn_says_what_to_run_first(fresh: Checkout) -> None:
    assert "run the earlier stages first" in fresh.gallop("data-preprocess", code=21)


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        pytest.param(b"lead_id,source\n1,signup\n", 10, "no column 'purchases'", id="lacks columns"),
        pytest.param(b"", 12, "the file is empty", id="is empty"),
        pytest.param(b"a,b\n1,2,3\n", 13, "row 1 has 3 values, the header has 2", id="is ragged"),
    ],
)
def test_leads_that_cannot_be_read_are_not_scored(real: Checkout, content: bytes, code: int, words: str) -> None:
    (real.folder / "leads.csv").write_bytes(content)
    assert words in real.gallop("score", "leads.csv", "-o", "scores.csv", code=code)
    assert not (real.folder / "scores.csv").exists()


def test_an_impossible_lead_is_set_aside_and_the_others_are_scored(real: Checkout) -> None:
    header = "lead_id,source,purchases,time_spent,customer_group,onboarding,n_visits\n"
    rows = "a,signup,5,100,2,True,9\nb,signup,-5,100,2,True,9\nc,signup,5,100,12,True,9\n"
    (real.folder / "leads.csv").write_text(header + rows)
    printed = real.gallop("score", "leads.csv", "-o", "scores.csv")
    assert len((real.folder / "scores.csv").read_text().splitlines()) == 2
    assert "purchases_below_minimum 1, customer_group_unknown 1" in printed


def test_the_reason_why_dvc_refuses_a_run_is_shown(real: Checkout) -> None:
    params = real.folder / "params.yaml"
    params.write_text(params.read_text().split("\nleaks:")[0] + "\n")
    printed = real.gallop("run", code=34)
    assert "leaks" in printed
    assert "dvc repro failed" in printed

"""Hostile model files get nothing done: by the reader, in a bundle whose hashes agree, by `audit` and `validate`."""

import subprocess
import sys
from pathlib import Path

import pytest

from gallop.artifacts import bundle
from gallop.artifacts.audit import AuditSettings, audit_file
from gallop.artifacts.contract import Contract, check_foreign
from gallop.artifacts.model_classes import TRACKED
from gallop.artifacts.safe_pickle import unpickle
from gallop.errors import ChecksumError, ContractError, UnsafeModelError
from tests.support.bundles import resealed
from tests.support.checkouts import GALLOP
from tests.support.hostile import COLUMNS, HOSTILE, LABELS, ROWS, UNFITTED, Hostile, name, program, word

REFUSED = (UnsafeModelError, ContractError)
BY_NAME = {hostile.name: hostile for hostile in HOSTILE}
CONTRACT = Contract(tuple(COLUMNS), ROWS.to_numpy()[:5], LABELS[:5].astype(float))

every_hostile = pytest.mark.parametrize("hostile", HOSTILE, ids=list(BY_NAME))


def test_there_are_enough_of_them() -> None:
    assert len(BY_NAME) == len(HOSTILE) >= 100


def test_with_pythons_own_reader_they_get_their_way(tmp_path: Path) -> None:
    code = (
        "import pathlib, pickle, sys, warnings\n"
        "from tests.support.hostile import HOSTILE, ROWS\n"
        "warnings.simplefilter('ignore')\n"
        "for number, title in enumerate(sys.argv[2:]):\n"
        "    hostile = next(hostile for hostile in HOSTILE if hostile.name == title)\n"
        "    canary = pathlib.Path(sys.argv[1], str(number))\n"
        "    content = hostile.content(canary)\n"
        "    try: pickle.loads(content).predict_proba(ROWS)\n"
        "    except Exception: pass\n"
    )
    biting = [
        *("called: system", "called: eval", "called: a state that is a call", "called: an element that is a call"),
        *("called: a call in a name", "called: the argument of a call", "called: the items of a dictionary"),
        *("inside: a hidden predict_proba", "inside: a hidden decision_function", "inside: a vote"),
        *("inside: a function as a step", "inside: a first guess"),
        *("machine: something dropped", "machine: the pickle of a text", "machine: an older protocol"),
    ]
    subprocess.run([sys.executable, "-c", code, str(tmp_path), *biting], check=True, timeout=120)
    silent = [title for number, title in enumerate(biting) if not (tmp_path / str(number)).exists()]
    assert silent == []


@pytest.fixture(scope="module")
def canaries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a hostile file would leave its trace; empty."""
    return tmp_path_factory.mktemp("canaries")


@pytest.fixture(scope="module")
def contents(canaries: Path) -> dict[str, bytes]:
    """The hostile files, by name."""
    return {title: hostile.content(canaries / "canary") for title, hostile in BY_NAME.items()}


LEFT_TO_THE_PROCESS = frozenset(
    {
        *(title for title in BY_NAME if title.startswith("trees: ")),
        *("inside: a pipeline without an end", "inside: steps that are no tuples", "inside: steps the wrong way round"),
        *("inside: an attribute twice", "pointers: many axes", "pointers: a huge axis", "pointers: lists as elements"),
        *("pointers: a dtype with metadata", "pointers: the other byte order", "pointers: other truths"),
        *("pointers: no characters", "pointers: a generator by name", "pointers: the same bytes often"),
        *("pointers: a slice that is called", "machine: a memory far away", "machine: two protocols"),
        "pointers: numbers that are followed",
        *("machine: a frame too long", "machine: a number of a million digits"),
    }
)
"""Odd or damaged models of accepted classes: nothing in them is code. Asking one may fail, or crash the process that
asks, which is why strangers' files are asked in a process of their own."""


@pytest.mark.parametrize("title", sorted(BY_NAME.keys() - LEFT_TO_THE_PROCESS))
def test_a_hostile_file_is_refused_and_runs_nothing(title: str, contents: dict[str, bytes], canaries: Path) -> None:
    for own in (False, True):
        with pytest.raises(REFUSED, match=r"^model\.pkl: ") as refusal:
            unpickle(contents[title], Path("model.pkl"), own=own)
        assert str(refusal.value).isprintable()
    assert list(canaries.iterdir()) == []


@pytest.mark.parametrize(("module", "called"), sorted({(of.module, of.name) for of in TRACKED}))
def test_no_accepted_name_can_be_called_as_one_likes(tmp_path: Path, module: str, called: str) -> None:
    canary = str(tmp_path / "canary")
    it = name(module, called)
    attacks = [
        program(it, word(canary), b"\x85R"),
        program(it, word(canary), b"\x85\x81"),
        program(it, b")R"),
        program(it),
        program(it, b")\x81}", word("predict_proba"), word(canary), b"sb"),
        program(it, b")\x81}", word("predict_proba"), it, b"sb"),
        program(it, b")\x81", word(canary), b"b"),
        program(it, b")\x81N}", word("__class__"), it, b"s\x86b"),
        program(UNFITTED, b"}", word("C"), it, word(canary), b"\x85Rsb"),
        program(UNFITTED, b"}", word("random_state"), it, b")Rsb"),
        program(it, it, b"\x85R"),
    ]
    for content in attacks:
        for own in (False, True):
            with pytest.raises(REFUSED):
                unpickle(content, Path("model.pkl"), own=own)
    assert list(tmp_path.iterdir()) == []


def test_no_bundle_runs_anything_even_where_its_hashes_agree(
    folder: Path, contents: dict[str, bytes], canaries: Path
) -> None:
    for title, content in contents.items():
        for file in ("live/arrays.npz", "live/model.json", "golden.json"):
            good = (folder / file).read_bytes()
            resealed(folder, file, content)
            with pytest.raises(ChecksumError):
                bundle.load_bundle(folder)
            resealed(folder, file, good)
        assert list(canaries.iterdir()) == [], title


def files(folder: Path, hostile: Hostile) -> tuple[Path, Path]:
    """The hostile file, and its canary."""
    canary = folder / "canary"
    (folder / "model.pkl").write_bytes(hostile.content(canary))
    return folder / "model.pkl", canary


@pytest.mark.parametrize("title", ["called: a cache", "inside: a hidden decision_function"])
def test_the_audits_command_line_runs_nothing(tmp_path: Path, title: str) -> None:
    model, canary = files(tmp_path, BY_NAME[title])
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    (tmp_path / "labels.csv").write_text("y\n" + "\n".join(map(str, LABELS)) + "\n")
    command = [str(GALLOP), "audit", "model.pkl", "--rows", "rows.csv", "--labels", "labels.csv"]
    audited = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert audited.returncode == 24
    assert "Traceback" not in audited.stderr
    assert not canary.exists()
    assert model.is_file()


@pytest.mark.parametrize("title", ["inside: a pipeline's cache by name", "pointers: an array by address"])
def test_the_validation_runs_nothing(tmp_path: Path, title: str) -> None:
    model, canary = files(tmp_path, BY_NAME[title])
    with pytest.raises(UnsafeModelError, match=r"model\.pkl"):
        check_foreign(model.read_bytes(), CONTRACT, model)
    assert not canary.exists()


@pytest.mark.parametrize("title", ["trees: XGBoost in a circle"])
def test_a_damaged_model_that_crashes_or_hangs_its_process_is_a_sentence_or_a_figure(
    tmp_path: Path, title: str
) -> None:
    answer_or_sentence(tmp_path, BY_NAME[title])


@pytest.mark.slow
@every_hostile
def test_no_hostile_file_runs_anything_in_audit_or_validate(tmp_path: Path, hostile: Hostile) -> None:
    answer_or_sentence(tmp_path, hostile)


def answer_or_sentence(folder: Path, hostile: Hostile) -> None:
    """Audit and validate a hostile file: what is not refused gives figures, and nothing else happens."""
    model, _ = files(folder, hostile)
    refused = 0
    for judge in (
        lambda: audit_file(model, ROWS, LABELS.astype(float), AuditSettings()),
        lambda: check_foreign(model.read_bytes(), CONTRACT, model),
    ):
        try:
            judge()
        except REFUSED:
            refused += 1
    assert refused == 2 or hostile.name in LEFT_TO_THE_PROCESS
    assert list(folder.iterdir()) == [model]

"""Two projects at one MLflow server, and champions that nobody can compare with: nothing is promoted by accident."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

from gallop.flow.init import model_name
from tests.support.checkouts import Checkout


def row(number: int) -> str:
    return f"{number},{'ab'[number % 2]},{number % 7},{int(number % 5 == 0)}"


def write_table(path: Path, column: str, rows: int = 300) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([f"id,kind,{column},bought", *(row(number) for number in range(rows))]) + "\n")
    return path


def model_of(project: Path) -> str:
    found = re.search(r"^  model: (\S+)", (project / "params.yaml").read_text(), re.MULTILINE)
    assert found
    return found[1]


def test_projects_of_different_tables_register_under_different_names(tmp_path: Path) -> None:
    here = Checkout(tmp_path)
    names = []
    for number, folder in enumerate(("north", "south")):
        table = write_table(tmp_path / folder / "leads.csv", "visits", rows=300 + 10 * number)
        here.gallop("init", table, "--label", "bought", "--into", f"p{number}")
        names.append(model_of(tmp_path / f"p{number}"))
    assert all(name.startswith("leads_") for name in names)
    assert names[0] != names[1]
    assert model_name("a", tmp_path / "north/leads.csv") != model_name("b", tmp_path / "north/leads.csv")


def champion(database: Path) -> str:
    with closing(sqlite3.connect(database)) as store:
        return str(store.execute("select version from registered_model_aliases where alias = 'champion'").fetchone()[0])


def test_a_project_never_compares_replaces_or_deploys_anothers_champion(little: Checkout, tmp_path: Path) -> None:
    other = little.copy(tmp_path / "other")
    params = other.folder / "params.yaml"
    model = model_of(little.folder)
    params.write_text(params.read_text().replace("name: leads ", "name: others "))
    other.environment["MLFLOW_TRACKING_URI"] = f"sqlite:///{little.folder / 'mlflow.db'}"
    deployed = (other.folder / "models/deployed").readlink()
    for command in ("model-selection", "deploy"):
        printed = " ".join(other.gallop(command, code=38).split())
        assert f"version 1 of the registered model {model!r} is of the project 'leads', this is 'others'" in printed
        assert "give project.model in params.yaml a name that no other project has" in printed
    with closing(sqlite3.connect(little.folder / "mlflow.db")) as store:
        assert store.execute("select count(*) from model_versions where name = ?", (model,)).fetchone() == (1,)
    assert (other.folder / "models/deployed").readlink() == deployed
    params.write_text(params.read_text().replace(f"model: {model}", "model: others"))
    assert "promoted" in other.gallop("model-selection")
    other.gallop("deploy")


def own_artifacts(project: Checkout, original: Checkout) -> None:
    """MLflow keeps whole paths: those of a copied project lead to the copy from here on."""
    places = {
        "experiments": ["artifact_location"],
        "runs": ["artifact_uri"],
        "logged_models": ["artifact_location"],
        "model_versions": ["source", "storage_location"],
    }
    with closing(sqlite3.connect(project.folder / "mlflow.db")) as store:
        for table, columns in places.items():
            for column in columns:
                change = f"update {table} set {column} = replace({column}, ?, ?)"
                store.execute(change, (str(original.folder), str(project.folder)))
        # The registry's only version, which is the champion, is no longer today's candidate.
        store.execute("update model_version_tags set value = 'another' where key = 'digest'")
        store.commit()


def test_a_champion_that_cannot_be_compared_stays_until_a_person_says_so(
    little: Checkout, little_run: Checkout
) -> None:
    own_artifacts(little, little_run)
    database = little.folder / "mlflow.db"
    with closing(sqlite3.connect(database)) as store:
        [source] = store.execute("select source from model_versions").fetchone()
    [manifest] = (little.folder / "mlruns/models" / source.partition("/")[2]).rglob("manifest.json")
    whole = manifest.read_bytes()
    older = json.loads(whole)
    older["layout"] -= 1
    for content in (json.dumps(older), "{}", None):
        manifest.unlink(missing_ok=True)
        if content is not None:
            manifest.write_text(content)
        printed = " ".join(little.gallop("model-selection").split())
        assert "version 2 not promoted: the champion, version 1, cannot be compared: it cannot be loaded" in printed
        assert "set selection.replace_champion: 1 in params.yaml" in printed
        assert champion(database) == "1"
        little.gallop("deploy", code=17)
    params = little.folder / "params.yaml"
    for version, now in ((7, "1"), (1, "2")):
        text = re.sub(r"\n  replace_champion: \d+", "", params.read_text())
        params.write_text(text.replace("\nselection:", f"\nselection:\n  replace_champion: {version}"))
        little.gallop("model-selection")
        assert champion(database) == now
    little.gallop("deploy")
    # A champion that can be compared is compared, whatever the settings say.
    manifest.write_bytes(whole)
    assert "is the champion already" in little.gallop("model-selection")

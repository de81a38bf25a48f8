"""`gallop init --treatment`: of a table with contacts at random, the scores say what a contact changes."""

from pathlib import Path

import numpy as np
import polars as pl
from ruamel.yaml import YAML

from gallop.artifacts.bundle import load_bundle
from gallop.serving.scorer import LeadScorer
from tests.support.checkouts import Checkout


def write_trial(path: Path, *, chosen: bool = False) -> None:
    """Leads of whom those that came by mail gain 40 points by a contact; contacted at random, or by their visits."""
    draw, rows = np.random.default_rng(4), 2400
    visits, source = draw.poisson(4, rows), draw.choice(["ad", "mail"], rows)
    treated = (visits > 4) if chosen else (draw.random(rows) < 0.5)
    bought = draw.random(rows) < 0.15 + 0.03 * np.minimum(visits, 8) + 0.4 * treated * (source == "mail")
    columns = {"id": [f"L{n}" for n in range(rows)], "visits": visits, "source": source}
    told = {"called": np.where(treated, "yes", "no"), "bought": bought.astype(int)}
    pl.DataFrame({**columns, **told}).write_csv(path)


def quickly(project: Checkout) -> None:
    params, yaml = project.folder / "params.yaml", YAML()
    content = yaml.load(params)
    content["training"]["families"] = {"splines": {"trials": 1, "space": [{"C": [1.0]}]}}
    content["training"]["stack"] = 0
    content["evaluation"]["resamples"] = 100
    yaml.dump(content, params)


def test_a_table_with_contacts_at_random_gives_a_list_by_what_a_contact_changes(tmp_path: Path) -> None:
    write_trial(tmp_path / "leads.csv")
    Checkout(tmp_path).gallop(
        "init", "leads.csv", "--label", "bought", "--treatment", "called", "--into", "project", "--yes"
    )
    project = Checkout(tmp_path / "project")
    quickly(project)
    printed = " ".join(project.gallop("run").split())
    assert "An effect that differs between leads" in printed
    assert "What a contact changes" in (project.folder / "reports/report.html").read_text()
    new = pl.read_csv(tmp_path / "leads.csv").drop("called", "bought").head(400)
    new.write_csv(project.folder / "new.csv")
    project.gallop("score", "new.csv", "-o", "scores.csv", "--keep", "source")
    scores = pl.read_csv(project.folder / "scores.csv")
    assert scores["uplift"].is_sorted(descending=True)
    assert set(scores.head(100)["source"]) == {"mail"}
    assert set(scores.filter(pl.col("decision") == "contact")["source"]) == {"mail"}
    assert not set(scores.columns) & {"called", "bought"}
    assert "`gallop earned` is for lists by probability" in " ".join(project.gallop("earned", code=3).split())

    scorer = LeadScorer(load_bundle(project.folder / "models/deployed"))
    texts = [{"visits": str(row["visits"]), "source": row["source"]} for row in new.head(3).to_dicts()]
    among = scorer.score(texts, ["", "", ""]).scores
    for index, lead in enumerate(texts):
        (alone,) = scorer.score([lead], [""]).scores.values()
        assert alone == among[index]
        told = scores.filter(pl.col("id") == new["id"][index]).to_dicts()[0]
        assert (round(alone["uplift"], 4), alone["decision"]) == (told["uplift"], told["decision"]) or told["held_out"]


def test_contacts_by_choice_are_refused_with_the_column_that_tells_them(tmp_path: Path) -> None:
    write_trial(tmp_path / "leads.csv", chosen=True)
    init = ("init", "leads.csv", "--label", "bought", "--into", "project", "--yes")
    Checkout(tmp_path).gallop(*init, "--treatment", "phoned", code=10)
    Checkout(tmp_path).gallop(*init, "--treatment", "called")
    project = Checkout(tmp_path / "project")
    quickly(project)
    assert "'visits' alone" in " ".join(project.gallop("run", code=41).split())

"""Where the settings ask for a signature, nothing unsigned is selected, deployed or scored with."""

from pathlib import Path

from gallop.artifacts.bundle import read_manifest
from tests.support.checkouts import Checkout
from tests.support.keys import write_keys


def test_a_project_that_begins_to_ask_for_signatures_uses_signed_models_alone(little: Checkout, tmp_path: Path) -> None:
    private, public = write_keys(tmp_path / "team")
    (little.folder / "team.pub").write_bytes(public.read_bytes())
    params = little.folder / "params.yaml"
    text = params.read_text().replace("seed: 42", "seed: 43")
    params.write_text(f"{text}\nsigning:\n  public_key: team.pub\n")
    score = ("score", "data/raw/leads.csv", "-o", "scores.csv")
    assert "is not signed" in little.gallop(*score, code=40)
    assert "is not signed" in little.gallop("serve", code=40)
    little.gallop("run", code=40)
    little.environment["GALLOP_SIGNING_KEY"] = str(private)
    little.gallop("model-training")
    little.gallop("model-selection")
    assert "gallop promote VERSION" in " ".join(little.gallop("deploy", code=40).split())
    little.gallop("promote", "2", "--because", "it is signed")
    assert "scored by version 2" in little.gallop(*score)

    deployed = little.folder / "models/deployed"
    assert read_manifest(deployed).version == "2"
    (deployed / "live/model.json").write_bytes(b" " + (deployed / "live/model.json").read_bytes())
    assert "does not hold for these files" in " ".join(little.gallop(*score, code=40).split())

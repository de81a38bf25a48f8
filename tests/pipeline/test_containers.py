"""The unmodified pipeline.py in real containers, on the real data: `make test-containers`; see docs/containers.md.

For machines without a container daemon. Debian's own Python, on a debootstrapped system, stands for the pinned images,
which no registry can give there. The real data is where `GALLOP_DATA_REMOTE` says, or upstream.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from containers import steps

from gallop.adapters.dvc import pointer
from gallop.artifacts import bundle
from tests.pipeline.standin import folders
from tests.pipeline.standin.buildah import Buildah
from tests.pipeline.standin.running import buildah
from tests.pipeline.standin.session import Session

ROOT = Path(__file__).resolve().parents[2]
BASE = "localhost/gallop-bookworm"
CACHE = Path(os.environ.get("GALLOP_CONTAINER_CACHE", "~/.cache/gallop-containers")).expanduser()
REMOTE = [f"--data-remote={remote}"] if (remote := os.environ.get("GALLOP_DATA_REMOTE")) else []


def _missing() -> str:
    if not shutil.which("buildah"):
        return "buildah is not installed; `make test-containers` installs it"
    inspected = subprocess.run(["buildah", "inspect", "--type", "image", BASE], capture_output=True, check=False)
    return f"there is no image {BASE}; `make test-containers` makes it" if inspected.returncode else ""


pytestmark = [
    pytest.mark.containers,
    pytest.mark.skipif(bool(reason := _missing()), reason=reason),
]


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    """A session over real containers, with a cache of downloaded packages that lasts."""
    backend = Buildah({steps.image(name): BASE for name in ("python", "serving")}, {"gallop-pip": CACHE / "pip"})
    session = Session(backend)
    with session.served() as port, pytest.MonkeyPatch.context() as environment:
        environment.setenv("DAGGER_SESSION_PORT", str(port))
        environment.setenv("DAGGER_SESSION_TOKEN", session.token)
        yield session
    backend.close()


@dataclass(frozen=True)
class Trained:
    """What a run left on the host, and a table of leads to score."""

    out: Path
    leads: Path


@pytest.fixture(scope="module")
def trained(session: Session, pipeline: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """One run of all stages on the real data."""
    out = tmp_path_factory.mktemp("trained")
    assert pipeline.main(["train", "--out", str(out), *REMOTE]) == 0
    assert isinstance(session.backend, Buildah)
    raw = session.backend.container(session.leaves[0].on).path("data/raw/raw_data.csv")
    return Trained(out, Path(shutil.copy(raw, tmp_path_factory.mktemp("leads"))))


def test_the_model_meets_its_contract_where_nothing_of_gallop_is_installed(trained: Trained) -> None:
    gallop = [str(Path(sys.executable).with_name("gallop")), "--project", str(ROOT)]
    validate = [*gallop, "validate", str(trained.out / "models" / "model.pkl"), "--isolated"]
    judged = subprocess.run(validate, capture_output=True, text=True, check=False)
    assert judged.returncode == 0, judged.stderr


def test_the_run_is_on_the_pinned_data_and_says_so(trained: Trained) -> None:
    pin = pointer.pin(ROOT / "data" / "raw" / "raw_data.csv")
    metrics = json.loads((trained.out / "reports" / "metrics.json").read_text(encoding="utf-8"))
    assert pin is not None
    assert (metrics["data"], metrics["data_version"]) == ("real", pin.md5)


def test_the_deployed_bundle_is_whole_and_knows_its_commit(trained: Trained, pipeline: ModuleType) -> None:
    deployed = trained.out / "models" / "deployed"
    assert not deployed.readlink().is_absolute()
    code = bundle.verify_bundle(deployed).code_version
    assert code.commit == (pipeline.commit_of(ROOT) or "").removesuffix("-dirty")


def test_report_and_summary_reach_the_host(trained: Trained) -> None:
    assert "<html" in (trained.out / "reports" / "report.html").read_text(encoding="utf-8")
    assert "log" in (trained.out / "reports" / "summary.md").read_text(encoding="utf-8").lower()


def test_a_stage_that_fails_in_its_container_exports_nothing(
    trained: Trained, pipeline: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = folders.snapshot(ROOT, tmp_path / "source", gitignore=True)
    params = (broken / "params.yaml").read_text(encoding="utf-8")
    (broken / "params.yaml").write_text(params.replace("2024-01", "1999-01"), encoding="utf-8")
    before = {path: path.stat().st_mtime_ns for path in trained.out.rglob("*")}
    assert pipeline.main(["train", "--source", str(broken), "--out", str(trained.out), *REMOTE]) == 12
    assert "stage data_clean failed with exit code 12, see above" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in trained.out.rglob("*")} == before


def test_validate_judges_in_a_container_too(
    trained: Trained, pipeline: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pipeline.main(["validate", "--out", str(trained.out)]) == 0
    assert "meets contract/model_contract.csv" in capsys.readouterr().out


def test_the_serving_image_scores_leads_without_rights_and_without_a_network(
    trained: Trained, pipeline: ModuleType, tmp_path: Path
) -> None:
    tarball = tmp_path / "image.tar"
    assert pipeline.main(["image", "--out", str(trained.out), "--tarball", str(tarball)]) == 0
    container = buildah("from", f"oci-archive:{tarball}")
    try:
        mounted = tmp_path / "mounted"
        mounted.mkdir(mode=0o777)
        mounted.chmod(0o777)
        shutil.copy(trained.leads, mounted / "leads.csv")
        # Chroot isolation takes the network of its caller, so the caller gets one with nothing in it.
        run = ["unshare", "--net", "buildah", "run", "--isolation", "chroot", "--network", "host"]
        run += ["--volume", f"{mounted}:/mounted"]
        score = ["gallop", "score", "/mounted/leads.csv", "--output", "/mounted/scores.csv"]
        scored = subprocess.run([*run, container, "--", *score], capture_output=True, text=True, check=False)
        assert scored.returncode == 0, scored.stderr
    finally:
        image = json.loads(buildah("inspect", container))["FromImageID"]
        buildah("rm", container)
        buildah("rmi", image)
    assert (mounted / "scores.csv").stat().st_uid == 10001
    header, best, *_ = (mounted / "scores.csv").read_text(encoding="utf-8").splitlines()
    assert header == "lead_id,probability,low,high,prediction,decision,held_out,band,rank,reasons,model_version"
    assert ",contact,hot,1," in best

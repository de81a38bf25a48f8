"""The docs' site is built from the pages as they are, shows every page, and cannot be built with a broken link."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gallop

BUILD = [str(Path(sys.executable).with_name("sphinx-build")), "--quiet", "--fail-on-warning", "--fresh-env"]


def copied(root: Path, folder: Path) -> Path:
    """The repository without its code, in a folder of its own: the pages, and what they link to."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ".", ":!src", ":!tests"]
    names = subprocess.run(listed, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
    for name in filter(None, names):
        if (root / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(root / name, folder / name)
    return folder


def built(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    # The recipe of `make docs`.
    command = [*BUILD, "-c", "docs", ".", str(site)]
    return subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source, site = copied(root, tmp_path_factory.mktemp("source")), tmp_path_factory.mktemp("site")
    done = built(source, site)
    assert done.returncode == 0, done.stderr
    return site


def test_the_recipe_is_that_of_make_docs(root: Path) -> None:
    recipe = (root / "Makefile").read_text().split("\ndocs:")[1].split("\n\n")[0]
    assert " ".join([*BUILD, "-c docs . site"]).split("bin/")[-1] in recipe
    assert "docs" in (root / "Makefile").read_text().split("\ncheck:")[1].split("\n\n")[0]


def test_every_page_is_in_the_navigation(root: Path, site: Path) -> None:
    pages = {page.relative_to(root).with_suffix(".html") for page in [*root.glob("*.md"), *root.glob("docs/**/*.md")]}
    index = site / "docs/index.html"
    sidebar = re.search(r'<div class="sidebar-tree">.*?</div>', index.read_text(), flags=re.DOTALL)
    assert sidebar
    linked = {(index.parent / link).resolve().relative_to(site.resolve()) for link in links(sidebar[0])}
    assert linked == pages - {Path("docs/index.html")}


def links(html: str) -> list[str]:
    return [link for link in re.findall(r'href="([^"#]+)', html) if "://" not in link and not link.startswith("data:")]


def test_no_link_of_the_site_leads_nowhere(site: Path) -> None:
    seen = 0
    for page in site.rglob("*.html"):
        for link in links(page.read_text()):
            target = (page.parent / link.split("?")[0]).resolve()
            assert target.exists(), f"{page.relative_to(site)} links to {link}"
            seen += 1
    assert seen > 500


def test_the_site_loads_nothing_from_elsewhere(site: Path) -> None:
    tags = [
        tag
        for page in site.rglob("*.html")
        for tag in re.findall(r"<(?:script|img|iframe|link)\b[^>]*>", page.read_text())
    ]
    assert len(tags) > 100
    assert [tag for tag in tags if re.search(r'(?:src|href)="(?:https?:)?//', tag)] == []


def test_the_python_reference_has_every_public_name_with_its_docstring(site: Path) -> None:
    page = (site / "docs/api.html").read_text()
    for name in {*gallop.__all__} - {"__version__", "GallopError"}:
        assert f'id="gallop.{name}"' in page
    assert 'id="gallop.errors.GallopError"' in page
    assert "Each row is in" in page
    assert 'id="gallop.errors.ChecksumError"' in page


def test_what_is_broken_is_named_and_fails_the_build(root: Path, tmp_path: Path) -> None:
    source = copied(root, tmp_path)
    plants = {
        "docs/data.md": ("[gone](gone.md)", "docs/data.md:[0-9]+: WARNING: .*'gone.md'"),
        "docs/models.md": ("[gone](data.md#gone)", "docs/models.md:[0-9]+: WARNING: .*'gone'"),
        "docs/deciding.md": ("![gone](gone.png)", "docs/deciding.md:[0-9]+: WARNING: .*gone.png"),
        "README.md": ("[gone](docs/gone.md)", "README.md:[0-9]+: WARNING: .*'docs/gone.md'"),
        "docs/api.md": ("```{eval-rst}\n.. autofunction:: gallop.gone\n```", "'gone' from module 'gallop'"),
        "docs/unlisted.md": (
            "# No index lists it",
            "docs/unlisted.md: WARNING: document isn't included in any toctree",
        ),
    }
    for name, (text, _) in plants.items():
        with (source / name).open("a") as page:
            page.write(f"\n{text}\n")
    done = built(source, tmp_path / "site")
    assert done.returncode != 0
    for _, complaint in plants.values():
        assert re.search(complaint, done.stderr), (complaint, done.stderr)

"""The page in a real browser: what a person in sales does with it."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect
from python_calamine import CalamineWorkbook
from scripts.report_image import browser as browser_program

from tests.support.checkouts import Checkout
from tests.support.service import RunningService, served

PROGRAM = browser_program()
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed")
NEEDED = ("lead_id", "source", "purchases", "time_spent", "customer_group", "onboarding", "n_visits")
SLOWEST_FRAME_MS = 1000
WATCH_FRAMES = """() => {
  window.slowest = 0;
  let last = performance.now();
  const look = (now) => {
    window.slowest = Math.max(window.slowest, now - last);
    last = now;
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


@pytest.fixture(scope="module")
def service(sample_run: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service over a deployed model."""
    project = sample_run.copy(tmp_path_factory.mktemp("page") / "project")
    with served(project.folder, log=project.folder / "serve.log") as running:
        yield running


@pytest.fixture(scope="module")
def chromium() -> Iterator:
    """A browser that is installed."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(chromium, service: RunningService) -> Iterator:
    """The page as it opens, on which nothing may be blocked or fail."""
    context = chromium.new_context(accept_downloads=True)
    page = context.new_page()
    complaints: list[str] = []
    # The browser itself notes each answer that is an error; that is no fault of the page.
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" and "resource" not in said.text else None,
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(service.url)
    yield page
    context.close()
    assert complaints == []


@pytest.fixture(scope="module")
def leads(sample_run: Checkout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Leads with a name and a company, 700 rows of which some cannot be scored."""
    return write_leads(sample_run, tmp_path_factory.mktemp("leads") / "leads.csv", 700)


def write_leads(project: Checkout, path: Path, rows: int) -> Path:
    with (project.folder / "data/raw/sample.csv").open(encoding="utf-8") as file:
        sample = list(csv.DictReader(file))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["company", "name", *NEEDED])
        for number in range(rows):
            lead = sample[number % len(sample)] | {"lead_id": f"L{number:06d}"}
            if rows > len(sample):
                lead["source"] = "signup"
            writer.writerow([f"Firm {number % 90}", f"<b>Lead</b> {number}", *(lead[name] for name in NEEDED)])
    return path


def opened(page, path: Path):
    page.set_input_files("#file", path)
    page.wait_for_selector("#leads tbody tr", timeout=60_000)
    return page


def ranks(page) -> list[int]:
    return [int(text.replace(",", "")) for text in page.locator("#leads tbody tr td:first-child").all_text_contents()]


def test_a_file_becomes_a_ranked_list_with_its_own_columns_beside(page, leads) -> None:
    opened(page, leads)
    assert re.search(r"^\d+ leads in leads.csv, the best first$", page.text_content("#list-title"))
    assert "could not be scored" in page.text_content("#rejected summary")
    assert "source is not signup" in page.text_content("#rejected ul")
    assert ranks(page) == list(range(1, 101))
    first = page.locator("#leads tbody tr").first
    assert "<b>Lead</b>" in first.text_content()
    assert "visits" in first.locator(".why").text_content()
    width = first.locator(".bar").evaluate("bar => getComputedStyle(bar).getPropertyValue('--share')")
    assert 0.5 < float(width) < 1
    page.click("#more")
    expect(page.locator("#leads tbody tr")).not_to_have_count(100)
    assert len(ranks(page)) > 100


def test_the_list_is_sorted_filtered_and_searched(page, leads) -> None:
    opened(page, leads)
    with page.expect_response("**/rows?*sort=name*"):
        page.click("#leads thead button >> text=name")
    page.wait_for_selector("th[aria-sort=ascending] >> text=name")
    expect(page.locator("#leads tbody td").first).not_to_have_text("1")
    assert ranks(page) != sorted(ranks(page))
    page.select_option("#band", "warm")
    expect(page.locator("#leads .tag.hot, #leads .tag.cold")).to_have_count(0)
    assert "warm" in page.text_content("#leads")
    page.select_option("#band", "")
    page.fill("#text", "firm 13")
    expect(page.locator("#leads tbody tr").filter(has_not_text="Firm 13")).to_have_count(0)
    page.fill("#text", "nobody at all")
    expect(page.locator("#leads tbody tr")).to_have_count(0)
    assert page.text_content("#shown") == "0 of 0 shown"


def test_the_cut_off_moves_what_is_expected_and_what_is_downloaded(page, leads) -> None:
    opened(page, leads)
    assert page.input_value("#contacts") == "50"
    before = page.text_content("#expected")
    page.fill("#contacts", "20")
    assert page.text_content("#expected") != before
    customers = float(page.locator("#expected").evaluate("shown => shown.firstChild.textContent"))
    assert 5 < customers <= 20
    assert re.match(r"[\d,]+", page.text_content("#profit"))
    page.locator("#slider").focus()
    page.keyboard.press("ArrowRight")
    assert int(page.input_value("#contacts")) > 1
    page.fill("#contacts", "20")
    page.select_option("#show", "top")
    expect(page.locator("#leads tbody tr")).to_have_count(20)
    with page.expect_download() as excel:
        page.click("#excel")
    sheet = CalamineWorkbook.from_path(excel.value.path()).get_sheet_by_index(0).to_python()
    assert sheet[0][:3] == ["lead_id", "company", "name"]
    assert len(sheet) == 21
    with page.expect_download() as text:
        page.click("#csv")
    rows = list(csv.DictReader(io.StringIO(Path(text.value.path()).read_text(encoding="utf-8"))))
    assert [row["lead_id"] for row in rows] == [row[0] for row in sheet[1:]]
    assert {row["held_out"] for row in rows} == {"false"}


def test_a_changed_value_moves_the_score_of_one_lead(page, leads) -> None:
    opened(page, leads)
    page.locator("#leads tbody tr").first.locator("button").click()
    expect(page.locator("#lead-score")).to_have_text(re.compile("%$"))
    listed = page.text_content("#lead-score")
    assert page.input_value("#what-if [name=n_visits]") != ""
    page.fill("#what-if [name=n_visits]", "0")
    expect(page.locator("#lead-change")).to_have_text(re.compile("^−"))
    assert page.text_content("#lead-score") != listed
    page.fill("#what-if [name=n_visits]", "-5")
    page.wait_for_selector("#lead-failure >> text=accepted is 0.0 or more")
    page.fill("#what-if [name=n_visits]", "3")
    page.wait_for_selector("#lead-failure", state="hidden")


def test_a_wrong_file_is_a_sentence(page, tmp_path: Path) -> None:
    wrong = {
        "a.pdf": (b"%PDF-1.7 ...", "a.pdf: a PDF, which is not read"),
        "empty.csv": (b"", "empty.csv: the file is empty"),
        "other.csv": (b"a,b\n1,2\n", "other.csv: none of the columns"),
    }
    for name, (content, sentence) in wrong.items():
        (tmp_path / name).write_bytes(content)
        page.set_input_files("#file", tmp_path / name)
        page.wait_for_selector(f"#failure >> text={sentence}")
        assert not page.is_visible("#list")


def test_fifty_thousand_rows_do_not_freeze_the_page(page, sample_run: Checkout, tmp_path: Path) -> None:
    path = write_leads(sample_run, tmp_path / "many.csv", 50_000)
    page.evaluate(WATCH_FRAMES)
    opened(page, path)
    assert "leads in many.csv" in page.text_content("#list-title")
    page.fill("#text", "firm 13")
    expect(page.locator("#shown")).to_have_text(re.compile(r"of 5\d\d shown"))
    assert page.evaluate("window.slowest") < SLOWEST_FRAME_MS


def test_the_tabs_work_by_keyboard_and_show_the_model(page) -> None:
    page.focus("#tab-list")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#view-model")
    page.wait_for_selector("#history >> text=version 1 is live", timeout=60_000)  # the registry is asked, by MLflow
    assert "What it is for" in page.text_content(".card")
    with page.expect_popup() as popup:
        page.click("text=The whole report")
    popup.value.wait_for_selector("h1")
    page.keyboard.press("Home")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_finding_of_axe_and_no_sideways_scrolling_on_a_phone(page, leads, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page.emulate_media(color_scheme=scheme)
    opened(page, leads)
    for tab in ("#tab-list", "#tab-lead", "#tab-model"):
        page.click(tab)
        findings = Axe().run(page).response["violations"]
        assert [finding["help"] for finding in findings if finding["impact"] in {"serious", "critical"}] == []
        page.set_viewport_size({"width": 400, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 400
        page.set_viewport_size({"width": 1280, "height": 900})

"""Draw docs/page.png, the page of a running `gallop serve` with made-up leads: `make page-image`.

It needs `gallop serve` in another terminal, on a project with the reference table, and Chromium or Chrome.
"""

import argparse
import csv
import random
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import sync_playwright

from gallop.tables.synthetic import sample
from scripts.report_image import COLOURS, ROOT, browser

FIRST: Final = "Anna Bo Carla Dan Eva Finn Greta Hugo Ida Jan Kim Lea Max Nora Otto Pia".split()  # noqa: SIM905
LAST: Final = "Lund Meyer Novak Rossi Smith Weber".split()  # noqa: SIM905
FIRMS: Final = "Alpen Brightwave Hafen Kontor Lumen Nordlicht Quadrat Seeblick".split()  # noqa: SIM905


def write_named_leads(path: Path) -> None:
    """The synthetic sample, with names and firms that nobody has."""
    draw = random.Random(1)
    rows = [row for row in csv.DictReader(sample(14000, 3)[0].splitlines()) if row["source"] == "signup"]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        wanted = ("lead_id", "source", "purchases", "time_spent", "customer_group", "onboarding", "n_visits")
        writer.writerow(["name", "company", *wanted])
        for row in rows:
            name, firm = (
                f"{draw.choice(FIRST)} {draw.choice(LAST)}",
                f"{draw.choice(FIRMS)} {draw.choice(['AG', 'Ltd'])}",
            )
            writer.writerow([name, firm, *(row[column] for column in wanted)])


def main(arguments: list[str]) -> int:
    """Draw; returns the exit code."""
    parser = argparse.ArgumentParser(prog="page_image", description=__doc__.splitlines()[0])
    parser.add_argument("--address", default="http://127.0.0.1:8000/")
    parser.add_argument("--image", type=Path, default=ROOT / "docs/page.png")
    asked = parser.parse_args(arguments)
    program = browser()
    if program is None:
        print("no Chromium is installed; it draws the page", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        leads, shot = Path(folder, "leads.csv"), Path(folder, "shot.png")
        write_named_leads(leads)
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = started.new_page(viewport={"width": 1100, "height": 1080})
        page.goto(asked.address)
        page.set_input_files("#file", leads)
        page.wait_for_selector("#leads tbody tr")
        page.screenshot(path=shot)
        started.close()
        with Image.open(shot) as drawn:
            drawn.convert("RGB").quantize(COLOURS).save(asked.image, optimize=True)
    print(asked.image)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Draw docs/report.png, the first page of the report of this project's last run: `make report-image`.

It needs `make run` first, and Chromium or Chrome. The picture is of the run that is there: make it of a real one.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image

ROOT: Final = Path(__file__).parents[1]
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
COLOURS: Final = 128
"""A page of text and lines looks the same with these, at a third of the size."""
TIMEOUT_S: Final = 120


def browser() -> str | None:
    """A browser that can draw a page without a window; None where there is none."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


def draw(page: Path, image: Path, width: int, height: int, program: str) -> None:
    """Draw the top of a page.

    Args:
        page: the HTML file.
        image: the PNG file that is written.
        width, height: of the picture, in CSS pixels.
        program: the browser.
    """
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder, "shot.png")
        command = [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += ["--force-device-scale-factor=1", f"--user-data-dir={folder}/profile", f"--screenshot={shot}"]
        command += [f"--window-size={width},{height}", page.resolve().as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_S)
        with Image.open(shot) as drawn:
            drawn.convert("RGB").quantize(COLOURS).save(image, optimize=True)


def main(arguments: list[str]) -> int:
    """Draw; returns the exit code."""
    parser = argparse.ArgumentParser(prog="report_image", description=__doc__.splitlines()[0])
    parser.add_argument("--page", type=Path, default=ROOT / "reports/report.html")
    parser.add_argument("--image", type=Path, default=ROOT / "docs/report.png")
    parser.add_argument("--width", type=int, default=1100)
    parser.add_argument("--height", type=int, default=1930)
    asked = parser.parse_args(arguments)
    program = browser()
    if program is None:
        print(f"none of {', '.join(BROWSERS)} is installed; one of them draws the page", file=sys.stderr)
        return 1
    if not asked.page.is_file():
        print(f"{asked.page}: not there; `make run` writes it", file=sys.stderr)
        return 1
    draw(asked.page, asked.image, asked.width, asked.height, program)
    print(f"{asked.image}: {asked.width} x {asked.height}, of {asked.page}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

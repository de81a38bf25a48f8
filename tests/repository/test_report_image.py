"""docs/report.png is drawn by a command."""

from pathlib import Path

import pytest
from PIL import Image
from scripts import report_image


@pytest.mark.skipif(report_image.browser() is None, reason="neither Chromium nor Chrome is installed")
def test_the_top_of_a_page_becomes_a_picture_of_the_size_asked_for(tmp_path: Path) -> None:
    page, image = tmp_path / "a page.html", tmp_path / "page.png"
    page.write_text("<body style='margin:0;background:#0b746c'><div style='height:9000px'></div></body>")
    asked = ["--page", str(page), "--image", str(image), "--width", "500", "--height", "300"]
    assert report_image.main(asked) == 0
    with Image.open(image) as drawn:
        assert drawn.size == (500, 300)
        assert drawn.convert("RGB").getpixel((250, 150)) == (0x0B, 0x74, 0x6C)


def test_without_a_report_or_a_browser_it_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    image = tmp_path / "page.png"
    monkeypatch.setattr(report_image, "browser", lambda: "chromium")
    assert report_image.main(["--page", str(tmp_path / "none.html"), "--image", str(image)]) == 1
    assert "`make run` writes it" in capsys.readouterr().err
    monkeypatch.setattr(report_image, "browser", lambda: None)
    assert report_image.main([]) == 1
    assert "is installed; one of them draws the page" in capsys.readouterr().err
    assert not image.exists()

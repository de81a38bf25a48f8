"""The one way to a terminal: whatever a table's names hold, they cannot move the cursor, colour or hide anything."""

from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from gallop.reporting.formatting import printable


class Screen(Console):
    """Rich's console, in which names are no markup for emoji, and all texts are printable before they get a style."""

    def __init__(self, **options: Any) -> None:
        super().__init__(emoji=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """As Rich does, with each segment's own text printable; a segment of Rich's own control codes stays."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)

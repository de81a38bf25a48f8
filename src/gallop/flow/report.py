"""report: what training found out → the HTML report and the model card. A stage of files: drawing trains nothing."""

from gallop.files import write_text
from gallop.flow.data import read_quality
from gallop.flow.locks import exclusive
from gallop.flow.project import Project
from gallop.flow.training import read_training_result


@exclusive
def run_report(project: Project) -> None:
    """models/candidate → reports/report.html and models/model_card.md. Raises `MissingOutputError`."""
    from gallop.artifacts.bundle import read_manifest
    from gallop.reporting.html.page import render_report
    from gallop.reporting.markdown.model_card import render_card

    paths, settings = project.paths, project.settings
    result = read_training_result(project)
    quality, data = read_quality(project)
    code = read_manifest(paths.candidate).code_version
    page, card = (render(result, quality, data, code, settings) for render in (render_report, render_card))
    write_text(paths.report, page)
    write_text(paths.card, card)

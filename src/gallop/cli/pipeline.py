"""One thin command per stage, in the order of the pipeline. `gallop run` and Dagger call these."""

from typing import Final

import typer

from gallop.cli import console
from gallop.cli.project import open_project


def events(context: typer.Context) -> None:
    """Turn a log of events into one row per lead and decision; only in projects that have such a log."""
    from gallop.flow import events as flow

    console.done("events", console.decided(flow.run_events(open_project(context))))


def data_clean(context: typer.Context) -> None:
    """Keep the leads that are in scope and possible; count the others per rule."""
    from gallop.flow import data

    quality = data.run_data_clean(open_project(context))
    for remark in quality.remarks:
        console.done("data_clean", remark)
    rejected = f"{quality.rows - quality.kept:,} rows set aside"
    console.done(
        "data_clean", f"{quality.rows:,} rows → {quality.kept:,} leads, {rejected}{console.noticed(quality.noticed)}"
    )


def data_preprocess(context: typer.Context) -> None:
    """Turn clean leads into what the model takes, row by row."""
    from gallop.flow import data

    console.done("data_preprocess", f"{data.run_data_preprocess(open_project(context)):,} model-ready leads")


def data_split(context: typer.Context) -> None:
    """Hold out test leads, once."""
    from gallop.flow import data

    train, test, left_out = data.run_data_split(open_project(context))
    apart = f"; {left_out:,} left out, to keep each lead on one side and the gap between" if left_out else ""
    console.done("data_split", f"{train:,} training leads, {test:,} test leads{apart}")


def model_training(context: typer.Context) -> None:
    """Search for the best candidate, evaluate it once on the test leads, write the model."""
    from gallop.flow import training

    project = open_project(context)
    settings = project.settings.training
    trials = sum(family.tried(settings.budget) for family in settings.families.values())
    with console.bar("model_training", trials) as advance:
        result = training.run_model_training(project, on_trial=lambda _: advance())
    loss = result.test.metrics["log_loss"]
    exported = f"model.pkl holds {result.exported}" if result.exported else "no candidate meets the export contract"
    console.done("model_training", f"{result.winner} wins, test log-loss {loss.value:.3f}; {exported}")


def report(context: typer.Context) -> None:
    """Draw the report and the model card of the last training; trains nothing."""
    from gallop.flow.report import run_report

    project = open_project(context)
    run_report(project)
    console.done("report", "reports/report.html, models/model_card.md")


def model_selection(context: typer.Context) -> None:
    """Compare the candidate with the champion on the same test leads, and register it."""
    from gallop.flow import selection

    with console.working("comparing the candidate with the champion"):
        selected = selection.run_model_selection(open_project(context))
    verdict = "promoted" if selected.decision.promote else "not promoted"
    console.done("model_selection", f"version {selected.candidate} {verdict}: {selected.decision.because}")


def deploy(context: typer.Context) -> None:
    """Put the champion into models/deployed, in one atomic step."""
    from gallop.flow import selection

    with console.working("putting the champion into models/deployed"):
        manifest = selection.run_deploy(open_project(context))
    console.done("deploy", f"version {manifest.version} ({manifest.family}, data: {manifest.data}) is live")


COMMANDS: Final = (data_clean, data_preprocess, data_split, model_training, report, model_selection, deploy)
"""Named as in `gallop.schema.COMMANDS`, and in that order."""

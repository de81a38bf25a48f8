"""One thin command per verb. Heavy imports wait until a command runs, so that `gallop --help` answers at once."""

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gallop.cli import audit, console, init
from gallop.errors import GallopError

if TYPE_CHECKING:
    from gallop.flow.project import Project

STAGE_PANEL, DATA_PANEL, MODEL_PANEL, PROJECT_PANEL = "Stages, in order", "Data", "Using the model", "Project"

app = typer.Typer(
    help="From website behaviour to a ranked list of the leads most likely to convert.\n\n"
    "Start with [bold]gallop run[/]: it gets the data, trains, selects and deploys a model, and shows where to look.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
data_app = typer.Typer(help="Get the raw data, or a synthetic sample of it.", no_args_is_help=True)
app.add_typer(data_app, name="data", rich_help_panel=DATA_PANEL)
check_app = typer.Typer(help="Look for what would make a model look better than it is.", no_args_is_help=True)
app.add_typer(check_app, name="check", rich_help_panel=DATA_PANEL)

RequireData = Annotated[bool, typer.Option("--require-data", help="Fail where the raw data is not available.")]


def main() -> None:
    """Run the command line; a `GallopError` becomes one sentence and its exit code."""
    # Imports make a million objects, none of which can go: looking at them again and again is a quarter of their time.
    gc.set_threshold(100_000, 50, 100)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it would look for them in every installed package
    try:
        app()
    except GallopError as error:
        console.fail(str(error))
        if place := os.environ.get("GALLOP_FAILURE_FILE"):
            Path(place).write_text(f"{sys.argv[1]} {error.exit_code}", encoding="utf-8")
        sys.exit(error.exit_code)
    finally:
        gc.freeze()  # nor does anything have to go one by one when the process ends


@app.callback()
def _options(
    context: typer.Context,
    project: Annotated[Path, typer.Option(help="Folder with the project's params.yaml.", show_default="here")] = Path(),
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        from gallop import __version__

        typer.echo(f"gallop {__version__}")
        raise typer.Exit
    context.obj = project


@app.command(rich_help_panel=PROJECT_PANEL)
def run(context: typer.Context, require_data: RequireData = False) -> None:
    """Do everything: data, training, selection, deployment, report. Does again only what changed."""
    from rich.console import Console

    from gallop.flow.run import run_pipeline
    from gallop.flow.summary import run_summary
    from gallop.reporting.terminal.summary import render_summary

    project = _project(context)
    with console.progress() as progress:
        outcome = run_pipeline(project, progress, require_data=require_data)
    if not outcome.changed:
        typer.echo("Nothing changed since the last run; nothing was done. `gallop show` shows its results again.")
        return
    Console().print(render_summary(run_summary(project, outcome.source, outcome.selected)))


@data_app.command("pull")
def data_pull(context: typer.Context) -> None:
    """Get the raw data from the DVC remotes, else from the upstream, and check it against its pin."""
    from gallop.flow.run import pull_data

    project = _project(context)
    with console.progress() as progress:
        source = pull_data(project, progress)
    typer.echo(f"{project.settings.data.raw}: {source}; md5 as pinned")


@data_app.command("sample")
def data_sample(context: typer.Context) -> None:
    """Write a synthetic table of the same schema, with known conversion probabilities beside it."""
    from gallop.flow.run import write_sample

    project = _project(context)
    write_sample(project)
    typer.echo(f"{project.paths.sample}: {project.settings.data.sample_rows:,} synthetic leads (data: sample)")


@app.command("data-clean", rich_help_panel=STAGE_PANEL)
def data_clean(context: typer.Context) -> None:
    """Keep the leads that are in scope and possible; count the others per rule."""
    from gallop.flow import data

    quality = data.run_data_clean(_project(context))
    aside = f"{quality.rows - quality.kept:,} rows set aside"
    console.done(
        "data_clean", f"{quality.rows:,} rows → {quality.kept:,} leads, {aside}{console.noticed(quality.noticed)}"
    )


@app.command("data-preprocess", rich_help_panel=STAGE_PANEL)
def data_preprocess(context: typer.Context) -> None:
    """Turn clean leads into what the model takes, row by row."""
    from gallop.flow import data

    console.done("data_preprocess", f"{data.run_data_preprocess(_project(context)):,} model-ready leads")


@app.command("data-split", rich_help_panel=STAGE_PANEL)
def data_split(context: typer.Context) -> None:
    """Hold out test leads, once."""
    from gallop.flow import data

    train, test = data.run_data_split(_project(context))
    console.done("data_split", f"{train:,} training leads, {test:,} test leads")


@app.command("model-training", rich_help_panel=STAGE_PANEL)
def model_training(context: typer.Context) -> None:
    """Search for the best candidate, evaluate it once on the test leads, write the model."""
    from gallop.flow import training

    project = _project(context)
    wanted = project.settings.training
    trials = sum(family.tried(wanted.budget) for family in wanted.families.values())
    with console.bar("model_training", trials) as advance:
        result = training.run_model_training(project, on_trial=lambda _: advance())
    loss = result.test.metrics["log_loss"]
    exported = f"model.pkl holds {result.exported}" if result.exported else "no candidate meets the export contract"
    console.done("model_training", f"{result.winner} wins, test log-loss {loss.value:.3f}; {exported}")


@app.command("report", rich_help_panel=STAGE_PANEL)
def report(context: typer.Context) -> None:
    """Draw the report and the model card of the last training; trains nothing."""
    from gallop.flow.report import run_report

    project = _project(context)
    run_report(project)
    console.done("report", "reports/report.html, models/model_card.md")


@app.command("model-selection", rich_help_panel=STAGE_PANEL)
def model_selection(context: typer.Context) -> None:
    """Compare the candidate with the champion on the same test leads, and register it."""
    from gallop.flow import selection

    with console.working("comparing the candidate with the champion"):
        selected = selection.run_model_selection(_project(context))
    verdict = "promoted" if selected.decision.promote else "not promoted"
    console.done("model_selection", f"version {selected.candidate} {verdict}: {selected.decision.because}")


@app.command("deploy", rich_help_panel=STAGE_PANEL)
def deploy(context: typer.Context) -> None:
    """Put the champion into models/deployed, in one atomic step."""
    from gallop.flow import selection

    with console.working("putting the champion into models/deployed"):
        manifest = selection.run_deploy(_project(context))
    console.done("deploy", f"version {manifest.version} ({manifest.family}, data: {manifest.data}) is live")


@app.command(rich_help_panel=MODEL_PANEL)
def score(
    context: typer.Context,
    leads: Annotated[Path, typer.Argument(help="CSV or Parquet file of raw leads.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the ranked scores (CSV or Parquet).")],
    reasons: Annotated[Path | None, typer.Option(help="Where to write what each column adds to each score.")] = None,
) -> None:
    """Score a file of leads with the deployed model, the best first."""
    from gallop.flow import scoring

    scored = scoring.score_file(_project(context), leads, output, reasons)
    if scored.data == "sample":
        typer.echo("data: sample. The deployed model was trained on synthetic leads; these are no real scores.")
    said = f"{output}: {scored.rows:,} leads scored by version {scored.version}, {scored.contact:,} to contact"
    typer.echo(said + console.noticed(scored.noticed))
    if scored.rejected:
        listed = ", ".join(f"{rule} {count:,}" for rule, count in scored.rejected.items())
        typer.echo(f"{scored.rejected_path}: {sum(scored.rejected.values()):,} rows could not be scored ({listed})")


@app.command(rich_help_panel=MODEL_PANEL)
def validate(
    context: typer.Context,
    model: Annotated[Path, typer.Argument(help="The exported classifier.")] = Path("models/model.pkl"),
    isolated: Annotated[bool, typer.Option("--isolated", help="Judge it in a new environment without gallop.")] = False,
) -> None:
    """Hold an exported classifier to its contract."""
    from gallop.flow import scoring

    with console.working("holding the classifier to its contract"):
        sentence = scoring.validate_export(_project(context), model, isolated=isolated)
    typer.echo(sentence)


app.command("audit", rich_help_panel=MODEL_PANEL)(audit.audit)
app.command("init", rich_help_panel=PROJECT_PANEL)(init.init)
check_app.command("leaks")(init.check_leaks)


@app.command(rich_help_panel=PROJECT_PANEL)
def track(context: typer.Context) -> None:
    """Record the runs that wait in models/outbox in MLflow now; model-selection does so too."""
    from gallop.flow.tracking import track as record_outbox

    with console.working("recording runs in MLflow"):
        recorded = record_outbox(_project(context))
    typer.echo(f"{recorded} runs recorded in MLflow" if recorded else "no run waits to be recorded")


@app.command(rich_help_panel=PROJECT_PANEL)
def show(
    context: typer.Context,
    markdown: Annotated[bool, typer.Option("--markdown", help="As Markdown, for a CI job's page.")] = False,
    against: Annotated[Path | None, typer.Option(help="Another metrics.json to show the change against.")] = None,
) -> None:
    """Show the results of the last run again, and where the whole report lies."""
    from gallop.flow import selection, summary

    project = _project(context)
    if markdown:
        from gallop.reporting.markdown.metrics import render_metrics

        typer.echo(render_metrics(summary.metrics_of(project), summary.read_metrics(against) if against else None))
        return
    from rich.console import Console

    from gallop.reporting.terminal import summary as screen

    Console().print(
        screen.render_summary(summary.run_summary(project, "already here", selection.last_selection(project)))
    )


@app.command(rich_help_panel=PROJECT_PANEL)
def settings(
    context: typer.Context,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON schema of params.yaml instead.")] = False,
) -> None:
    """Check params.yaml and print the settings in force."""
    import json

    if schema:
        from gallop.settings.params import Settings

        typer.echo(json.dumps(Settings.model_json_schema(), indent=2))
    else:
        typer.echo(_project(context).settings.model_dump_json(indent=2))


def _project(context: typer.Context) -> "Project":
    from gallop.flow.project import Project

    return Project.open(context.obj.resolve())

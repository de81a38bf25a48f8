"""How templates become pages."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from gallop.reporting import formatting


@cache
def html_environment() -> Environment:
    """What fills templates: every value escaped, and the filters by which figures are written."""
    environment = Environment(
        loader=PackageLoader("gallop.reporting.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    names = (
        "figure signed interval with_interval count leads percent percent_of family metric direction version parameter "
        "money money_range range_text words describe_reason describe_given_up"
    )
    environment.filters |= {name: getattr(formatting, name) for name in names.split()}
    return environment

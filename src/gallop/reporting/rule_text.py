"""What each row rule means, in words for readers who do not know the code."""

from gallop.schema import Role
from gallop.settings.split import BY_DAY, BY_ORDER, BY_REVERSE, Split
from gallop.settings.table import Column, Table


def meanings(table: Table) -> dict[str, str]:
    """Rule → its meaning under these settings."""
    label = table.label
    texts = {
        "no_id": f"{table.id} is empty, so the lead cannot be identified",
        "no_label": f"{label.column} is empty: the outcome is not known",
        "unknown_label": f"{label.column} is neither {_either([*label.positive, *label.negative])}",
        "duplicate_row": "the same row again; the first one stays",
        "conflicting_id": f"rows with the same {table.id} but different values; none can be trusted",
    }
    if table.treatment:
        known = [*table.treatment.treated, *table.treatment.control]
        texts["no_treatment"] = f"{table.treatment.column} is neither {_either(known)}: contacted or not, nobody knows"
    if table.day and table.window:
        texts["no_day"] = f"{table.day} is empty"
        texts["outside_window"] = f"{table.day} is not within {table.window.first} to {table.window.last}"
    for name, column in table.columns.items():
        texts |= _of_column(name, column)
    for name, kept in table.keep.items():
        texts[f"{name}_not_kept"] = f"{name} is not {_either([*kept])}"
    return texts


def scope(table: Table) -> str:
    """Which leads the model is about: `source is signup, date_part from 2024-01-01 to 2024-01-31`."""
    parts = [f"{name} is {_either([*kept])}" for name, kept in table.keep.items()]
    if table.window:
        parts.append(f"{table.day} from {table.window.first} to {table.window.last}")
    return ", ".join(parts)


def _of_column(name: str, column: Column) -> dict[str, str]:
    texts = {
        f"{name}_no_number": f"{name} is not a number",
        f"{name}_no_boolean": f"{name} is neither true nor false",
        f"{name}_no_day": f"{name} is not a day of the calendar",
    }
    if column.role is Role.CATEGORY and column.levels:
        texts[f"{name}_unknown"] = f"{name} is none of {', '.join(column.levels)}"
    if column.minimum is not None:
        texts[f"{name}_below_minimum"] = f"{name} is below {column.minimum:g}"
    if column.maximum is not None:
        texts[f"{name}_above_maximum"] = f"{name} is above {column.maximum:g}"
    return texts


def _either(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} or {values[-1]}"


def held_out(split: Split) -> str:
    """Which leads are test leads."""
    if not split.is_forward:
        return "drawn at random, by each lead's id"
    named = {
        BY_DAY: "the last days",
        BY_ORDER: "the last rows of the file",
        BY_REVERSE: "the file's first rows, its newest",
    }
    which = named.get(split.by, f"the latest by {split.by}")
    return f"{which}, after a gap of {split.gap_days} days" if split.gap_days else which

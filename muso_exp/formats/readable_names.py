"""Names of published files, in which a control character is no reason to refuse the file."""

import pyarrow as pa
import pyarrow.compute as pc

from muso_exp.formats.text import CONTROL, UNREADABLE


def readable(table: pa.Table) -> pa.Table:
    """Return a table with U+FFFD for each control character of a text."""
    for place, field in enumerate(table.schema):
        if field.type == pa.string():
            column = pc.replace_substring_regex(table[place], CONTROL.pattern, UNREADABLE)
            table = table.set_column(place, field, column)
    return table

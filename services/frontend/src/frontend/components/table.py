"""A table that screen readers read and phones scroll."""

from collections.abc import Sequence
from html import escape

import streamlit as st


def markup(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int = 0) -> str:
    """The table as HTML.

    Args:
        heads: names of the columns.
        rows: cells, as plain text.
        numbers: how many columns, from the first on, are set as numbers.
    """
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in heads)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{' class=number' if place < numbers else ''} dir='auto'>{escape(cell)}</td>"
            for place, cell in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f"<div class='scroll' tabindex='0'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int = 0) -> None:
    """Show the table; see `markup`."""
    st.html(markup(heads, rows, numbers=numbers))

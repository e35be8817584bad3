"""The checksums that stand in every row: written with it, and made again whenever it is read.

CRC-32 finds every burst of up to 32 changed bits and misses one in four
billion others. It guards against disks and accidents; somebody who means to
change a row can make a sum as well.
"""

from __future__ import annotations

from zlib import crc32

Column = str | int | float | bytes | None


def row_sum(*columns: Column) -> int:
    """Return the sum of a row's columns, of which long texts come as their own `text_sum`.

    Args:
        columns: As SQLite gives them back: a bool is an int by then, and an
            int in a REAL column a float.
    """
    return columns_sum(columns)


def columns_sum(columns: tuple[Column, ...]) -> int:
    """Return the `row_sum` of columns that stand in a tuple already."""
    # ascii(), not repr(): which characters repr() escapes changes with the
    # Unicode tables of the Python that runs.
    return crc32(ascii(columns).encode())


def text_sum(text: Column) -> Column:
    """Return the sum of a text's UTF-8; what is no text, as a damaged column may be, comes back as it is."""
    return crc32(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else text

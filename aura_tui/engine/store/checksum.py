"""The checksums of the store's rows."""

from __future__ import annotations

from zlib import crc32


def row_sum(*columns: object) -> int:
    """CRC-32 over the columns of a row, text as its UTF-8."""
    total = 0
    for column in columns:
        data = column if isinstance(column, bytes) else str(column).encode()
        total = crc32(data, crc32(b"%d:" % len(data), total))
    return total


def event_sum(*row: object) -> int:
    """A faster :func:`row_sum` for the most frequent rows, events: id, job, name and data."""
    event_id, n, name, data = row
    if not isinstance(data, bytes):  # a damaged file may hold any type here
        return row_sum(*row)
    head = name if isinstance(name, bytes) else str(name).encode()
    return crc32(data, crc32(head, crc32(f"{event_id} {n} ".encode())))

"""Checksums of rows, as the store keeps them."""

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
    """As :func:`row_sum`, for the row that is written most: id, job, name and data."""
    event_id, n, name, data = row
    if not isinstance(data, bytes):  # a disk may turn anything into anything
        return row_sum(*row)
    head = name if isinstance(name, bytes) else str(name).encode()
    return crc32(data, crc32(head, crc32(f"{event_id} {n} ".encode())))

"""Accesses a plane's bytes without a copy, through the Arrow C data interface of Pillow.

Pillow's ``tobytes`` copies twice; with a frame every few milliseconds that is a twentieth of the
work. The interface (https://arrow.apache.org/docs/format/CDataInterface.html) exposes the image's
own memory and keeps it alive; an image that it can't expose is copied.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image


class _ArrowArray(ctypes.Structure):
    _fields_ = (
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),  # validity (none here), then the data
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = (ctypes.py_object, ctypes.c_char_p)


def pixels(plane: Image.Image) -> memoryview:
    """A view of the bytes of an "L" image, row by row. It keeps the image's memory alive."""
    size = plane.width * plane.height
    try:
        schema, capsule = plane.__arrow_c_array__()
    except (AttributeError, ValueError):  # an image in several blocks of memory
        return memoryview(plane.tobytes())
    array = _ArrowArray.from_address(_pointer(capsule, b"arrow_array"))
    if plane.mode != "L" or (array.length, array.offset, array.n_buffers) != (size, 0, 2):
        return memoryview(plane.tobytes())
    block = (ctypes.c_ubyte * size).from_address(array.buffers[1])
    block.owner = (schema, capsule)  # type: ignore[attr-defined]  # lives as long as the view
    return memoryview(block)

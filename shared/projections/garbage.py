"""Python's search for garbage, put off while there is none to find."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def search_put_off() -> Iterator[None]:
    """Have Python look for objects that refer to each other in a circle afterwards, not now and then.

    Whoever takes in a part of the log keeps tens of thousands of rows until they are written. Each search would go
    through all of them, and find nothing: that was a fifth of a rebuild. What is in no circle goes at once as ever, and
    the log's part is bounded, so memory is too. Counts for the whole process; threads may overlap.
    """
    searches = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if searches:
            gc.enable()

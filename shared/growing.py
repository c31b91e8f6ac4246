"""A mapping for the state of an aggregate: never changed, and cheap to take one step further.

A copied dict costs as much as it holds, at each of ten thousand entries. Here a step costs the logarithm of that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Growing(Mapping[K, V]):
    """Layers of dicts, each more than twice as large as the next; what is found last in them counts."""

    __slots__ = ("_layers",)

    def __init__(self, layers: tuple[dict[K, V], ...] = ()) -> None:
        self._layers = layers

    def having(self, key: K, value: V) -> Growing[K, V]:
        """This mapping with one more key, or another value for one that it has."""
        layers, top = self._layers, {key: value}
        while layers and len(layers[-1]) <= 2 * len(top):
            layers, top = layers[:-1], layers[-1] | top
        return Growing((*layers, top))

    def __getitem__(self, key: K) -> V:
        for layer in reversed(self._layers):
            if key in layer:
                return layer[key]
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return any(key in layer for layer in self._layers)

    def __iter__(self) -> Iterator[K]:
        return iter({key: None for layer in self._layers for key in layer})

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"Growing({dict(self)!r})"

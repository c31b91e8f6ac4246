"""Finds who answers a method and a path, in time that does not grow with the number of routes."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from shared.messages import Route

T = TypeVar("T")


class Found(NamedTuple, Generic[T]):
    """What stands at a path: who answers each method, and the values of the path's parameters."""

    template: str
    targets: dict[str, T]
    parameters: dict[str, str]


class _Node(Generic[T]):
    def __init__(self) -> None:
        self.named: dict[str, _Node[T]] = {}
        self.any: _Node[T] | None = None
        self.route: Route | None = None
        self.targets: dict[str, T] = {}


class Routes(Generic[T]):
    """Routes such as `POST /cases/{case}/closure`. A word that stands in a route goes before a parameter."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()

    def add(self, route: Route, target: T) -> None:
        """Raises ValueError if the route is taken, or names the parameters of its path otherwise than another does."""
        node = self._root
        for part in _parts(route.path):
            if part.startswith("{"):
                node.any = node.any or _Node()
                node = node.any
            else:
                node = node.named.setdefault(part, _Node())
        if route.method in node.targets or (node.route and node.route.path != route.path):
            raise ValueError(f"{route.method} {route.path} clashes with another route")
        node.route = route
        node.targets[route.method] = target

    def find(self, path: str) -> Found[T] | None:
        """What stands at `path`; None if nothing does."""
        return _find(self._root, _parts(path), 0, ())


def parameters_of(path: str) -> tuple[str, ...]:
    """The names in braces."""
    return tuple(part[1:-1] for part in _parts(path) if part.startswith("{"))


def _parts(path: str) -> list[str]:
    return path.removeprefix("/").split("/")


def _find(node: _Node[T], parts: list[str], at: int, values: tuple[str, ...]) -> Found[T] | None:
    if at == len(parts):
        if node.route is None:
            return None
        names = parameters_of(node.route.path)
        return Found(node.route.path, node.targets, dict(zip(names, values, strict=True)))
    if (named := node.named.get(parts[at])) and (found := _find(named, parts, at + 1, values)):
        return found
    if node.any is not None and parts[at]:
        return _find(node.any, parts, at + 1, (*values, parts[at]))
    return None

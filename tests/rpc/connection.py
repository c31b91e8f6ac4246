"""What a service process is connected to in these tests: a real log, and the tokens of its folder."""

from __future__ import annotations

from functools import partial

from services.gateway.identities import origin_of
from shared.rpc import Connected
from tests.gateway.visits import World, context

connected: list[Connected] = []


def connect(_: str) -> Connected:
    """Named in nameko's configuration."""
    return connected[-1]


def connection_to(world: World) -> Connected:
    """The bus of `world`, and its tokens."""
    return Connected(world.bus, partial(origin_of, world.tokens), (context,))

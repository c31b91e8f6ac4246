"""nameko's configuration, made from our settings; `deploy/nameko.yaml` says the same for nameko's own commands."""

from __future__ import annotations

from typing import Any

from services.gateway.distributed import relay
from shared.errors import Invalid
from shared.rpc import CONNECT
from shared.settings import Settings
from shared.transport import CONTENT_ENCODING, CONTENT_TYPE

MAX_WORKERS = 16


def nameko_config(settings: Settings) -> dict[str, Any]:
    """nameko's configuration. Raises `Invalid` without a broker."""
    if settings.amqp_url is None:
        raise Invalid("Services talk over a broker: set AMQP_URL, such as amqp://user:password@localhost//.")
    return {
        "AMQP_URI": settings.amqp_url.get_secret_value(),
        CONNECT: f"{relay.__name__}:connect",
        "max_workers": MAX_WORKERS,
        "serializer": "sealed",
        "ACCEPT": ["sealed"],
        "SERIALIZERS": {
            "sealed": {
                "encoder": "shared.transport.encode",
                "decoder": "shared.transport.decode",
                "content_type": CONTENT_TYPE,
                "content_encoding": CONTENT_ENCODING,
            }
        },
    }

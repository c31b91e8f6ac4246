"""A context as a process of its own: `python -m services.gateway.distributed.service cases`.

nameko's own `run`, with its configuration made from our settings: `deploy/nameko.yaml` says the same for `nameko run`.
"""

from __future__ import annotations

import eventlet

eventlet.monkey_patch()  # before anything else is imported, as nameko's own command does

import sys  # noqa: E402
from importlib import import_module  # noqa: E402

from nameko.cli.run import run  # noqa: E402

from services.gateway.distributed.nameko_config import nameko_config  # noqa: E402
from shared.errors import ForgetMeNotError, Invalid  # noqa: E402
from shared.logging import configure_logging  # noqa: E402
from shared.rpc import HEALTH  # noqa: E402
from shared.settings import load_settings  # noqa: E402


def service_class(name: str) -> type:
    """The nameko service of a context. Raises `Invalid` if there is none."""
    try:
        module = import_module(f"services.{name}.service")
    except ModuleNotFoundError:
        raise Invalid(f"There is no service {name}.") from None
    found = [one for one in vars(module).values() if isinstance(one, type) and hasattr(one, HEALTH)]
    return found[0]


def main(name: str) -> int:
    """Run until it is told to stop."""
    try:
        settings = load_settings()
        configure_logging(settings.log_format, settings.log_level)
        run([service_class(name)], nameko_config(settings))
    except ForgetMeNotError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

"""The HTTP API: every declared command and query under its route, and nothing but what the declaration says."""

from services.gateway.http.app import create_app

__all__ = ["create_app"]

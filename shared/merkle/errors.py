"""What can be wrong with a proof or with the log that it is about."""

from __future__ import annotations

from shared.errors import ForgetMeNotError


class InvalidProof(ForgetMeNotError):
    """A proof, checkpoint or key that does not hold: malformed, forged, or about another tree."""

    code, status, title = "invalid-proof", 422, "The proof does not hold"


class LogDiverged(ForgetMeNotError):
    """The log is not the one that the tree or a signed checkpoint vouches for. An operator must look."""

    code, status, title = "log-diverged", 500, "The log is not the one that was signed"

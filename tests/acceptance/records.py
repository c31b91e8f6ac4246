"""Records that tests make over HTTP: a person with a name, a case about them, and what follows."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.acceptance.serving import Api

DAY = "2024-03-01"
LATER = "2024-03-02"


class File(NamedTuple):
    """A case about a person."""

    person: str
    case: str


def person(api: Api, given: str = "Invented", family: str = "Name") -> str:
    """Somebody, registered under a name."""
    body = {"value": {"given": given, "family": family, "kind": "known_as"}, "occurred": DAY}
    return str(api.send("caseworker", "/persons", body)["ids"]["person"])


def case(api: Api, who: str, account: str = "An account of the intake.", kind: str = "trafficking") -> str:
    """A case about `who`, with a responsible worker."""
    opened = {"kind": kind, "channel": "walk_in", "person": who, "account": account, "occurred": DAY}
    made = str(api.send("caseworker", "/cases", opened)["ids"]["case"])
    api.send("supervisor", f"/cases/{made}/worker", {"worker": "caseworker-1", "occurred": DAY})
    return made


def file(api: Api, name: str = "Invented", account: str = "An account of the intake.") -> File:
    """A person with a case about them."""
    who = person(api, name)
    return File(who, case(api, who, account))


def join(api: Api, of: File, *members: str) -> None:
    """They work on the case, too; what is asked from now on knows of it."""
    for member in members:
        api.send("caseworker", f"/cases/{of.case}/team", {"member": member, "occurred": LATER})
    api.ask("caseworker", f"/cases/{of.case}/team", wait_for=api.head())


def note(api: Api, of: File, text: str, about: str | None = None) -> str:
    """A note in the file."""
    body = {"about": about or of.person, "text": text, "occurred": LATER}
    return str(api.send("caseworker", f"/cases/{of.case}/notes", body)["ids"]["note"])


def refer(api: Api, of: File) -> str:
    """A referral to rehabilitation, resting on a consent."""
    api.send("caseworker", f"/persons/{of.person}/birth", {"birth": "1980", "source": "document"})
    consent = api.send(
        "caseworker",
        f"/persons/{of.person}/consents",
        {"purpose": "sharing", "recipient": "rehabilitation", "until": "2030-01-01", "occurred": DAY},
    )["ids"]["consent"]
    made = api.send(
        "caseworker",
        "/referrals",
        {
            "case": of.case,
            "person": of.person,
            "to": "rehabilitation",
            "ground": "trafficking_victim",
            "needs": ["social", "legal"],
            "disclosed": ["name", "needs"],
            "legal_basis": "consent",
            "consent": consent,
            "until": "2030-01-01",
            "occurred": DAY,
        },
    )
    return str(made["ids"]["referral"])


def said(timeline: list[dict[str, Any]], what: str) -> list[Any]:
    """What the entries of one kind say."""
    return [entry["said"] for entry in timeline if entry["what"] == what]

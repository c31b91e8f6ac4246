"""What the records' own codes are called on paper, where a reader meets them."""

from __future__ import annotations

from services.analytics.sheet.words import Words, mark

TERMS = {
    "funder": {
        "government": mark("Government"),
        "foreign_organisation": mark("Foreign organisation"),
        "embassy": mark("Embassy"),
        "municipality": mark("Municipality"),
        "private": mark("Private donor"),
    },
    "service": {
        "crisis": mark("Crisis assistance"),
        "psychological": mark("Psychological help"),
        "legal": mark("Legal help"),
        "medical": mark("Medical help"),
        "social": mark("Social help"),
        "vocational": mark("Vocational training"),
        "material": mark("Material help"),
    },
    "case": {
        "missing_person": mark("Missing persons"),
        "trafficking": mark("Trafficking in human beings"),
        "family_support": mark("Support of families"),
    },
    "category": {
        "food": mark("Food"),
        "salaries": mark("Salaries"),
        "utilities": mark("Utilities"),
        "rent": mark("Rent"),
        "services": mark("Services"),
        "materials": mark("Materials"),
        "equipment": mark("Equipment"),
        "travel": mark("Travel"),
        "training": mark("Training"),
        "events": mark("Events"),
        "administration": mark("Administration"),
        "other": mark("Other costs"),
    },
    "campaign": {
        "public_action": mark("Public campaign"),
        "commemoration": mark("Commemoration"),
        "prevention_lesson": mark("Prevention lesson"),
        "media": mark("Media campaign"),
    },
    "artefact": {
        "poster": mark("Poster"),
        "banner": mark("Banner"),
        "leaflet": mark("Leaflet"),
        "film": mark("Film"),
        "exhibition": mark("Exhibition"),
        "lesson_material": mark("Lesson material"),
        "other": mark("Other material"),
    },
    "dimension": {
        "length": mark("length {measure}"),
        "width": mark("width {measure}"),
        "height": mark("height {measure}"),
        "duration": mark("duration {measure}"),
        "copies": mark("{measure}"),
    },
    "unit": {"m": mark("m"), "cm": mark("cm"), "min": mark("min"), "copies": mark("copies")},
    "outcome": {"adopted": mark("Adopted"), "partly": mark("Adopted in part"), "refused": mark("Refused")},
    "body": {
        "general_meeting": mark("General meeting"),
        "board": mark("Board"),
        "director": mark("Director"),
        "supervisory_body": mark("Supervisory body"),
        "audit": mark("Auditor"),
        "advisory_body": mark("Advisory body"),
    },
    "section": {
        "tensions": mark("Tensions in the shelter noticed"),
        "mediations": mark("Mediations"),
        "separations": mark("Separations ordered"),
        "nights": mark("Nights in the shelter"),
        "preparations": mark("Preparations for trial"),
        "hearings": mark("Hearings"),
        "representations": mark("Representations in court"),
        "hours_covered": mark("Hours with somebody on duty"),
        "hours_uncovered": mark("Hours with nobody on duty"),
        "incidents": mark("Incidents"),
        "handovers": mark("Handovers"),
    },
}


def term(words: Words, group: str, code: str, **values: object) -> str:
    """What a code is called; the code itself, readably, where it is newer than this program."""
    text = TERMS[group].get(code)
    return words.say(text, **values) if text else code.replace("_", " ")

"""What is sealed opens in its own place only, and not at all once it has been forgotten."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import Conflict, Forgotten, Invalid, NotFound, Tampered
from shared.privacy.personal import FORGOTTEN, Place
from shared.privacy.vault import AesGcmVault
from tests.privacy.conftest import NOW, key_name, place

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    # A lone surrogate is no text, and no JSON.
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc"), inner, max_size=4),
    max_leaves=8,
)
ONE_VAULT = AesGcmVault.in_memory()
ONE_VAULT.prepare([key_name()])


@given(value=JSON_VALUES)
def test_a_sealed_value_opens_as_it_was(value: Any) -> None:
    assert ONE_VAULT.open(ONE_VAULT.seal(value, key_name(), place()), place()) == value


@given(parts=st.tuples(*[st.sampled_from(["", "1", "11", "1:1", "case-1", "a|b", "é"])] * 5))
def test_a_token_moved_to_any_other_place_does_not_open(parts: tuple[str, ...]) -> None:
    here, there = place(), Place(*parts)
    token = ONE_VAULT.seal("hidden under the stairs", key_name(), here)
    if there != here:
        with pytest.raises(Tampered):
            ONE_VAULT.open(token, there)


@pytest.mark.parametrize("part", Place._fields)
def test_each_part_of_the_place_counts_alone(part: str) -> None:
    token = ONE_VAULT.seal("x", key_name(), place())
    with pytest.raises(Tampered):
        ONE_VAULT.open(token, place()._replace(**{part: "another"}))


@pytest.mark.parametrize("first", range(4))
def test_parts_of_a_place_do_not_run_into_each_other(first: int) -> None:
    here, there = list(place()), list(place())
    # Written one after the other with a length before the second only, these would be the same text.
    here[first : first + 2], there[first : first + 2] = ["e", "3:abc"], ["e5:", "abc"]
    name = key_name(here[4])
    ONE_VAULT.prepare([name])
    with pytest.raises(Tampered):
        ONE_VAULT.open(ONE_VAULT.seal("x", name, Place(*here)), Place(*there))


def test_no_single_changed_bit_opens() -> None:
    token = ONE_VAULT.seal("yes", key_name(), place())
    raw = base64.urlsafe_b64decode(token)
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(Tampered):
            ONE_VAULT.open(base64.urlsafe_b64encode(changed).decode(), place())


def test_no_other_spelling_of_a_token_opens() -> None:
    token = ONE_VAULT.seal("yes", key_name(), place())
    for other in (token + "=", token + "\n", " " + token, token[:-1], token + "AAAA", token.replace("_", "/", 1) + "?"):
        with pytest.raises(Tampered):
            ONE_VAULT.open(other, place())


@given(text=st.text() | st.text("ABCDwxyz0189-_=", min_size=60))
def test_text_that_is_no_token_is_refused_as_tampered(text: str) -> None:
    with pytest.raises(Tampered):
        ONE_VAULT.open(text, place())


@given(tail=st.binary(max_size=80))
def test_bytes_behind_a_true_beginning_are_refused_as_tampered(tail: bytes) -> None:
    beginning = base64.urlsafe_b64decode(ONE_VAULT.seal("yes", key_name(), place()))[:17]
    with pytest.raises(Tampered):
        ONE_VAULT.open(base64.urlsafe_b64encode(beginning + tail).decode(), place())


def test_the_same_value_never_gives_the_same_token(vault: AesGcmVault) -> None:
    vault.prepare([key_name()])
    assert len({vault.seal("again", key_name(), place()) for _ in range(100)}) == 100


def test_the_length_of_a_token_does_not_tell_yes_from_no(vault: AesGcmVault) -> None:
    vault.prepare([key_name()])
    assert len({len(vault.seal(value, key_name(), place())) for value in (True, False, None, "low", "very high")}) == 1


def test_a_token_does_not_hold_its_value(vault: AesGcmVault) -> None:
    vault.prepare([key_name()])
    token = vault.seal("Rūta", key_name(), place())
    assert "Rūta".encode() not in base64.urlsafe_b64decode(token)


@pytest.mark.parametrize("value", [object(), {1, 2}, "\ud800", 2**70])
def test_what_is_no_json_is_not_sealed(vault: AesGcmVault, value: Any) -> None:
    vault.prepare([key_name()])
    with pytest.raises(Invalid):
        vault.seal(value, key_name(), place())


def test_sealing_needs_a_key_that_was_prepared(vault: AesGcmVault) -> None:
    with pytest.raises(NotFound):
        vault.seal("early", key_name(), place())


def test_a_value_is_not_sealed_with_the_key_of_somebody_else(vault: AesGcmVault) -> None:
    vault.prepare([key_name("person-2")])
    with pytest.raises(Invalid):
        vault.seal("about person 1", key_name("person-2"), place("person-1"))


def test_a_forgotten_person_is_unreadable_and_nobody_else(vault: AesGcmVault) -> None:
    vault.prepare([key_name("person-1"), key_name("person-2")])
    hers = vault.seal("hers", key_name("person-1"), place("person-1"))
    his = vault.seal("his", key_name("person-2"), place("person-2"))
    assert vault.open(hers, place("person-1")) == "hers"
    vault.keys.forget("person-1", destroy=[key_name("person-1")], keep=[], certificate="c-1", at=NOW)
    assert vault.open(hers, place("person-1")) is FORGOTTEN
    assert vault.open(his, place("person-2")) == "his"


def test_a_forgotten_value_does_not_pass_for_one_of_somebody_else(vault: AesGcmVault) -> None:
    vault.prepare([key_name()])
    token = vault.seal("hers", key_name(), place())
    vault.keys.forget("person-1", destroy=[key_name()], keep=[], certificate="c-1", at=NOW)
    with pytest.raises(Tampered):
        vault.open(token, place("person-2"))


def test_nothing_new_is_recorded_of_a_forgotten_person(vault: AesGcmVault) -> None:
    held, gone = key_name(record="proceedings-1"), key_name()
    vault.prepare([held, gone])
    vault.keys.forget("person-1", destroy=[gone], keep=[held], certificate="c-1", at=NOW)
    for name in (held, gone, key_name(record="case-9")):
        with pytest.raises(Forgotten):
            vault.prepare([name])
        with pytest.raises(Forgotten):
            vault.seal("new", name, place())
        with pytest.raises(Forgotten):
            vault.fingerprint(b"new", [name])


def test_a_record_under_legal_hold_stays_readable(vault: AesGcmVault) -> None:
    held, gone = key_name(record="proceedings-1"), key_name()
    vault.prepare([held, gone])
    kept, lost = vault.seal("for the court", held, place()), vault.seal("not for the court", gone, place())
    erasure = vault.keys.forget("person-1", destroy=[gone], keep=[held], certificate="c-1", at=NOW)
    assert vault.open(kept, place()) == "for the court"
    assert vault.open(lost, place()) is FORGOTTEN
    assert erasure.kept == (held,)
    assert [key.name for key in erasure.destroyed] == [gone]


def test_when_the_hold_ends_the_rest_goes_under_another_certificate(vault: AesGcmVault) -> None:
    held = key_name(record="proceedings-1")
    vault.prepare([held])
    token = vault.seal("for the court", held, place())
    vault.keys.forget("person-1", destroy=[], keep=[held], certificate="c-1", at=NOW)
    vault.keys.forget("person-1", destroy=[held], keep=[], certificate="c-2", at=NOW)
    assert vault.open(token, place()) is FORGOTTEN


def test_what_was_not_in_the_dry_run_is_not_destroyed_unseen(vault: AesGcmVault) -> None:
    late = key_name(record="case-2")
    vault.prepare([key_name(), late])
    token = vault.seal("made since", late, place())
    with pytest.raises(Conflict):
        vault.keys.forget("person-1", destroy=[key_name()], keep=[], certificate="c-1", at=NOW)
    assert vault.open(token, place()) == "made since"
    vault.prepare([key_name(record="case-3")])


def test_a_key_cannot_be_both_kept_and_destroyed(vault: AesGcmVault) -> None:
    with pytest.raises(Invalid):
        vault.keys.forget("person-1", destroy=[key_name()], keep=[key_name()], certificate="c-1", at=NOW)


def test_forgetting_one_person_cannot_name_the_keys_of_another(vault: AesGcmVault) -> None:
    with pytest.raises(Invalid):
        vault.keys.forget("person-1", destroy=[key_name("person-2")], keep=[], certificate="c-1", at=NOW)


def test_a_repeat_under_the_same_certificate_answers_the_same(vault: AesGcmVault) -> None:
    vault.prepare([key_name()])
    order: dict[str, Any] = {"destroy": [key_name()], "keep": [], "certificate": "c-1", "at": NOW}
    assert vault.keys.forget("person-1", **order) == vault.keys.forget("person-1", **order)


def test_a_certificate_covers_one_erasure(vault: AesGcmVault) -> None:
    vault.prepare([key_name()])
    vault.keys.forget("person-1", destroy=[key_name()], keep=[], certificate="c-1", at=NOW)
    with pytest.raises(Conflict):
        vault.keys.forget("person-2", destroy=[], keep=[], certificate="c-1", at=NOW)


def test_one_entry_is_shredded_alone(vault: AesGcmVault) -> None:
    wrong, right = key_name(record="entry-1"), key_name(record="entry-2")
    vault.prepare([wrong, right])
    token, other = vault.seal("in the wrong file", wrong, place()), vault.seal("in the right one", right, place())
    vault.keys.shred([wrong], certificate="c-1", at=NOW)
    assert vault.open(token, place()) is FORGOTTEN
    assert vault.open(other, place()) == "in the right one"
    with pytest.raises(Forgotten):
        vault.prepare([wrong])
    vault.prepare([key_name(record="entry-3")])


def test_a_record_that_expired_may_be_written_to_again_when_the_person_comes_back(vault: AesGcmVault) -> None:
    vault.prepare([key_name()])
    old = vault.seal("2004", key_name(), place())
    vault.keys.shred([key_name()], certificate="c-1", at=NOW, closed=False)
    vault.prepare([key_name()])
    new = vault.seal("2026", key_name(), place())
    assert vault.open(old, place()) is FORGOTTEN
    assert vault.open(new, place()) == "2026"


def test_the_keys_of_a_person_are_listed_with_what_became_of_them(vault: AesGcmVault) -> None:
    wrong = key_name(record="entry-1")
    vault.prepare([key_name(), key_name("person-2")])
    vault.prepare([wrong])
    vault.keys.shred([wrong], certificate="c-1", at=NOW)
    first, second = vault.keys.keys_of("person-1")
    assert (first.name, first.destroyed, first.certificate) == (key_name(), None, None)
    assert (second.name, second.destroyed, second.certificate) == (wrong, NOW.isoformat(), "c-1")


def test_each_destruction_raises_the_generation(vault: AesGcmVault) -> None:
    vault.prepare([key_name()])
    before = vault.generation()
    vault.keys.shred([key_name()], certificate="c-1", at=NOW)
    assert vault.generation() > before
    assert vault.generation() % 2 == 0


def test_a_fingerprint_is_the_same_for_the_same_content_whatever_the_order_of_keys(vault: AesGcmVault) -> None:
    one, two = key_name("person-1"), key_name("person-2")
    vault.prepare([one, two])
    assert vault.fingerprint(b"x", [one, two]) == vault.fingerprint(b"x", [two, one, two])
    assert vault.fingerprint(b"x", [one, two]) != vault.fingerprint(b"y", [one, two])
    assert vault.fingerprint(b"x", [one]) != vault.fingerprint(b"x", [two])


def test_a_fingerprint_cannot_be_made_again_once_one_of_its_keys_is_gone(vault: AesGcmVault) -> None:
    one, two = key_name("person-1"), key_name("person-2")
    vault.prepare([one, two])
    vault.fingerprint(b"x", [one, two])
    vault.keys.shred([two], certificate="c-1", at=NOW)
    with pytest.raises(Forgotten):
        vault.fingerprint(b"x", [one, two])


def test_content_that_is_about_nobody_has_a_plain_fingerprint(vault: AesGcmVault) -> None:
    assert vault.fingerprint(b"abc", []) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_a_small_cache_answers_like_a_large_one() -> None:
    keys = AesGcmVault.in_memory().keys
    vault = AesGcmVault(keys, cached_keys=2)
    names = [key_name(f"person-{number}") for number in range(10)]
    vault.prepare(names)
    tokens = [vault.seal(name.subject, name, place(name.subject)) for name in names]
    assert [vault.open(token, place(name.subject)) for token, name in zip(tokens, names, strict=True)] == [
        name.subject for name in names
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=5)
@given(subjects=st.lists(st.sampled_from("abcdef"), min_size=20, max_size=40))
def test_many_threads_seal_while_people_are_forgotten(subjects: list[str]) -> None:
    vault = AesGcmVault.in_memory()

    def work(number_and_subject: tuple[int, str]) -> None:
        number, subject = number_and_subject
        name = key_name(subject)
        try:
            vault.prepare([name])
            token = vault.seal(number, name, place(subject))
        except Forgotten:
            return
        if number % 5 == 4:
            vault.keys.forget(subject, destroy=[name], keep=[], certificate=f"c-{number}", at=NOW)
            assert vault.open(token, place(subject)) is FORGOTTEN
        else:
            assert vault.open(token, place(subject)) in (number, FORGOTTEN)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, enumerate(subjects)))

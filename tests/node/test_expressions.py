"""Regular expressions of clients: what matches, what is refused, and that none of them keeps the node from working.

Sources: the server's docs, "Server-side filtering" (a regular expression is found anywhere in the name); RE2's syntax
page (what it has, and that look-around and back-references are not there); the clients' own expressions:
`excludeSystemEvents` of the JavaScript client, `construct_filter_exclude_regex` of the Python client.
"""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kurrentdbclient import KurrentDBClient, NewEvent, StreamState
from kurrentdbclient.exceptions import KurrentDBClientError

from shared.eventstore.node.calls import Code, Refused
from shared.eventstore.node.expressions import matching

NAMES = [
    "",
    "a",
    "b",
    "ab",
    "abc",
    "$ce-a",
    "$>",
    "case-17",
    "Case-17",
    "žemė-1",
    "PersistentConfig1",
    "Result",
    "a|b",
    "(a",
]

# As Python's engine understands them too, which looks on from beside.
EXPRESSIONS = [
    "a",
    "^a",
    "a$",
    "^a|b$",
    r"^[^\$].*",
    r"^(?!(\$.+$|PersistentConfig\d+$|Result$))",
    r"^(?!\$)",
    r"^(?!a)(?!b)",
    r"^(?=.*1)(?!case)",
    r"^(?!\)|\()",
    r"^(?![)(])",
    r"^(?![])(])a",
    r"^(?!a)(b|c)",
    r"^(?!a\|)",
    r"^(?!(a|b)c)a",
    r"(?i)^(?!case).*1",
    "(?i)case",
    r"^[\w$]+-\d{1,3}$",
]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_is_found_where_the_common_syntax_says(expression: str) -> None:
    test = matching(expression)
    assert [name for name in NAMES if test(name)] == [name for name in NAMES if re.search(expression, name, re.ASCII)]


def test_letters_of_all_scripts_are_letters_where_that_is_asked_for() -> None:
    r"""RE2's \w, \d and \b are of ASCII; its \p{L} and (?i) are not."""
    assert matching(r"^\p{Lu}\p{L}+$")("Žemė") and not matching(r"^\p{Lu}")("žemė")
    assert matching("(?i)^ŽEMĖ")("žemė-1")
    assert not matching(r"^\w+$")("žemė")


@given(
    unwanted=st.lists(st.text("ab[](|)\\^$", max_size=4), min_size=1, max_size=3),
    name=st.text("ab[](|)\\^$", max_size=6),
)
def test_whatever_is_looked_ahead_for_is_looked_for(unwanted: list[str], name: str) -> None:
    """Literal names, escaped, so that both engines must say the same."""
    expression = "^(?!(" + "|".join(re.escape(one) + "$" for one in unwanted) + "))"
    assert matching(expression)(name) == (re.search(expression, name) is not None)


@pytest.mark.parametrize(
    "expression",
    [
        "(",
        ")",
        "[z-a]",
        "(?P<n>",
        "*",
        "^(?!a",
        "^(?!a))",
        "^(?!a)|b",
        "a(?!b)",
        "(?<=a)b",
        r"(a)\1",
        "(?>a)",
        "\ud800",
    ],
)
def test_what_is_not_in_the_syntax_is_refused(expression: str) -> None:
    with pytest.raises(Refused, match="regular expression is not valid") as refused:
        matching(expression)
    assert refused.value.code is Code.INVALID_ARGUMENT


@pytest.mark.parametrize("expression", ["x" * 5000, r"(?:\p{L}{1,50}){1,3}", "(a{1000}){10}", "((((a?){9}){9}){9}){9}"])
def test_what_would_take_long_by_its_size_is_refused(expression: str) -> None:
    with pytest.raises(Refused, match=r"too large|longer than|not valid"):
        matching(expression)


@pytest.mark.parametrize("expression", ["(a+)+$", "^(a|a)*$", "(.*a){20}$", "^(?!(a+)+$)", "^(?:a?){30}a{30}$"])
def test_an_expression_that_would_keep_other_engines_busy_is_answered(expression: str) -> None:
    """There are more ways to divide 500 letters than atoms: who tries them all does not return."""
    assert matching(expression)("a" * 500 + "!") is expression.startswith("^(?!")


def test_readers_of_such_an_expression_hold_up_nobody(client: KurrentDBClient, stream: str) -> None:
    name = f"{stream}-{'a' * 300}"
    client.append_event(name, current_version=StreamState.ANY, event=NewEvent(type="Deposited", data=b"{}"))
    expression = f"{stream}-(a+)+$"
    found = client.read_all(filter_include=[expression], filter_by_stream_name=True)
    assert [event.stream_name for event in found] == [name]
    with client.subscribe_to_all(filter_include=[f"{stream}-(a+)+!$"], filter_by_stream_name=True) as subscription:
        client.append_event(f"{name}!", current_version=StreamState.ANY, event=NewEvent(type="Deposited", data=b"{}"))
        assert next(subscription).stream_name == f"{name}!"


def test_a_refused_expression_reaches_the_caller_as_such(client: KurrentDBClient) -> None:
    with pytest.raises(KurrentDBClientError, match="RE2's syntax"):
        list(client.read_all(filter_include=["(?<=a)b"]))

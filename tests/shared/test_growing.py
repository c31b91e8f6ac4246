"""A growing mapping is a dict that never changes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.growing import Growing


@given(st.lists(st.tuples(st.integers(0, 30), st.integers())))
def test_it_holds_what_a_dict_would_hold(steps: list[tuple[int, int]]) -> None:
    growing, plain = Growing[int, int](), {}
    for key, value in steps:
        growing, plain = growing.having(key, value), {**plain, key: value}
        assert dict(growing) == plain
        assert len(growing) == len(plain)
    for key in range(31):
        assert growing.get(key) == plain.get(key)
        assert (key in growing) == (key in plain)


@given(st.lists(st.integers(0, 30)))
def test_a_step_leaves_what_it_was_taken_from_as_it_was(keys: list[int]) -> None:
    growing = Growing[int, str]()
    for key in keys:
        growing = growing.having(key, "before")
    before = dict(growing)
    for key in range(31):
        growing.having(key, "after")
    assert dict(growing) == before


def test_two_that_hold_the_same_are_equal_however_they_came_to_it() -> None:
    assert Growing[int, int]().having(1, 2).having(3, 4) == Growing[int, int]().having(3, 0).having(1, 2).having(3, 4)
    assert Growing[int, int]().having(1, 2) != Growing[int, int]()


def test_ten_thousand_steps_copy_little() -> None:
    growing = Growing[int, int]()
    for key in range(10_000):
        growing = growing.having(key, key)
    assert len(growing._layers) < 20
    assert len(growing) == 10_000

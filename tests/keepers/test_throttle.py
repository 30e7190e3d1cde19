"""The throttle table: fresh entries stay, old ones leave, and it never grows beyond its bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from plimsoll.keepers.throttle import FORGET_MS, STRIKES_MAX, Throttle


def test_old_entries_leave_and_fresh_ones_stay() -> None:
    """Pruning takes exactly what is over: at its end a key rests no more."""
    table = Throttle()
    table.block("old", 0, 1_000)
    table.block("fresh", 500, 1_000)
    assert table.blocked("old", 999)
    assert not table.blocked("old", 1_000)
    assert table.prune(1_000) == 1
    assert len(table) == 1
    assert table.blocked("fresh", 1_499)
    assert not table.blocked("fresh", 1_500)


def test_a_rest_is_never_shortened() -> None:
    """A later, shorter rest leaves the longer one; a longer one replaces it, once."""
    table = Throttle()
    assert table.block("key", 0, 5_000) == 5_000
    assert table.block("key", 100, 1_000) == 5_000
    assert table.block("key", 100, 9_000) == 9_100
    assert table.prune(5_000) == 0, "the entry of the first rest is no longer its end"
    assert table.blocked("key", 9_099)


def test_strikes_double_up_to_a_bound_and_are_forgotten() -> None:
    """Each refusal in a row doubles the rest; success and quiet begin anew."""
    table = Throttle()
    now, rests = 0, []
    for _ in range(STRIKES_MAX + 3):
        until = table.strike("key", now, 100)
        rests.append(until - now)
        now = until
    assert rests[:3] == [100, 200, 400]
    assert rests[-1] == rests[-2] == 100 << STRIKES_MAX
    table.clear("key")
    assert table.strike("key", now, 100) == now + 100
    later = now + 100 + FORGET_MS + 1
    assert table.strike("key", later, 100) == later + 100


entries = st.lists(
    st.tuples(st.sampled_from("abcdefghij"), st.integers(0, 50), st.integers(0, 200)), max_size=60
)


@given(entries, st.integers(1, 12))
def test_against_a_plain_table(steps: list[tuple[str, int, int]], most: int) -> None:
    """Within its bound it says what a dict of end times says; beyond it, it forgets the soonest."""
    table, model, now = Throttle(most), dict[str, int](), 0
    for key, passed, rest in steps:
        now += passed
        model = {one: until for one, until in model.items() if until > now}
        table.prune(now)
        table.block(key, now, rest)
        if rest > 0:
            model[key] = max(model.get(key, 0), now + rest)
        assert len(table) <= most
        if len(model) <= most:
            assert {one for one in "abcdefghij" if table.blocked(one, now)} == set(model)
        else:
            first = min(model.items(), key=lambda one: (one[1], one[0]))[0]
            del model[first]
    assert table.prune(now + 1_000) == len(model)
    assert len(table) == 0

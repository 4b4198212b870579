"""What is said once in a while."""

from nexus.lib.seldom import Seldom


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_one_may_and_the_others_need_not() -> None:
    clock = Clock()
    seldom = Seldom(10.0, clock=clock)

    first = [seldom.may() for _ in range(3)]
    clock.now_s = 9.9
    soon = seldom.may()
    clock.now_s = 10.0
    later = [seldom.may() for _ in range(2)]

    assert (first, soon, later) == ([True, False, False], False, [True, False])

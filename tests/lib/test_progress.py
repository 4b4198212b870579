import pytest

from nexus.lib.progress import Progress, minutes


class Screen:
    """What was written, by a clock that the test turns."""

    def __init__(self, *, is_terminal: bool) -> None:
        self.now_s = 1000.0
        self.told: list[str] = []
        self.progress = Progress(
            self.told.append,
            of="films",
            is_terminal=is_terminal,
            clock=lambda: self.now_s,
        )

    def show(self, done: int, *, after_s: float) -> None:
        self.now_s += after_s
        self.progress.show(done, 120)


@pytest.fixture
def terminal() -> Screen:
    return Screen(is_terminal=True)


@pytest.fixture
def file() -> Screen:
    return Screen(is_terminal=False)


def test_it_works(terminal: Screen) -> None:
    terminal.show(30, after_s=10)

    assert terminal.told == [
        "\r[######..................] 30 of 120 films, 3.0 a second, 0:30 left\x1b[K"
    ]


def test_it_counts_where_nobody_knows_how_many_there_are(terminal: Screen) -> None:
    terminal.now_s += 10
    terminal.progress.show(30, 0)

    assert terminal.told == ["\r30 films, 3.0 a second\x1b[K"]


def test_it_is_full_at_the_end(terminal: Screen) -> None:
    terminal.show(120, after_s=10)

    assert f"[{'#' * 24}] 120 of 120 films" in terminal.told[0]
    assert "0:00 left" in terminal.told[0]


def test_it_is_not_drawn_for_every_film(terminal: Screen) -> None:
    for done in range(1, 101):
        terminal.show(done, after_s=0.01)

    assert 5 <= len(terminal.told) <= 11


def test_it_clears_the_line_for_what_comes_after(terminal: Screen) -> None:
    terminal.progress.end()

    assert terminal.told == ["\r\x1b[K"]


def test_elsewhere_it_is_a_line_now_and_then(file: Screen) -> None:
    for done in range(1, 61):
        file.show(done, after_s=1)
    file.progress.end()

    assert file.told[0] == "15 of 120 films, 1.0 a second, 1:45 left\n"
    assert len(file.told) == 4


def test_the_rate_is_that_of_the_last_seconds(file: Screen) -> None:
    for _ in range(10):
        file.show(0, after_s=60)

    file.show(60, after_s=60)

    assert file.told[-1] == "60 of 120 films, 1.0 a second, 1:00 left\n"


def test_without_a_rate_no_time_is_told(file: Screen) -> None:
    file.show(0, after_s=60)

    assert file.told == ["0 of 120 films\n"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00"), (65.4, "1:05"), (3600, "1:00:00"), (7209, "2:00:09"), (-1, "0:00")],
)
def test_times_are_readable(seconds: float, text: str) -> None:
    assert minutes(seconds) == text

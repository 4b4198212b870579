"""The tables of the report and what a reader must know of each."""

from collections.abc import Sequence
from dataclasses import replace

from nexus.engine.evaluation.ledger import Ledger, Line, Section
from nexus.engine.evaluation.matches import MatchLedger
from nexus.engine.evaluation.rankings import Shown

STRONG = """\
People no model was trained on: each is held out in one fold, a random 80 % of their
ratings are told, and all other films of the table are ranked. What counts is the likes
(4 stars or more) among the other 20 %. A film that nobody else rated cannot be ranked;
a like of it counts as missed.

All rated films hidden: no film whose rating is told is listed, as in the product. Only
the known likes hidden: known dislikes stay in the way, as in most papers. The mask
alone moves all figures: compare within a group. Coverage: share of all films that are
in at least one first 20. A peer that knows no like of a person lists by popularity."""

TEMPORAL = """\
Trained on the first 80 % of all ratings by time; what counts is each person's likes
after that. Newcomers have no rating before the cut, so nothing of theirs is known.
Rated films are hidden."""

RATING = """\
Single ratings are hidden, a fold at a time; the people themselves are in the training
data. In stars, over all ratings."""

MATCH = """\
People no model was trained on, by how many of their ratings are told. Like = 4 stars or
more. ECE and worst bin are over 15 equally wide bins of the claimed chance, the worst
among bins with at least 1 % of the ratings. Resampled tables look a little worse
calibrated than the whole (gaps of chance add up), so these two may lie at or below the
low end of their intervals. Cover: share of the ratings within the range that is to hold
four of five.

Stars shown as r / 5 are what many sites call a match; they are no chance."""

COLD = """\
Unseen people at their start: little of what is known of them is told, all of it is kept
out of the lists, and the hidden likes are the same in each group. Genres: the three
most above the usual among a person's known likes stand in for what they would tick.
Cards: of 20 films shown, the ratings of those they have seen are told; the films are
chosen by what having seen them explains of all likes, or are simply the most rated."""

COST = """\
Medians on the machine that wrote this report, with one thread. On disk: all files that
serving needs, in 10^6 bytes; peers are not saved."""


def of_strong(ledger: Ledger, shown: Shown) -> Section:
    lines = [_with_coverage(line, shown) for line in ledger.lines(compare="NDCG@100")]
    return Section("strong", "Which film next: unseen people", STRONG, tuple(lines))


def of_temporal(ledger: Ledger) -> Section:
    lines = tuple(ledger.lines(compare="NDCG@100"))
    return Section("temporal", "Which film next: later likes", TEMPORAL, lines)


def of_ratings(ledger: Ledger) -> Section:
    lines = tuple(ledger.lines(compare="RMSE"))
    return Section("rating", "How many stars: hidden ratings", RATING, lines)


def of_matches(claims: MatchLedger) -> Section:
    lines = tuple(claims.lines())
    return Section("match", "Match score: unseen people", MATCH, lines)


def of_cold(ledger: Ledger) -> Section:
    return Section("cold", "The first minutes", COLD, tuple(ledger.lines()))


def of_costs(lines: Sequence[Line]) -> Section:
    return Section("cost", "What it takes", COST, tuple(lines))


def _with_coverage(line: Line, shown: Shown) -> Line:
    share = shown.coverage(line.group, line.contestant)
    return replace(line, cells={**line.cells, "coverage@20": share})

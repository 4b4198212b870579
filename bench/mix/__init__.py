"""Everything at once, for minutes: does anything fail, get lost, or grow?

`python -m bench.mix` lets many members read, rate, import films and be learned from.
"""

"""A catalogue of any size, made up: equal seeds give equal films.

`python -m bench.data --films 1000000 --ratings 1000000` fills an empty installation.
"""

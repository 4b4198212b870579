"""The product under load, beside the limit: the same server with constant bytes.

`python -m bench.load` starts both as in production and asks them in turns.
"""

"""What is lost, and for how long, when a part of an installation is killed?

`python -m bench.drill` kills each of them with SIGKILL, under a load of writes.
"""

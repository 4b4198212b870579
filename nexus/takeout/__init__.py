"""Everything held of a member, as an archive they can take along.

It has to know every table that leads to a member; it changes none of them.
"""

"""What the bench starts beside the product."""

import os

from bench.load.servers import running_limit


def test_the_limit_shares_the_processors_as_the_product_does() -> None:
    with running_limit() as limit:
        assert os.getsid(limit.pid) == limit.pid

import platform

from nexus.lib.memory import keep_freed_memory


def test_it_works_where_there_is_glibc() -> None:
    assert keep_freed_memory() == (platform.libc_ver()[0] == "glibc")

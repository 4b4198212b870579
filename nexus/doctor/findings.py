"""What an examination finds, and how it is told; knows no Django, which may fail."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Final

ALL_WELL: Final = 0
SOMETHING_IS_WRONG: Final = 1


class Status(StrEnum):
    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"  # it could not be looked at, because of something else


@dataclass(frozen=True, slots=True)
class Finding:
    """`remedy` says what to do, where something is wrong."""

    check: str
    status: Status
    message: str
    remedy: str = ""


def ok(check: str, message: str) -> Finding:
    return Finding(check, Status.OK, message)


def wrong(check: str, message: str, *, remedy: str) -> Finding:
    return Finding(check, Status.WRONG, message, remedy)


def unknown(check: str, message: str) -> Finding:
    return Finding(check, Status.UNKNOWN, message)


def is_well(findings: Iterable[Finding]) -> bool:
    return not any(one.status is Status.WRONG for one in findings)


def exit_code(findings: Iterable[Finding]) -> int:
    return ALL_WELL if is_well(findings) else SOMETHING_IS_WRONG


def as_json(findings: Sequence[Finding]) -> str:
    told = [asdict(one) for one in findings]
    return json.dumps({"is_well": is_well(findings), "findings": told})


def as_text(findings: Sequence[Finding]) -> str:
    count = sum(one.status is Status.WRONG for one in findings)
    are = "is" if count == 1 else "are"
    last = f"{count} of these {are} wrong." if count else "All is well."
    return "\n".join([*map(as_lines, findings), last])


def as_lines(one: Finding) -> str:
    mark = one.status.upper() if one.status is Status.WRONG else one.status
    line = f"{mark:8}{one.check:12}{one.message}"
    return f"{line}\n{'':8}{'what to do':12}{one.remedy}" if one.remedy else line


def tell(findings: Sequence[Finding], *, for_programs: bool) -> str:
    return as_json(findings) if for_programs else as_text(findings)

"""The kinds of value that rules are made of, shared by promotions and points."""

from typing import Annotated

from msgspec import Meta, Struct

from config.shop import Code
from config.words import Id, Name

LIST_MAX = 10_000
SHORT_LIST_MAX = 100

Percent = Annotated[int, Meta(ge=0, le=100, description="a percentage to pay, 0 to 100")]
Count = Annotated[int, Meta(ge=1, le=1_000_000, description="a count, 1 or more")]
Some = Annotated[int, Meta(ge=1, le=10**11, description="minor units (fen), 1 or more")]
Priority = Annotated[int, Meta(ge=0, le=10_000, description="0 to 10000")]
Weekday = Annotated[int, Meta(ge=1, le=7, description="a weekday, Monday is 1 and Sunday 7")]
Date = Annotated[
    str, Meta(pattern=r"^20[0-9]{2}-[0-9]{2}-[0-9]{2}\Z", description='a date such as "2026-11-21"')
]
Hours = Annotated[
    str,
    Meta(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]\Z",
        description='a time of day such as "18:00-21:00"; one past midnight ends the next day',
    ),
]
Ids = Annotated[tuple[Id, ...], Meta(max_length=LIST_MAX)]
Names = Annotated[tuple[Name, ...], Meta(max_length=LIST_MAX)]
Codes = Annotated[tuple[Code, ...], Meta(max_length=LIST_MAX)]


class Row(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the rules file."""

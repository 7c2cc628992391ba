"""The kinds of value that settings are made of, each with its limits and the words for its fault.

A `description` completes the sentence "must be …"; it is also what editors show (JSON Schema).
"""

from typing import Annotated

from msgspec import Meta

TEXT_LENGTH_MAX = 120
PATH_LENGTH_MAX = 1024
# No control characters: a name ends up on a printer, where ESC starts a command. No bidirectional
# overrides: they make a name on the page look like another.
_PRINTABLE = r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"

Text = Annotated[
    str,
    Meta(
        pattern=rf"^{_PRINTABLE}*\Z",
        max_length=TEXT_LENGTH_MAX,
        description=f"printable text of at most {TEXT_LENGTH_MAX} characters",
    ),
]
Name = Annotated[
    str,
    Meta(
        pattern=rf"^{_PRINTABLE}+\Z",
        min_length=1,
        max_length=60,
        description="printable text of 1 to 60 characters",
    ),
]
Id = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,30}\Z",
        max_length=31,
        description="1 to 31 letters, digits and hyphens (A-Z a-z 0-9 -), no hyphen first",
    ),
]
FilePath = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f]+\Z",
        min_length=1,
        max_length=PATH_LENGTH_MAX,
        description="a path; a relative one counts from the folder of the file it stands in",
    ),
]
Currency = Annotated[
    str, Meta(pattern=r"^[A-Z]{3}\Z", description='an ISO 4217 code such as "CNY"')
]
TimeOfDay = Annotated[
    str,
    Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]\Z", description='a time of day such as "04:00"'),
]
HostName = Annotated[
    str,
    Meta(
        pattern=r"^([A-Za-z0-9]([A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])\Z",
        max_length=253,
        description="a host name or an IP address, without a port",
    ),
]
Port = Annotated[int, Meta(ge=1, le=65535, description="a port number from 1 to 65535")]
Listen = Annotated[
    str,
    Meta(
        pattern=r"^(127(\.[0-9]{1,3}){3}|localhost|\[::1\]):[0-9]{1,5}\Z",
        description='an address of this machine with a port, such as "127.0.0.1:8080"',
    ),
]
Broker = Annotated[
    str,
    Meta(
        pattern=r"^mqtts?://([A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?\Z",
        description='a broker such as "mqtt://127.0.0.1:1883" or "mqtts://hq.example.com:8883"',
    ),
]
Trust = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f]+\Z",
        min_length=1,
        max_length=PATH_LENGTH_MAX,
        description='a path of public keys, or "first"',
    ),
]
DatabaseUrl = Annotated[
    str,
    Meta(
        pattern=r"^(sqlite:///[^\x00-\x1f?#]+|postgresql://[!-~]+)\Z",
        max_length=PATH_LENGTH_MAX,
        description='a database such as "sqlite:////var/lib/tallypoint-hq/hq.db" or'
        ' "postgresql:///tallypoint"',
    ),
]
Columns = Annotated[int, Meta(ge=32, le=64, description="a line width from 32 to 64 columns")]
Encoding = Annotated[
    str,
    Meta(
        pattern=r"^(gb18030|gbk|utf-8|picture|cp[0-9]{3,5})\Z",
        description='"gb18030", "gbk", "utf-8", "picture" or a code page such as "cp437"',
    ),
]

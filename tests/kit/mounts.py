"""A mount table of one's own, so that a test may fill a disk without touching the machine's."""

import os

from tests.systemd.boot import AT_THE_TOP

ALONE = (
    AT_THE_TOP
    if os.geteuid() == 0
    else ("unshare", "--user", "--map-root-user", "--mount", "--propagation=unchanged")
)
"""Runs a command where nobody else sees what it mounts; in a chroot too."""

"""Prints the offsets of all zones as Python reads them in PyPI's tzdata: a copy of the zone database, and a reader of it,
that have nothing to do with ours. `cargo xtask test` looks whether offsets.txt still is what this prints."""

import importlib.metadata
import importlib.resources
import zoneinfo
from datetime import datetime, timedelta, timezone

zoneinfo.reset_tzpath(to=[])  # the package, not the system
FILES = importlib.resources.files("tzdata")
RELEASE = FILES.joinpath("zoneinfo/tzdata.zi").read_text().split("\n")[0].removeprefix("# version ")
FIRST = datetime(int(RELEASE[:4]) - 1, 1, 1, tzinfo=timezone.utc)
LAST = datetime(int(RELEASE[:4]) + 11, 1, 1, tzinfo=timezone.utc)


def offset(zone, at):
    return int(at.astimezone(zone).utcoffset().total_seconds())


def offsets(zone):
    """The offset at first, then each time at which another one begins, and that one."""
    before = offset(zone, FIRST)
    found = [before]
    at = FIRST
    while at < LAST:
        # No zone changes twice in six hours.
        later = at + timedelta(hours=6)
        after = offset(zone, later)
        if after != before:
            low, high = 0, 6 * 3600
            while high - low > 1:
                middle = (low + high) // 2
                if offset(zone, at + timedelta(seconds=middle)) == before:
                    low = middle
                else:
                    high = middle
            found += [int(at.timestamp()) + high, after]
        at, before = later, after
    return " ".join(map(str, found))


lines = {}
for name in sorted(FILES.joinpath("zones").read_text().split()):
    if name != "Factory":
        lines.setdefault(offsets(zoneinfo.ZoneInfo(name)), []).append(name)
shown = [line.split("\t")[2] for line in FILES.joinpath("zoneinfo/zone.tab").read_text().splitlines() if line[0] != "#"]

print(f"tzdata=={importlib.metadata.version('tzdata')} {RELEASE} {int(FIRST.timestamp())} {int(LAST.timestamp())}")
print(",".join(sorted(shown)))
for found, names in sorted(lines.items()):
    print(f"{','.join(names)} {found}")

"""When something happened, as people read it."""

from datetime import datetime

from tchat_client.language import phrase, said

_DAYS = (phrase("Monday"), phrase("Tuesday"), phrase("Wednesday"), phrase("Thursday"), phrase("Friday"),
         phrase("Saturday"), phrase("Sunday"))  # fmt: skip
_MONTHS = (phrase("January"), phrase("February"), phrase("March"), phrase("April"), phrase("May"), phrase("June"),
           phrase("July"), phrase("August"), phrase("September"), phrase("October"), phrase("November"),
           phrase("December"))  # fmt: skip


def moment(ts: str | None) -> datetime | None:
    """Return a time stamp (A-TS-1) as local time; None for what is none of ours."""
    if ts is None or not ts.endswith("Z"):
        return None
    try:
        return datetime.fromisoformat(ts).astimezone()
    except (ValueError, OverflowError):
        return None


def day(when: datetime) -> str:
    """Return the day in the user's language, such as ``Monday 23 November 2026``."""
    weekday, month = said(_DAYS[when.weekday()]), said(_MONTHS[when.month - 1])
    return f"{weekday} {when.day} {month} {when.year}"


def clock(when: datetime) -> str:
    """Return the time of day, such as ``09:30:00``."""
    return f"{when:%H:%M:%S}"


def stamp(ts: str) -> str:
    """Return a time stamp as ``2026-11-23 09:30:00`` in UTC, or as it is if it is none of ours (A-TS-1)."""
    return f"{ts[:10]} {ts[11:19]}" if len(ts) == 24 and ts[10] == "T" else ts

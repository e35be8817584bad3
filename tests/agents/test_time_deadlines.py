"""Each expected instant is a wall time at a place, turned to UTC by zoneinfo alone."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from agents.time.deadline import Deadline, read_deadline

NOW = datetime(2026, 3, 4, 16, tzinfo=UTC)  # Wednesday, 10:00 in Chicago; its clocks go forward on 8 March
CHICAGO = "America/Chicago"
CASES = (
    Path(os.environ.get("CALLSHEET_CASES", Path(__file__).parents[3] / "shared" / "cases"))
    / "time"
    / "deadlines.jsonl"
)


def read(text: str, *, zone: str = CHICAGO, now: datetime = NOW) -> Deadline:
    return read_deadline(text, now=now, zone=zone)


def at(wall: str, zone: str = CHICAGO) -> datetime:
    return datetime.fromisoformat(wall).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def after(**span: float) -> datetime:
    return NOW + timedelta(**span)


NEW_YORK, DENVER, ANGELES = "America/New_York", "America/Denver", "America/Los_Angeles"
BERLIN, PARIS, MADRID, LONDON = "Europe/Berlin", "Europe/Paris", "Europe/Madrid", "Europe/London"

SURE = [
    # English: clock, day and zone in many orders
    ("Ends Mar 06, 2026 06:30 PM CST", at("2026-03-06 18:30")),
    ("Closes: Friday, March 6, 2026 @ 7:15 PM Eastern", at("2026-03-06 19:15", NEW_YORK)),
    ("Bidding ends 6 March 2026, 20:00 GMT", at("2026-03-06 20:00", "UTC")),
    ("Ends Fri 6 Mar, 8pm PT", at("2026-03-06 20:00", ANGELES)),
    ("Ends Sat, Mar 7 at 10 AM MT", at("2026-03-07 10:00", DENVER)),
    ("8:00 PM ET on Friday, March 6 - bidding closes", at("2026-03-06 20:00", NEW_YORK)),
    ("Deadline: 2026-03-06 17:00", at("2026-03-06 17:00")),
    ("Deadline: 2026-03-06T17:00", at("2026-03-06 17:00")),
    ("Ends 2026-03-06 17:00 America/Denver", at("2026-03-06 17:00", DENVER)),
    ("Lot 12 ends March 9, 2026 at 12:00 noon CT", at("2026-03-09 12:00")),
    ("Ends Monday at noon", at("2026-03-09 12:00")),
    ("Ends tonight at 9:30 PM", at("2026-03-04 21:30")),
    ("Closing tonight at 8", at("2026-03-04 20:00")),
    ("Ends at midnight", at("2026-03-05 00:00")),
    ("Closes today at 11:59 PM Pacific Time", at("2026-03-04 23:59", ANGELES)),
    ("Closes at 5:30 PM CT", at("2026-03-04 17:30")),
    ("Ends tomorrow 6:00 p.m. Mountain Standard Time", at("2026-03-05 18:00", DENVER)),
    ("Auction closing on the 7th of March, 2026 at 3.30pm", at("2026-03-07 15:30")),
    ("Ends day after tomorrow at 4 pm", at("2026-03-06 16:00")),
    ("Ends 03/06/2026 5:00 PM", at("2026-03-06 17:00")),
    ("Ends 3/13/26 5:00 PM CT", at("2026-03-13 17:00")),
    ("Ends Thu 05/03/2026 18:00", at("2026-03-05 18:00")),
    ("Ends 2026/03/06 17:00 ET", at("2026-03-06 17:00", NEW_YORK)),
    ("Thu Mar 05 18:30:00 CST 2026", at("2026-03-05 18:30")),
    ("Fri, 06 Mar 2026 01:00:00 GMT", at("2026-03-06 01:00", "UTC")),
    ("Ends 5-Mar-2026 18:30", at("2026-03-05 18:30")),
    ("Ends Mar 6 2026 5pm New York time", at("2026-03-06 17:00", NEW_YORK)),
    ("Ends March 6, 5 PM. All times are Eastern.", at("2026-03-06 17:00", NEW_YORK)),
    ("Bid by Friday 5 PM CT, pay by Monday noon", at("2026-03-06 17:00")),
    ("Online auction: Mar 2 9:00 AM - Mar 6 2:00 PM ET", at("2026-03-06 14:00", NEW_YORK)),
    ("Ends Mar 6 6:30 PM CT (7:30 PM ET)", at("2026-03-06 18:30")),
    ("Ends Mar 6 11:30 PM CT (12:30 AM ET)", at("2026-03-06 23:30")),
    ("2014 Ford F-150 pickup, 3/4 ton, $9,000 - ends Friday 8 PM", at("2026-03-06 20:00")),
    ("Preview: Thursday 9am-4pm; Auction ends: Saturday 10am; Removal: Sunday 9am", at("2026-03-07 10:00")),
    ("Ends Mar 6, 2026 9:00 AM (UTC-06:00) Central Time", at("2026-03-06 09:00")),
    # after the clock change
    ("Ends March 9, 2026 9:00 AM Central", at("2026-03-09 09:00")),
    ("Closes Mar 10 6pm CDT", at("2026-03-10 18:00")),
    ("Sale runs March 5-7, 2026, until 5 PM CT", at("2026-03-07 17:00")),
    ("Ends Sat 7th, 11am CT", at("2026-03-07 11:00")),
    ("Closes on the 12th at 8 PM", at("2026-03-12 20:00")),
    ("Bidding ends Sun Mar 8 2026 at 8pm CDT", at("2026-03-08 20:00")),
    ("Ends Mar 8 at 1:30 AM CST", at("2026-03-08 01:30")),
    ("Ends Mar 5, 2026 6:30:00 PM -0600", at("2026-03-05 18:30")),
    ("Lot 12 - 2019 John Deere 6120M, 34 bids, closes Mar 6 9:05 AM CT", at("2026-03-06 09:05")),
    ("Offer expires 11:59pm Saturday", at("2026-03-07 23:59")),
    ("Ends 7 March at 5 in the evening GMT+2", at("2026-03-07 09:00")),
    ("Ending soon: 14m 30s", after(minutes=14, seconds=30)),
    ("Ends Friday 8PM EST/7PM CST", at("2026-03-06 19:00")),
    ("Ends 8:00 PM Eastern / 7:00 PM Central on March 6", at("2026-03-06 19:00")),
    ("Ends 5 Mar 1830 hrs", at("2026-03-05 18:30")),
    ("Ends Mar 6 17:00 Z", at("2026-03-06 17:00", "UTC")),
    ("Ends Mar 5, 6:30 - 7:00 PM CT", at("2026-03-05 19:00")),
    ("Ends Friday evening at 8", at("2026-03-06 20:00")),
    ("Ends 6 Mar 2026 8am AEDT", at("2026-03-06 08:00", "Australia/Sydney")),
    ("Closed Mar 3, 2026 5:00 PM", at("2026-03-03 17:00")),
    # spans and countdowns
    ("Time Left: 1d 2h 3m 4s", after(days=1, hours=2, minutes=3, seconds=4)),
    ("3 days, 4 hours and 5 minutes remaining", after(days=3, hours=4, minutes=5)),
    ("Ends in 36h", after(hours=36)),
    ("Closing in 1.5 hours", after(hours=1.5)),
    ("Only 1½ hours left", after(hours=1.5)),
    ("Ends in half an hour", after(minutes=30)),
    ("Ends in an hour", after(hours=1)),
    ("Ends in two days", after(days=2)),
    ("2 days 03:04:05 left", after(days=2, hours=3, minutes=4, seconds=5)),
    ("Countdown: 26:10:00", after(hours=26, minutes=10)),
    ("2d 04h 33m", after(days=2, hours=4, minutes=33)),
    ("Time left 1 Day(s) 3 Hour(s)", after(days=1, hours=3)),
    ("Ends in 1h30", after(hours=1, minutes=30)),
    ("Starts in 2 days, ends in 5 days", after(days=5)),
    ("Time Left: 2d 4h 33m (Mar 06, 2026 02:33 PM CST)", after(days=2, hours=4, minutes=33)),
    ("Ended 2 days ago", after(days=-2)),
    ("Ends in 2 days at 5pm", at("2026-03-06 17:00")),
    ("5-day sale, ends Friday 8 PM", at("2026-03-06 20:00")),
    ("Ends in 2 days (Fri, 1:05 PM)", at("2026-03-06 13:05")),
    # machine forms
    ('<span data-ends-at="2026-03-06T17:00:00-06:00">soon</span>', at("2026-03-06 17:00")),
    ('<div data-start="1772600000" data-end="1772845200">', at("2026-03-06 19:00")),
    ('<time class="x" datetime="2026-03-06T23:00:00Z">6 Mar, 5 pm</time>', at("2026-03-06 17:00")),
    ('"startDate":"2026-03-01T08:00:00Z","endDate":"2026-03-06T23:00:00.000Z"', at("2026-03-06 17:00")),
    ('<meta itemprop="priceValidUntil" content="2026-03-06T23:00:00+0000">', at("2026-03-06 17:00")),
    ("/Date(1772845200000)/", at("2026-03-06 19:00")),
    ("20260306T230000Z", at("2026-03-06 17:00")),
    ("1772845200", at("2026-03-06 19:00")),
    # German
    ("Endet am 06.03. um 18:30", at("2026-03-06 18:30")),
    ("Läuft ab in 3 Tagen", after(days=3)),
    ("Endet heute um 18 Uhr", at("2026-03-04 18:00")),
    ("Auktion endet morgen um 20:15 Uhr", at("2026-03-05 20:15")),
    ("Noch 2 Tage 4 Std.", after(days=2, hours=4)),
    ("Endet in zwei Stunden", after(hours=2)),
    ("Gebotsschluss: Freitag, 6. März 2026, 20.00 Uhr MEZ", at("2026-03-06 20:00", BERLIN)),
    ("Ende: Fr., 06.03.2026 19:30", at("2026-03-06 19:30")),
    ("Beendet vor 3 Stunden", after(hours=-3)),
    # French
    ("Clôture le vendredi 6 mars à 20h", at("2026-03-06 20:00")),
    ("Se termine dans 3 heures et 10 minutes", after(hours=3, minutes=10)),
    ("Il reste 2 jours 3 h", after(days=2, hours=3)),
    ("Fin de la vente : demain à 18h30", at("2026-03-05 18:30")),
    ("Fin : 06/03/2026 à 14h00 heure de Paris", at("2026-03-06 14:00", PARIS)),
    # Spanish, Italian, Portuguese, Dutch, Japanese
    ("Clôture des enchères : ven. 06/03 à 20h00", at("2026-03-06 20:00")),
    ("Vente terminée le 3 mars à 18h", at("2026-03-03 18:00")),
    ("Termina mar 10 mar 18:00", at("2026-03-10 18:00")),
    ("Kończy się 6 marca 2026 o 18:30", at("2026-03-06 18:30")),
    ("Termina en 2 días y 5 horas", after(days=2, hours=5)),
    ("Cierra el viernes a las 20:00", at("2026-03-06 20:00")),
    ("Finaliza mañana a las 6 de la tarde", at("2026-03-05 18:00")),
    ("Quedan 5 horas", after(hours=5)),
    ("Slutar på fredag kl. 20", at("2026-03-06 20:00")),
    ("Scade il 6 marzo 2026 alle ore 18.30", at("2026-03-06 18:30")),
    ("Encerra em 6 de março de 2026 às 18:30", at("2026-03-06 18:30")),
    ("Veiling sluit vrijdag 6 maart om 20:00 uur", at("2026-03-06 20:00")),
    ("終了日時 2026年3月6日 20時30分", at("2026-03-06 20:30")),
]  # fmt: skip

UNSURE = [
    "Ends 8 Mar 2026 2:30 AM CT",  # skipped by the clock change
    "Ends Nov 1, 2026 1:30 AM CT",  # happens twice
    "Ends March 6",
    "Ends Friday",
    "Ends Mar 6 at 6:30",
    "Ends tomorrow at 6",
    "Ends Friday midnight",
    "Ends next Friday 8 PM",
    "Ends Wed 9:00 AM",  # an hour ago today
    "Ends Mar 1 5:00 PM",
    "Ends March 6, 2025 5:00 PM",
    "Ends Oct 20 5 PM",
    "Ends Mar 6 6:00 PM IST",
    "Ends Mar 6 6:00 PM BST",
    "Ends March 10, 9:00 AM EST",  # daylight time then
    "Ends 06/03/2026 18:30 CET",  # a European zone, an American home
    "Ends in about 2 hours",
    "Less than 3 hours left",
    "1 month left",
    "Time left: 02:15",
    "Ends Mar 6 5 PM. Ends Mar 7 5 PM.",
    "Ends Mar 6 5 PM (in 5 days)",
    "Closes Mar 6 5 PM ET / PT",
    "Lots begin closing Mar 6 5 PM CT",
    "Ends July 1 2026 5 PM Central (UTC-6)",
    "Ends 31.02.2026 18:30",
    "Ends 2 hours after the last bid",
    "Mar 5 2062 6:00 PM",
    "Ends 26-03-06 17:00",
    "3 days",
    "Ends Mar 6 13:30 PM",
    "Starts Mar 6 5 PM CT",
    "Pickup: Saturday 9 AM",
    "Lot 12 Mar 5 6 PM",
    "Ends 06.03 18:30",
    "Заканчивается 6 марта 18:30",
    "Päättyy perjantaina 20:00",
    "Ends around 6 PM Friday",
    "Ends Saturday or Sunday 8 PM",
    "Fin: 06/03/2026 18:30",  # a word of another language, an American home
    "Ends the first week of March, 5 PM",
    "Ends Friday 5 or 6 PM",
    "Ends Mar 5 6 PM or 8 PM",
    "Ends in 2-3 hours",
    "Ends in 1,500 hours",
    "ends 10 minutes to midnight",
    "Tue, Wed, Thu 5 PM",
    "Mon-Fri 9am-5pm",
    "Ends every Friday 8 PM",
    "Ends the 20th of next month at 5 PM",
    "Closes on the 2nd at 8 PM",  # two days ago, or next month
    "1 hour 5 left",
    "Ends Mar 6 2026 5 PM 30 sec",
    "Auction starts in 2 days",
]

NOTHING = [
    "", "   ", "\x00", "Ends soon", "Current bid $9,500.00", "Call 555-123-4567", "1-800-555-0199",
    "Lot 4417 / 2015 Ford F-150 XLT 4x4", "Mileage 123,456", "$3/4 off", "24/7 support", "v1.2.3", "192.168.10.12",
    "ISBN 978-3-16-148410-0", "may be extended", "Sun roof, left-hand drive", "TBD", "n/a", "🚚" * 50, "Ends when sold",
    "1772845200123456", "99/99/9999", "Bid now!", "<b></b>",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SURE, ids=[text for text, _ in SURE])
def test_a_clear_deadline_is_read_exactly(text: str, expected: datetime) -> None:
    found = read(text)

    assert (found.utc, found.unsure, found.warnings) == (expected, False, ())


@pytest.mark.parametrize("text", UNSURE)
def test_a_doubtful_deadline_says_so(text: str) -> None:
    found = read(text)

    assert found.unsure
    assert found.warnings


@pytest.mark.parametrize("text", NOTHING)
def test_text_without_a_time_gives_none(text: str) -> None:
    found = read(text)

    assert (found.utc, found.unsure, found.method) == (None, True, "none")


@pytest.mark.skipif(not CASES.exists(), reason="the folder of cases is absent: set CALLSHEET_CASES")
def test_the_shared_deadlines_are_exact_or_flagged() -> None:
    rows = [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]
    found = [
        (row, read(row["text"], zone=row["home_zone"], now=datetime.fromisoformat(row["now"])))
        for row in rows
    ]

    exact = [f for row, f in found if f.utc == datetime.fromisoformat(row["deadline"])]
    silent = [
        row["text"] for row, f in found if not f.unsure and f.utc != datetime.fromisoformat(row["deadline"])
    ]
    assert len(exact) >= 39
    assert silent == []
    assert sum(f.unsure for f in exact) <= 2

"""Storage alone against its model: sound worlds agree, and every kind of disagreement is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest

from simulation.alone.look import differences, unnoticed, wrong_answers
from simulation.alone.model import Gate, Model, Step, Work
from simulation.alone.rows import unit_of
from simulation.alone.world import AloneWorld, run_alone
from simulation.alone.writing import Author
from simulation.connection import SimConnection
from simulation.database import PATH
from simulation.disk import Disk, SimFile
from simulation.history import History
from simulation.opening import File, fresh_image
from simulation.seed import quiet
from simulation.small import small
from storage.batch import write_batch
from storage.blobs import Blob
from storage.journal_rows import EventRow, KeyRow, WakeRow
from storage.rows import RunRow
from storage.unit import Fence

RUN = RunRow(
    "r", "look", "running", None, "UTC", 1, None, None, None, 2, 0, "auto", None, None, None, None, "{}", "{}", None,
    None, "{}", is_redacted=False,
)  # fmt: skip


def event(number: int) -> Step:
    return Step("event", "new", EventRow("r", number, "running", 1, "{}"))


def put(number: int, epoch: int = 2, *more: Step) -> Work:
    return Work("put", [event(number), *more], Fence("r", epoch))


MADE = Work("create", [Step("run", "new", RUN), event(1)])
OPENED = Work("open", [Step("run", "write", RUN)], Fence("r", 3, opens=True))


def admitted(*works: Work) -> list[str]:
    model, gate = Model(), Gate()
    return [gate.admit(model, work) for work in works]


@pytest.fixture
def connection() -> Iterator[SimConnection]:
    disk = Disk(Random(0))
    disk.files[PATH] = SimFile(fresh_image(), was_synced=True)
    file = File(disk)
    opened = file.open()
    yield opened
    opened.close()


def test_storage_and_its_model_agree_whatever_the_disk_does() -> None:
    for seed in range(200, 260):
        history = History()
        with quiet(), small(seed):
            run_alone(seed, history)
        assert history.violations == [], seed


def test_a_world_of_storage_alone_meets_every_outcome() -> None:
    met = set()
    for seed in range(120):
        history = History()
        with quiet(), small(seed):
            run_alone(seed, history)
        met |= {
            told.partition(":")[2] for line in history.lines if " batch " in line for told in line.split()[3:]
        }
    assert met >= {
        "", "storage.full", "storage.write_failed", "storage.constraint", "storage.bad_unit", "journal.fenced",
        "journal.broken", "journal.closed",
    }  # fmt: skip


def test_what_does_not_fit_leaves_nothing_of_its_unit() -> None:
    model = Model()
    assert model.take(MADE) == ""
    assert model.take(Work("put", [event(2), event(1)])) == "storage.constraint"
    assert list(model.rows["event"]) == [("r", 1)]


def test_whoever_is_not_the_holder_is_refused() -> None:
    assert admitted(put(1)) == ["journal.fenced"]
    assert admitted(MADE, put(2, 1), put(2, 3), put(2)) == ["", "journal.fenced", "journal.fenced", ""]


def test_nothing_follows_what_was_lost_until_the_run_is_opened_anew() -> None:
    bad = put(2, 2, Step("plan", "bad", "storage.bad_unit"))
    assert admitted(MADE, bad, put(2), OPENED) == ["", "storage.bad_unit", "journal.broken", ""]


def test_nothing_is_added_to_what_is_over() -> None:
    over = Step("run", "write", RunRow(**{n: getattr(RUN, n) for n in RUN.__slots__} | {"state": "failed"}))
    assert admitted(MADE, Work("close", [over], Fence("r", 2, closes=True)), put(2)) == [
        "",
        "",
        "journal.closed",
    ]


def test_random_works_are_mostly_fit() -> None:
    author, model, gate = Author(Random(1), Model()), Model(), Gate()
    told = [gate.admit(model, work) for _ in range(60) for work in author.works(5)]
    assert 0.3 < told.count("") / len(told) < 0.95
    assert len(set(told)) > 3


def kept(connection: SimConnection) -> Model:
    model, blob = Model(), Blob("long " * 500)
    key, wake = KeyRow("k", "f", "r", 1), WakeRow("r", 5)
    works = [MADE, Work("more", [Step("request_key", "new", key), Step("wake", "write", wake)], None, [blob])]
    write_batch(connection, [unit_of(work, lambda _: None) for work in works])
    assert [model.take(work) for work in works] == ["", ""]
    return model


def test_a_file_that_holds_what_was_written_differs_in_nothing(connection: SimConnection) -> None:
    model = kept(connection)
    assert [*differences(connection, model), *wrong_answers(connection, model)] == []
    assert list(unnoticed(connection, Random(0))) == []


@pytest.mark.parametrize(
    "forget",
    [
        lambda model: model.rows["event"].clear(), lambda model: model.rows["run"].clear(),
        lambda model: model.rows["request_key"].update({("other",): KeyRow("other", "f", "r", 1)}),
        lambda model: model.blobs.clear(), lambda model: model.damaged.update(model.blobs),
    ],
)  # fmt: skip
def test_a_file_that_holds_something_else_is_told_apart(
    connection: SimConnection, forget: Callable[[Model], Any]
) -> None:
    model = kept(connection)
    forget(model)
    assert list(differences(connection, model)) != []


def test_a_question_that_is_answered_wrongly_is_noticed(connection: SimConnection) -> None:
    model = kept(connection)
    assert list(wrong_answers(connection, model)) == []
    del model.rows["wake"]["r",]
    assert any("unfinished" in what for what in wrong_answers(connection, model))
    model.rows["event"]["r", 2] = EventRow("r", 2, "running", 1, "{}")
    assert any("last event" in what for what in wrong_answers(connection, model))


def test_an_outcome_nobody_expected_breaks_a_promise() -> None:
    history = History()
    world = AloneWorld(1, history)
    assert not world._judged([MADE], ["storage.constraint"], Gate())
    assert history.violations != []

from __future__ import annotations

import threading

import pytest

from storage.telling import after_telling, telling


def test_what_follows_waits_until_everybody_was_told() -> None:
    heard: list[str] = []
    with telling():
        after_telling(lambda: heard.append("after"))
        heard.append("told")
    assert heard == ["told", "after"]


def test_outside_a_telling_it_is_done_at_once() -> None:
    heard: list[str] = []
    after_telling(lambda: heard.append("now"))
    assert heard == ["now"]


def test_what_follows_is_done_although_telling_failed() -> None:
    heard: list[str] = []

    def fail() -> None:
        with telling():
            after_telling(lambda: heard.append("after"))
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert heard == ["after"]


def test_another_thread_is_not_held_back() -> None:
    heard: list[str] = []
    with telling():
        other = threading.Thread(target=lambda: after_telling(lambda: heard.append("other")))
        other.start()
        other.join()
        assert heard == ["other"]

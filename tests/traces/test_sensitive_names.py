from __future__ import annotations

from typing import Any

import pytest

from traces.cleaning import MARK, Cleaner
from traces.sensitive_names import is_sensitive


@pytest.mark.parametrize(
    "name",
    [
        *(
            "aws_secret_access_key",
            "AWS_SECRET_ACCESS_KEY",
            "secretAccessKey",
            "db_passwd",
            "passwd",
            "db_pwd",
        ),
        *(
            "auth",
            "http_auth",
            "basicAuth",
            "X-Auth",
            "jwt",
            "userJwt",
            "session_id",
            "sessionId",
            "PHPSESSID",
        ),
        *("passcode", "door-passcode", "private_key", "rsaPrivateKey", "signing_key", "aws_credentials"),
        *("headers.authorization", "headers.X-Api-Key", "/headers/authorization", "headers[cookie]"),
        *("request.headers.proxy-authorization", "X-Amz-Security-Token", "a" * 500 + "_password"),
    ],
)
def test_a_name_that_promises_a_secret_hides_its_value(name: str) -> None:
    assert Cleaner().value({name: "USERCANARY"}) == {name: MARK}
    assert Cleaner().values({name: ["USERCANARY"]}) == {name: MARK}


@pytest.mark.parametrize(
    "name",
    [
        *("author", "authority", "authors", "co_author", "unauthorised_use", "monkey", "keyboard", "turkey"),
        *("key", "keys", "input_key", "output_key", "result_key", "primary_key", "token_count", "tokens"),
        *("session", "auction_session", "sessions", "passenger", "compass", "secretary", "cookies_seen"),
        *("password.length", "tables.site", "", "..", "名前"),
    ],
)
@pytest.mark.parametrize("value", ["USERCANARY", ["a"], 3])
def test_an_ordinary_name_hides_nothing(name: str, value: Any) -> None:
    assert Cleaner().value({name: value}) == {name: value}


@pytest.mark.parametrize("value", ["none", "Basic", "oauth2", "required", True, None, 2, ""])
def test_auth_that_only_says_how_stays(value: Any) -> None:
    assert not is_sensitive("auth", value)


@pytest.mark.parametrize(
    "pair",
    [
        {"name": "Authorization", "value": "Basic USERCANARY"},
        {"Name": "X-Api-Key", "Value": "USERCANARY"},
        {"key": "DB_PASSWORD", "value": "USERCANARY"},
        {"header": "cookie", "values": ["a=USERCANARY"]},
    ],
)
def test_a_pair_of_name_and_value_is_read_as_one(pair: Any) -> None:
    clean = Cleaner().value({"headers": [pair, {"name": "Accept", "value": "text/html"}]})

    assert "USERCANARY" not in str(clean)
    assert "text/html" in str(clean)
    assert pair.keys() == clean["headers"][0].keys()  # type: ignore[index,call-overload,union-attr]  # as it was built


def test_what_is_told_is_found_without_guessing_at_the_rest() -> None:
    cleaner = Cleaner(["s3cret-word"], finds="told")
    guessed: Any = {
        "password": "x",
        "url": "https://a.example/?key=abc",
        "h": {"name": "cookie", "value": "y"},
    }

    assert cleaner.value(guessed) == guessed
    assert cleaner.value({"a": ["the s3cret-word"]}) == {"a": [f"the {MARK}"]}

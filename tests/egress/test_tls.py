from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from contracts.errors import AttemptFailed
from egress.dial import trusted
from egress.fetch import Egress
from tests.egress.site import ScriptedResolver, Site, answer, granted

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs the openssl command")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of shop.test's own making, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = f"{OPENSSL} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2"
    names = ["-subj", "/CN=shop.test", "-addext", "subjectAltName=DNS:shop.test"]
    subprocess.run(
        [*command.split(), "-keyout", str(key), "-out", str(cert), *names], check=True, capture_output=True
    )
    return cert, key


@pytest_asyncio.fixture
async def site(certificate: tuple[Path, Path]) -> AsyncIterator[Site]:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)
    found = Site({"/": answer(b"secure")})
    await found.start(tls=server)
    yield found
    await found.stop()


def door(certificate: tuple[Path, Path] | None) -> Egress:
    tls = ssl.create_default_context(cafile=str(certificate[0])) if certificate else None
    return Egress(resolver=ScriptedResolver([["127.0.0.1"]]), tls=tls)


async def test_a_certificate_for_the_name_asked_for_is_believed(
    site: Site, certificate: tuple[Path, Path]
) -> None:
    policy = granted(site.endpoint("shop.test"))
    page = await door(certificate).fetch(site.url(host="shop.test", scheme="https"), policy=policy)
    assert page.body == b"secure"


@pytest.mark.parametrize("host", ["other.test", "127.0.0.1"])
async def test_a_certificate_for_another_name_is_not(
    site: Site, certificate: tuple[Path, Path], host: str
) -> None:
    with pytest.raises(AttemptFailed) as caught:
        await door(certificate).fetch(
            site.url(host=host, scheme="https"), policy=granted(site.endpoint(host))
        )
    assert (caught.value.code, caught.value.retryable, site.requests) == ("egress.connect", False, [])


async def test_a_certificate_nobody_vouches_for_is_not(site: Site) -> None:
    with pytest.raises(AttemptFailed, match="no trusted TLS"):
        await door(None).fetch(
            site.url(host="shop.test", scheme="https"), policy=granted(site.endpoint("shop.test"))
        )


def test_certificates_are_checked_by_name_and_chain() -> None:
    assert (trusted().verify_mode, trusted().check_hostname) == (ssl.CERT_REQUIRED, True)

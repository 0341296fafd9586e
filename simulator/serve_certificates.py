"""The certificates of a served tenant: its authority, the server's and the app's own."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding

HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where the PEM files of a served tenant stand. Keys are readable by their owner alone."""

    folder: Path

    @property
    def authority(self) -> Path:
        """The certificate clients have to trust."""
        return self.folder / "ca.pem"

    @property
    def server(self) -> Path:
        """Key and chain of the server."""
        return self.folder / "server.pem"

    @property
    def app(self) -> Path:
        """Private key and certificate by which the registered app proves itself."""
        return self.folder / "app.pem"

    @property
    def app_key(self) -> Path:
        """The same private key (RSA) alone."""
        return self.folder / "app-key.pem"

    def app_certificate(self) -> str:
        """The app's certificate without its key, in PEM, as it is registered."""
        return self._app().public_bytes(Encoding.PEM).decode()

    def thumbprint(self) -> str:
        """SHA-1 of the app's certificate in upper-case hex, as Entra shows it."""
        return self._app().fingerprint(SHA1()).hex().upper()  # noqa: S303 - Entra's own choice

    def _app(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.app.read_bytes())


def make_certificates(folder: Path) -> Certificates:
    """An authority and an app certificate in ``folder``, which is made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = Certificates(folder)
    authority = trustme.CA(organization_name="Simulated tenant")
    app = authority.issue_cert(
        "tandem.harcourt-vale.example", common_name="Tandem", key_type=trustme.KeyType.RSA
    )
    key, certificate = app.private_key_pem.bytes(), app.cert_chain_pems[0].bytes()
    _write_private(made.app, key + certificate)
    _write_private(made.app_key, key)
    _write_private(folder / "ca-key.pem", authority.private_key_pem.bytes())
    made.authority.write_bytes(authority.cert_pem.bytes())
    return made


def renew_server_certificate(certificates: Certificates) -> None:
    """Issue the server's certificate anew, by the authority that clients already trust.

    Raises:
        OSError: a file of the authority is not there.
        ValueError: it is there and is no PEM.
    """
    key = (certificates.folder / "ca-key.pem").read_bytes()
    authority = trustme.CA.from_pem(certificates.authority.read_bytes(), key)
    server = authority.issue_cert(*HOSTS)
    _write_private(certificates.server, server.private_key_and_cert_chain_pem.bytes())


def _write_private(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)

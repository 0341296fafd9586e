"""A tenant served by a process of its own, as the demo and foreign clients meet it."""

from __future__ import annotations

import json
import signal
import ssl
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import msal
import requests

GRAPH_SCOPE = "https://graph.microsoft.com/.default"


class ServedTenant:
    """``python -m simulator`` on ``state``, running from ``with`` to its end.

    ``ready`` is the line the process said when it listened.
    """

    def __init__(self, state: Path, *options: str) -> None:
        self._command = [sys.executable, "-m", "simulator", "--state", str(state), *options]
        self.ready: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(  # noqa: S603 - our own interpreter and options
            self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            _, complaint = self.process.communicate()
            raise AssertionError(f"the tenant did not start: {complaint}")
        self.ready = json.loads(line)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def terminate(self) -> tuple[int, str]:
        """Ask it to end; its exit code and what it said on standard error."""
        self.process.send_signal(signal.SIGTERM)
        _, complaint = self.process.communicate(timeout=30)
        return self.process.returncode, complaint

    def token_by_certificate(self) -> dict[str, Any]:
        """What msal itself gets for the app's certificate."""
        return self._token(
            {
                "private_key": Path(self.ready["key_file"]).read_text(),
                "thumbprint": self.ready["certificate_thumbprint"],
            }
        )

    def token_by_secret(self) -> dict[str, Any]:
        """What msal itself gets for the client secret."""
        return self._token(self.ready["client_secret"])

    def graph(self) -> httpx.Client:
        """A client of the tenant's Graph that bears a token and trusts its authority."""
        token = self.token_by_certificate()
        return httpx.Client(
            base_url=self.ready["base_url"],
            verify=ssl.create_default_context(cafile=self.ready["ca_file"]),
            headers={
                "Authorization": f"Bearer {token['access_token']}",
                "Prefer": 'IdType="ImmutableId"',
            },
        )

    def control(self) -> httpx.Client:
        """A client of the control API."""
        return httpx.Client(
            base_url=self.ready["control_url"],
            verify=ssl.create_default_context(cafile=self.ready["ca_file"]),
            headers={"Authorization": f"Bearer {self.ready['control_token']}"},
        )

    def _token(self, credential: Any) -> dict[str, Any]:
        # A machine-wide REQUESTS_CA_BUNDLE would win over msal's own verify.
        session = requests.Session()
        session.trust_env = False
        session.verify = self.ready["ca_file"]
        app = msal.ConfidentialClientApplication(
            self.ready["client_id"],
            authority=f"{self.ready['authority']}/{self.ready['tenant_id']}",
            client_credential=credential,
            instance_discovery=False,
            http_client=session,
        )
        with session:
            answer: dict[str, Any] = app.acquire_token_for_client([GRAPH_SCOPE])
        return answer

"""Signatures: the example of the specification, and what a receiver can tell from them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from integrations.signing import key_of, signed_headers

# The example of the Standard Webhooks specification's own test vectors.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_example_of_the_standard_gets_the_signature_of_the_standard() -> None:
    assert signed_headers(MESSAGE, AT, BODY, [key_of(SECRET)]) == {
        "webhook-id": MESSAGE,
        "webhook-timestamp": "1614265330",
        "webhook-signature": SIGNATURE,
    }


def test_a_receiver_with_either_secret_finds_its_signature() -> None:
    keys = [bytes(range(32)), bytes(range(32, 64))]
    headers = signed_headers(MESSAGE, AT, BODY, keys)
    content = f"{MESSAGE}.{headers['webhook-timestamp']}.".encode() + BODY
    for key, found in zip(keys, headers["webhook-signature"].split(" "), strict=True):
        made = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
        assert found == f"v1,{made}"


@pytest.mark.parametrize("changed", ["id", "time", "body"])
def test_a_change_of_id_time_or_body_is_another_signature(changed: str) -> None:
    at = AT.replace(second=11) if changed == "time" else AT
    message = "msg_other" if changed == "id" else MESSAGE
    body = BODY + b" " if changed == "body" else BODY
    assert signed_headers(message, at, body, [key_of(SECRET)])["webhook-signature"] != SIGNATURE


@pytest.mark.parametrize(
    "secret",
    [
        "",
        SECRET.removeprefix("whsec_"),
        "whsec_",
        "whsec_not base64!",
        f"whsec_{base64.b64encode(bytes(23)).decode()}",
        f"whsec_{base64.b64encode(bytes(65)).decode()}",
    ],
)
def test_what_is_no_secret_is_refused_and_not_quoted(secret: str) -> None:
    with pytest.raises(ValueError, match="24 to 64 bytes in Base64") as refusal:
        key_of(secret)
    assert not secret.removeprefix("whsec_") or secret not in str(refusal.value)

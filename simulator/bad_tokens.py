"""ID tokens that no app may believe, each with one thing wrong."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import rsa

from simulator.behaviour import IdTokens
from simulator.ids import Mint

if TYPE_CHECKING:
    from simulator.sign_in import SignIn

FAULTS = tuple(kind for kind in get_args(IdTokens) if kind != "right")
_A_DAY = 86_400


def spoilt(claims: Mapping[str, Any], fault: IdTokens, sign_in: SignIn, mint: Mint) -> str:
    """A token of these claims with that one thing wrong; ``right``: with nothing wrong."""
    told = {**claims, **_wrong_claims(claims, fault, sign_in, mint)}
    told = {name: value for name, value in told.items() if value is not None}
    if fault == "unsigned":
        return jwt.encode(told, "", algorithm="none")
    if fault == "other_key":
        return jwt.encode(told, _other_key(), "RS256", headers={"kid": sign_in.key_id()})
    if fault == "hmac":
        return _signed_with_the_public_key(told, sign_in)
    return sign_in.signed(told)


def _wrong_claims(
    claims: Mapping[str, Any], fault: IdTokens, sign_in: SignIn, mint: Mint
) -> dict[str, Any]:
    """Claims that stand in place of the right ones; None leaves one out."""
    match fault:
        case "expired":
            return {name: claims[name] - _A_DAY for name in ("iat", "nbf", "exp")}
        case "not_yet":
            return {name: claims[name] + _A_DAY for name in ("iat", "nbf", "exp")}
        case "other_audience":
            return {"aud": mint.guid("somebody else's app")}
        case "other_tenant":
            other = mint.guid("somebody else's tenant")
            return {"tid": other, "iss": claims["iss"].replace(sign_in.tenant_id, other)}
        case "other_issuer":
            return {"iss": f"https://login.elsewhere.example/{sign_in.tenant_id}/v2.0"}
        case "other_nonce":
            return {"nonce": mint.guid("another sign-in")}
        case "no_person":
            return {"oid": None}
    return {}


def _signed_with_the_public_key(claims: Mapping[str, Any], sign_in: SignIn) -> str:
    """HS256 with what everybody can read, for verifiers that let the header choose."""
    header = {"alg": "HS256", "typ": "JWT", "kid": sign_in.key_id()}
    text = b".".join(map(_base64url, (orjson.dumps(header), orjson.dumps(claims))))
    secret = orjson.dumps(sign_in.keys()["keys"][0])
    return (text + b"." + _base64url(hmac.digest(secret, text, hashlib.sha256))).decode()


def _base64url(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


@cache
def _other_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)

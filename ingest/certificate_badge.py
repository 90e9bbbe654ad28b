"""How a relay of ours tells the sign-in that it has seen a device's certificate.

The broker has one listener for all devices and asks for certificates from all or none. So devices with a certificate come
through a relay (`ingest.gateway_port`) that verifies it and signs in for them with a badge: the certificate's fingerprint,
sealed with a key that only Yinling's processes derive. A device cannot make one, and one device's badge fits no other. What
the fingerprint is worth is looked up at each sign-in, so a revoked certificate ends there.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

_PREFIX = "certificate."


class CertificateBadge:
    """Made from the broker's password; the same in every process."""

    def __init__(self, broker_password: str) -> None:
        self._key = hmac.new(broker_password.encode(), b"device certificates", hashlib.sha256).digest()

    def seal(self, code: str, fingerprint: str) -> str:
        """What stands in the place of a secret."""
        return f"{_PREFIX}{fingerprint}.{self._seal_of(code, fingerprint)}"

    def read(self, code: str, password: str) -> str | None:
        """The fingerprint of the certificate this device has shown; None when it has shown none."""
        if not password.startswith(_PREFIX):
            return None
        fingerprint, _, seal = password.removeprefix(_PREFIX).partition(".")
        fits = hmac.compare_digest(seal.encode(), self._seal_of(code, fingerprint).encode())
        return fingerprint if fits else None

    def _seal_of(self, code: str, fingerprint: str) -> str:
        return hmac.new(self._key, f"{code}\0{fingerprint}".encode(), hashlib.sha256).hexdigest()


def device_in(certificate: Mapping[str, Any]) -> str | None:
    """The device's code in a verified certificate, as Python's `ssl` describes it."""
    for part in certificate.get("subject", ()):
        for name, value in part:
            if name == "commonName":
                return str(value)
    return None


__all__ = ["CertificateBadge", "device_in"]

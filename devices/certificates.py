"""Certificates of devices: given, renewed, taken back. Nothing here commits.

A device with a certificate has no secret. Its row knows the certificate's fingerprint, and sign-in compares with that: a
new one, a secret, revocation or retirement ends the old certificate at once, whatever its own date says. The private key is made
here only for a device that cannot make its own; it leaves once, as a return value, and is kept nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from core.certificate_folder import DEVICES, CertificateFolder, CertificateFolderError
from core.certificates import DEVICE_DAYS, BadRequestError, certificate_pem, describe, key_pem, new_key, read_request
from core.config import Settings
from core.errors import ConflictError, InvalidInputError
from devices.model import Device, DeviceState
from devices.store import home_changed


@dataclass(frozen=True, slots=True)
class DeviceCertificate:
    """What a device signs in with; `key` is None when it made its own. All PEM."""

    certificate: str
    key: str | None
    ends_at: datetime


def certify(session: Session, device: Device, request: str | None, now: datetime, settings: Settings) -> DeviceCertificate:
    """A certificate in the place of the device's secret, or of its old certificate. `request` is its own signing request.

    ConflictError `device_retired`, `device_has_no_secret` (what speaks through a gateway), `device_certificates_unavailable`;
    InvalidInputError `certificate_request_invalid`.
    """
    if device.state == DeviceState.RETIRED:
        raise ConflictError("device_retired")
    if device.client_id is None:
        raise ConflictError("device_has_no_secret")
    if settings.certificate_port is None:
        raise ConflictError("device_certificates_unavailable", reason="YINLING_CERTIFICATE_PORT")
    own = None if request is not None else new_key()
    try:
        public = own.public_key() if own is not None else read_request((request or "").encode())
        signed = CertificateFolder(settings.certificates_folder).sign_device(device.code, public, now, DEVICE_DAYS)
    except BadRequestError as error:
        raise InvalidInputError("certificate_request_invalid", reason=str(error)) from error
    except CertificateFolderError as error:
        raise ConflictError("device_certificates_unavailable", reason=f"{DEVICES}.key") from error
    described = describe(signed)
    device.certificate_hash = described.fingerprint
    device.certificate_ends_at = described.ends_at
    device.secret_hash = None
    device.refused_at = None
    device.refused_reason = None
    session.flush()
    home_changed(session, device.home_id)
    return DeviceCertificate(certificate_pem(signed).decode(), None if own is None else key_pem(own).decode(), described.ends_at)


def revoke_certificate(session: Session, device: Device) -> None:
    """Take the device's certificate back and give nothing in its place: it is out, and stays so until it is given anew.

    What signs in is what its row says, so this needs neither the authority nor a list of what was revoked.
    ConflictError `device_retired`, `device_has_no_certificate`.
    """
    if device.state == DeviceState.RETIRED:
        raise ConflictError("device_retired")
    if device.certificate_hash is None:
        raise ConflictError("device_has_no_certificate")
    device.certificate_hash = None
    device.certificate_ends_at = None
    session.flush()
    home_changed(session, device.home_id)


__all__ = ["DeviceCertificate", "certify", "revoke_certificate"]

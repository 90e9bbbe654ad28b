"""Which channel carries what: made once per process from the settings."""

from __future__ import annotations

from alerts.channels.aliyun import Account
from alerts.channels.apprise import AppriseChannel
from alerts.channels.generic_http import GenericProvider
from alerts.channels.in_time import InTime
from alerts.channels.keys import load_or_create_keys
from alerts.channels.provider import NotSetUp, Provider, ProviderChannel, Timeouts
from alerts.channels.sms import ADDRESS as SMS_ADDRESS
from alerts.channels.sms import AliyunSms
from alerts.channels.voice import ADDRESS as VOICE_ADDRESS
from alerts.channels.voice import AliyunVoice
from alerts.channels.web_push import WebPush
from alerts.channels.webhook import Webhook
from alerts.ports import Channel, Channels
from core.clock import Clock, SystemClock
from core.config import Settings


def make_channels(settings: Settings, clock: Clock | None = None, timeouts: Timeouts | None = None) -> Channels:
    """Every channel by its name; one that is not set up says so for each page, as a permanent failure.

    `clock` dates signatures, which providers compare with their own: the machine's, unless a test moves one.
    """
    clock = clock or SystemClock()
    timeouts = timeouts or Timeouts()
    keys = load_or_create_keys(settings)
    sms, voice = _sms(settings), _voice(settings)
    contact = settings.web_push_contact or settings.public_url or "https://example.invalid"
    channels: dict[str, Channel] = {
        "apprise": AppriseChannel(timeouts),
        "sms": NotSetUp("YINLING_SMS_PROVIDER") if sms is None else ProviderChannel(sms, clock, timeouts),
        "voice": NotSetUp("YINLING_VOICE_PROVIDER") if voice is None else ProviderChannel(voice, clock, timeouts),
        "web_push": ProviderChannel(WebPush(keys.vapid_private, contact), clock, timeouts),
        "webhook": ProviderChannel(Webhook(keys.webhook_secret), clock, timeouts),
    }
    return {name: InTime(channel, timeouts.whole_seconds) for name, channel in channels.items()}


def _sms(settings: Settings) -> Provider | None:
    secret = settings.sms_secret.get_secret_value() if settings.sms_secret else None
    if settings.sms_provider == "generic" and settings.sms_url:
        return GenericProvider("sms", settings.sms_url, settings.sms_key, secret)
    if settings.sms_provider == "aliyun" and settings.sms_key and secret and settings.sms_sign_name and settings.sms_template:
        account = Account(settings.sms_key, secret, settings.sms_url or SMS_ADDRESS)
        return AliyunSms(account, settings.sms_sign_name, settings.sms_template)
    return None


def _voice(settings: Settings) -> Provider | None:
    secret = settings.voice_secret.get_secret_value() if settings.voice_secret else None
    if settings.voice_provider == "generic" and settings.voice_url:
        return GenericProvider("voice", settings.voice_url, settings.voice_key, secret)
    if settings.voice_provider == "aliyun" and settings.voice_key and secret and settings.voice_template:
        account = Account(settings.voice_key, secret, settings.voice_url or VOICE_ADDRESS)
        return AliyunVoice(account, settings.voice_number, settings.voice_template, settings.voice_bye_template)
    return None


__all__ = ["make_channels"]

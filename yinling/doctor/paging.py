"""Who is paged when nobody watches."""

from __future__ import annotations

from collections.abc import Iterator

from apprise import Apprise

from core.config import Settings
from yinling.doctor.finding import Finding, Verdict


def check_fallback(settings: Settings) -> Iterator[Finding]:
    """Whether the fallback addresses are there and understood."""
    if not settings.fallback_urls:
        says = "no address is set: when nobody watches the console, nobody is told; set YINLING_FALLBACK_URLS"
        yield Finding("fallback pages", Verdict.ODD, says)
    for number, url in enumerate(settings.fallback_urls, start=1):
        # The address holds secrets, so only its kind is shown.
        kind = url.partition(":")[0]
        if Apprise().add(url):
            yield Finding(f"fallback page {number}", Verdict.GOOD, f"{kind}: understood")
        else:
            yield Finding(f"fallback page {number}", Verdict.BAD, f"{kind}: not an Apprise address; correct YINLING_FALLBACK_URLS")

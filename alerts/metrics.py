"""What the alerts room counts, for `/metrics`. Counters die with their process, as Prometheus expects."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

INCIDENTS_OPENED = Counter("yinling_incidents_opened_total", "Incidents opened, probes excluded.", ["severity"])
ANSWER_SECONDS = Histogram(
    "yinling_answer_seconds",
    "From the opening of an incident to the first person who took it; drills, tests and probes excluded.",
    ["severity"],
    buckets=(1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 300, 600, 1800, 7200),
)
INCIDENTS_NOT_CLOSED = Gauge(
    "yinling_incidents_not_closed", "Incidents not closed; drills, tests and probes excluded.", ["severity", "state"]
)
LONGEST_WAIT_SECONDS = Gauge(
    "yinling_longest_wait_seconds", "How long the open incident that waits longest has waited for a person; 0 when none waits."
)
SIGNALS = Counter("yinling_signals_total", "Signals by what became of them.", ["disposition"])
POISON = Counter("yinling_poison_total", "Rows and messages set aside because they could not be worked on.", ["place"])
PAGES = Counter("yinling_pages_total", "Pages by outcome of an attempt.", ["outcome"])
DUE_WORK = Counter("yinling_due_work_total", "Due timers worked on by the pager.", ["kind"])
DUE_LATENESS_SECONDS = Gauge("yinling_due_lateness_seconds", "How late the last due timer of a kind was worked on.", ["kind"])
CLOCK_STEPS = Counter("yinling_clock_steps_total", "Steps of the wall clock that moved open dues.")
CHORES_FAILED = Counter("yinling_pager_chores_failed_total", "Chores of the pager that failed and will be tried again.", ["chore"])
CHORES_PUT_OFF = Counter(
    "yinling_pager_chores_put_off_total", "Chores of the pager put off because the relational store was busy.", ["chore"]
)
AUDITS = Counter("yinling_audits_total", "Looks of the auditor by what they found.", ["found"])
CERTIFICATE_DAYS_LEFT = Gauge(
    "yinling_certificate_days_left", "Whole days until a certificate in use ends; negative when it is over.", ["certificate"]
)
PROBE_SECONDS = Histogram(
    "yinling_probe_seconds",
    "From the sending of a synthetic alarm to its commit.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15),
)
PROBES = Counter("yinling_probes_total", "Synthetic alarms by outcome.", ["outcome"])

# Who watches a counter sees it grow, not appear: those that matter begin at 0 with their process.
for _counter, _labels in ((PROBES, "lost"), (AUDITS, "flaw"), (PAGES, "failed"), (PAGES, "delayed")):
    _counter.labels(_labels)

__all__ = [
    "ANSWER_SECONDS",
    "AUDITS",
    "CERTIFICATE_DAYS_LEFT",
    "CHORES_FAILED",
    "CHORES_PUT_OFF",
    "CLOCK_STEPS",
    "DUE_LATENESS_SECONDS",
    "DUE_WORK",
    "INCIDENTS_NOT_CLOSED",
    "INCIDENTS_OPENED",
    "LONGEST_WAIT_SECONDS",
    "PAGES",
    "POISON",
    "PROBES",
    "PROBE_SECONDS",
    "SIGNALS",
]

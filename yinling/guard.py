"""A supervised process dies with its supervisor, also when the supervisor is killed with SIGKILL.

The supervisor names itself in an environment variable. The child asks the Linux kernel to be killed when that parent
dies, then looks whether it died before the request; elsewhere a forked watcher looks twice a second. Both outlive the
`exec` by which `yinling broker` becomes the broker. Processes started by hand carry no such variable and follow nobody.
"""

from __future__ import annotations

import os
import signal
import sys
import time

SUPERVISOR_VARIABLE = "YINLING_SUPERVISOR_PID"
_PR_SET_PDEATHSIG = 1
_LOOK_SECONDS = 0.5


def follow_supervisor() -> None:
    """Tie this process's life to the supervisor that started it; call first of all, in the main thread."""
    named = os.environ.pop(SUPERVISOR_VARIABLE, None)
    if named is None:
        return
    supervisor = int(named)
    if not _ask_kernel():
        watch_from_a_fork(supervisor)
    if os.getppid() != supervisor:
        os._exit(1)


def _ask_kernel() -> bool:
    if sys.platform != "linux":
        return False
    import ctypes  # noqa: PLC0415 the command line's --help should not pay for it

    return bool(ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) == 0)


def watch_from_a_fork(supervisor: int) -> None:
    """Fork a watcher that kills this process once the supervisor is gone, and leaves when this process does."""
    watched = os.getpid()
    if os.fork() != 0:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while os.getppid() == watched:
        if not is_alive(supervisor):
            os.kill(watched, signal.SIGKILL)
            break
        time.sleep(_LOOK_SECONDS)
    os._exit(0)


def is_alive(pid: int) -> bool:
    """Whether a process with this id exists (a zombie counts)."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True

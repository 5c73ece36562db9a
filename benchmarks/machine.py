"""The machine of a run: what it is, how well it syncs, and how much of it others use."""

import os
import platform
import time
from pathlib import Path

TICKS_S = os.sysconf("SC_CLK_TCK")
PROBE_S = 0.5
BUSY_MOST = 0.1


def describe() -> str:
    """Say what the machine is."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors ({model}), {memory_gb:.0f} GB, Linux {platform.release()}"


def syncs_per_s(folder: Path, seconds: float = 0.5) -> float:
    """Count how often eight kilobytes reach the disk in a second, one after the other."""
    count, end = 0, time.perf_counter() + seconds
    path = folder / "sync"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY, 0o600)
    while time.perf_counter() < end:
        os.pwrite(descriptor, bytes(8192), 0)
        os.fdatasync(descriptor)
        count += 1
    os.close(descriptor)
    path.unlink()
    return count / seconds


def wait_until_quiet(patience_s: float) -> float:
    """Wait until nobody else uses the machine, or patience ends; tell the share that others used at last."""
    give_up_at = time.monotonic() + patience_s
    share = busy_share(PROBE_S)
    while share > BUSY_MOST and time.monotonic() < give_up_at:
        share = busy_share(PROBE_S)
    return share


def busy_share(seconds: float) -> float:
    """Tell which share of the processors was busy or taken away while this process slept."""
    before = busy_s()
    time.sleep(seconds)
    return (busy_s() - before) / (seconds * (os.cpu_count() or 1))


def busy_s() -> float:
    """Tell the seconds that all processors together were busy, or taken away, until now."""
    user, nice, system, _idle, _wait, irq, soft, steal = Path("/proc/stat").read_text().split()[1:9]
    return sum(int(ticks) for ticks in (user, nice, system, irq, soft, steal)) / TICKS_S

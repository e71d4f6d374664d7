"""How quickly can a crash be noticed, and how many false alarms does that cost?

Beats every second, normal with a standard deviation of 0.15 s. A fixed timeout against φ accrual with windows of 20 and
of 100 beats. False alarms are counted beat by beat, detection times on crashes at random moments.

Expected: detection time buys false alarms: a factor of ten for every 0.1 s. A timeout that was set with full knowledge
of the beats is best; φ accrual with 100 beats comes close without knowing anything, and with 20 it pays for its poor
estimate: at φ = 3 with 3.6 times as many false alarms as it was asked for, at φ = 4 with nine times as many.

Run time: about 5 s on one core.
"""  # noqa: D400 (the first line is the question)

from __future__ import annotations

import math
from pathlib import Path
from statistics import NormalDist
from typing import NamedTuple

from bft.experiments.tables import align
from bft.operations.beats import Heartbeats
from bft.operations.heartbeat import DetectorRules, HeartbeatTimeout, PhiAccrual
from bft.operations.intervals import Estimate, mean_estimate
from bft.operations.outages import ManagedRepair
from bft.plotting.operations import Point
from bft.plotting.operations import detector_trade_off as figure
from bft.plotting.style import save
from bft.randomness import Randomness, Tape
from bft.theory.reliability import phi_false_alarm

BEATS = Heartbeats(interval_s=1.0, jitter_s=0.15)
THRESHOLDS = (1.0, 2.0, 3.0, 4.0)  # φ: a false alarm in 10^φ beats, were the moments known
WINDOWS = (20, 100)  # beats
BLOCKS, BLOCK_BEATS = 20, 1000  # independent blocks per replication
CRASHES = 200  # per replication
UP_S = 1e6  # long enough that every detector has warmed up
REPLICATIONS = 10
CONFIDENCE = 0.95
SEED = 4
OUT = Path("out/detector_trade_off")


class Setting(NamedTuple):
    """One detector, with the exact laws of its false alarms and of its mean detection time."""

    family: str
    rules: DetectorRules
    false_alarm: float
    detection_s: float


class Measured(NamedTuple):
    """What one detector was worth."""

    setting: Setting
    false_alarm: Estimate
    detection_s: Estimate


def main(replications: int = REPLICATIONS, out: Path = OUT) -> list[Measured]:
    """Run, print the table, write the figure; return what was measured."""
    found = [
        Measured(each, false_alarms(each.rules, replications), detection_s(each.rules, replications))
        for each in settings()
    ]
    print(table(found))
    out.mkdir(parents=True, exist_ok=True)
    series: dict[str, list[Point]] = {}
    for each in found:
        alarm, exact = each.false_alarm, each.setting
        point = Point(
            each.detection_s.value,
            alarm.value,
            max(alarm.low, 1e-7),
            alarm.high,
            exact.false_alarm,
            exact.detection_s,
        )
        series.setdefault(exact.family, []).append(point)
    save(figure(series), out, "detector_trade_off")
    return found


def settings() -> list[Setting]:
    """Return detectors along each curve; timeouts are set to the thresholds that φ would have with known moments."""
    normal, age_s = NormalDist(), (BEATS.interval_s + BEATS.jitter_s**2 / BEATS.interval_s) / 2.0
    made = []
    for phi in THRESHOLDS:
        timeout_s = BEATS.interval_s - normal.inv_cdf(10.0**-phi) * BEATS.jitter_s
        made.append(Setting("timeout", HeartbeatTimeout(timeout_s=timeout_s), 10.0**-phi, timeout_s - age_s))
    for window in WINDOWS:
        for phi in THRESHOLDS:
            rules = PhiAccrual(threshold=phi, window=window, minimum=window)
            late_s = rules.z * _expected_sd(window) * BEATS.jitter_s
            exact = phi_false_alarm(window=window, threshold=phi)
            made.append(Setting(f"φ accrual, {window} beats", rules, exact, BEATS.interval_s + late_s - age_s))
    return made


def _expected_sd(window: int) -> float:
    """Mean of the standard deviation estimated from normal samples, in the true one."""
    half = (window - 1) / 2.0
    return math.exp(math.lgamma(half + 0.5) - math.lgamma(half)) / math.sqrt(half)


def false_alarms(rules: DetectorRules, replications: int) -> Estimate:
    """False alarms per beat, counted one by one, in blocks with a detector of their own."""
    source = Randomness(SEED).generator("detector_trade_off.beats")
    shares = []
    for _ in range(BLOCKS * replications):
        detector, at_s, late = rules.detector(), 0.0, 0
        intervals_s = source.normal(BEATS.interval_s, BEATS.jitter_s, rules.memory + BLOCK_BEATS).tolist()
        for place, interval_s in enumerate(intervals_s):
            at_s += interval_s
            late += place >= rules.memory and at_s > detector.suspects_from_s
            detector.beat(at_s)
        shares.append(late / BLOCK_BEATS)
    return mean_estimate(shares, confidence=CONFIDENCE)


def detection_s(rules: DetectorRules, replications: int) -> Estimate:
    """Mean time from a crash to the suspicion."""
    repair, tape = ManagedRepair(heartbeats=BEATS, detector=rules), Tape(Randomness(SEED), "crashes", 1, 16, 0)
    times_s = [repair.detection_s(tape, 0, up_s=UP_S) for _ in range(CRASHES * replications)]
    return mean_estimate(times_s, confidence=CONFIDENCE)


def table(found: list[Measured]) -> str:
    """Return measured values and laws as a table."""
    header = ["detector", "false alarms per beat", "exact", "detection (s)", "exact"]
    body = [
        [
            each.setting.family,
            f"{each.false_alarm.value:.2e} ({max(0.0, each.false_alarm.low):.2e}–{each.false_alarm.high:.2e})",
            f"{each.setting.false_alarm:.3e}",
            f"{each.detection_s.value:.3f} ({each.detection_s.low:.3f}–{each.detection_s.high:.3f})",
            f"{each.setting.detection_s:.3f}",
        ]
        for each in found
    ]
    return align([header, *body])


if __name__ == "__main__":
    main()

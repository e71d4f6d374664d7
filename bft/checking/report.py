"""What a safety campaign shows a reader: coverage tables, the fate of mutants, a counterexample step by step."""

from __future__ import annotations

from collections.abc import Sequence

from bft.checking.campaign import Campaign, Progress, reached_shares, sometimes
from bft.checking.counterexample import Counterexample, Finding
from bft.checking.mutant_runner import Kill
from bft.checking.protocols import subject_of
from bft.checking.seeded_bug import HARMLESS
from bft.checking.transcript import transcript


def progress_line(done: Progress) -> str:
    """Return how far a campaign is: rate by the clock on the wall, total, alarms."""
    rate = done.schedules / done.wall_s if done.wall_s else 0.0
    of = "" if done.total is None else f" of {done.total:,}"
    alarms = "no alarm" if not done.breaches else f"{done.breaches:,} alarms" if done.breaches > 1 else "1 alarm"
    return f"{done.schedules:,}{of} schedules in {done.wall_s:.0f} s, {rate:,.0f}/s, {alarms}"


def campaign_table(result: Campaign) -> str:
    """Return the coverage of a campaign: per generator and size, the share of runs that reached each milestone."""
    milestones = subject_of(result.plan.protocol).milestones
    names = [short for _, short in milestones]
    lines = [
        f"{'generator':<10} {'n':>3} {'schedules':>10} {'breaches':>8} {'splits':>6} "
        + " ".join(f"{name:>6}" for name in names)
    ]
    for row in result.rows:
        shares = " ".join(f"{row.reached[name] / row.schedules:>6.1%}" for name, _ in milestones)
        lines.append(f"{row.generator:<10} {row.n:>3} {row.schedules:>10} {row.breaches:>8} {row.splits:>6} {shares}")
    rate = result.schedules / result.cpu_s if result.cpu_s else 0.0
    steps = result.steps / result.cpu_s if result.cpu_s else 0.0
    lines.append(
        f"{result.schedules} schedules, {result.steps} steps in {result.wall_s:.1f} s "
        f"({rate:.0f} schedules/s, {steps / 1000:.0f} k steps/s per core)"
    )
    if result.interrupted:
        total = result.plan.schedules
        lines.append("interrupted" + ("" if total is None else f": {result.schedules} of {total} schedules were run"))
    rare = sometimes(result)
    if rare:
        lines.append(f"sometimes: {', '.join(f'{name} {count}' for name, count in rare.items())}")
    never = [name for name, _ in milestones if name not in reached_shares(result.rows)]
    never += [name for name, count in rare.items() if not count and name not in never]
    if never:
        lines.append(f"never reached: {', '.join(never)}; what nothing exercises is not shown to hold")
    return "\n".join(lines)


def mutant_table(kills: Sequence[Kill]) -> str:
    """Return the fate of each mutant."""
    lines = [f"{'mutant':<58} {'breaks':<9} {'killed by':<10} {'generator':<10} {'schedules':>9} {'seconds':>8}"]
    for kill in kills:
        found = kill.finding
        by = "-" if found is None else found.breach.invariant + (" split" if found.split else "")
        mark = "" if kill.as_expected else "  <-- not as expected"
        lines.append(
            f"{kill.mutant.name:<58} {kill.mutant.breaks:<9} {by:<10} {kill.generator:<10} "
            f"{kill.schedules:>9} {kill.cpu_s:>8.2f}{mark}"
        )
    harmful = [kill for kill in kills if kill.mutant.breaks != HARMLESS]
    killed = [kill for kill in harmful if kill.finding is not None]
    fast = [kill for kill in killed if kill.cpu_s <= 10]
    lines.append(f"{len(killed)} of {len(harmful)} harmful mutants killed, {len(fast)} of them within 10 s")
    lines += [
        f"harmless: {kill.mutant.name}: {kill.mutant.argument}" for kill in kills if kill.mutant.breaks == HARMLESS
    ]
    return "\n".join(lines)


def counterexample_text(example: Counterexample) -> str:
    """Return a counterexample: what it breaks, and its steps with what the nodes made of them."""
    head = [f"{example.protocol}{f' with the bug {example.mutant!r}' if example.mutant else ''}"]
    if example.origin:
        head.append(f"from {example.origin}, {len(example.operations)} operations")
    if example.finding is not None:
        head.append(finding_text(example.finding))
    return "\n".join([*head, "", *transcript(example.subject(), example.setting, example.operations)])


def finding_text(finding: Finding) -> str:
    """Return one sentence on what was broken, and whether a split followed."""
    breach = finding.breach
    follows = "two honest nodes executed different values" if finding.split else "no split followed in this run"
    return f"{breach.invariant} broken at node {breach.node}, step {breach.time_s:g}: {breach.detail} ({follows})"

#!/usr/bin/env bash
# Title: Sent as bytes, the later of two events comes first by a hybrid logical clock of hlcpy
# Field: replicated data
# Packages: hlcpy==0.0.2
# Expected: If one event happened before another its timestamp is smaller, on the clock that made it and on each that it is sent to: that is what such a clock is for.
# Seen: 2026-11-30. The clock compares nanoseconds, but its 8 bytes hold the next whole millisecond and the counter, which is 0 again as soon as the nanoseconds move: of three events within 20 microseconds the last gets the smallest timestamp, and the bytes are in the future of the clock. Sorted as bytes, which are little-endian, events a second apart change places as well. Text keeps the order.
# For our users: Send str(clock), or keep the clock itself to whole milliseconds.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check hlcpy==0.0.2
cat > seen.txt <<'END'
on the clock [0, 1, 2]
read from text [0, 1, 2]
read from bytes [2, 0, 1]
bytes ahead of the clock by 0.88 ms
a second apart, as bytes [1, 0]
END
cat > program.py <<'END'
from hlcpy import HLC

START = 1764486000_000_120_000
# a vote; another in the same nanosecond, by merging a peer's clock; one 20 microseconds later, which resets the counter
events = [HLC(START, 7), HLC(START, 8), HLC(START + 20_000, 0)]


def order(clocks):
    return sorted(range(len(clocks)), key=lambda number: clocks[number].tuple())


print("on the clock", order(events))
print("read from text", order([HLC.from_str(str(event)) for event in events]))
print("read from bytes", order([HLC.from_bytes(event.to_bytes()) for event in events]))
print("bytes ahead of the clock by", round((HLC.from_bytes(events[0].to_bytes()).nanos - START) / 1e6, 2), "ms")
later = [HLC(START + second * 10**9, 0).to_bytes() for second in (0, 1)]
print("a second apart, as bytes", sorted((0, 1), key=lambda number: later[number]))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi

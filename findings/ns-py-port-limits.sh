#!/usr/bin/env bash
# Title: A port of ns.py without a rate drops everything once it has carried as many bytes as its limit
# Field: simulation
# Packages: ns.py==0.4.3 simpy==4.1.2
# Expected: qlimit bounds what waits in the port; a port of unlimited rate (rate 0) holds nothing, and one that may hold one packet, the one in service, passes packets that come one by one.
# Seen: 2026-11-30. With rate 0 the bytes that left are never taken off, so of 100 messages the first ones pass and the port is shut for the rest of the run. qlimit=1 drops every packet, even into an idle port. 0.4.3 is the last release for Python 3.11; 0.5.0, for 3.14, counts anew.
# For our users: A lossless link that a simulation takes for granted becomes a crash of the node behind it. Leave qlimit away where there is no rate, and look at packets_dropped.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check ns.py==0.4.3 simpy==4.1.2
cat > seen.txt <<'END'
rate 0, limit 1000 bytes: passed 9 dropped 91 last at 8 s
8000 bit/s, limit 1000 bytes: passed 100 dropped 0 last at 99.1 s
8000 bit/s, limit 1 packet: passed 0 dropped 100
8000 bit/s, limit 2 packets: passed 100 dropped 0 last at 99.1 s
END
cat > program.py <<'END'
import simpy
from ns.packet.packet import Packet
from ns.port.port import Port


def link(rate, qlimit, limit_bytes):
    """A message of 100 bytes every second over one port."""
    env = simpy.Environment()
    arrivals = []
    port = Port(env, rate=rate, qlimit=qlimit, limit_bytes=limit_bytes)
    port.out = type("Node", (), {"put": lambda self, packet: arrivals.append(env.now)})()

    def send():
        for number in range(100):
            port.put(Packet(env.now, 100, number))
            yield env.timeout(1)

    env.process(send())
    env.run(until=200)
    last = f" last at {arrivals[-1]:g} s" if arrivals else ""
    return f"passed {len(arrivals)} dropped {port.packets_dropped}{last}"


print("rate 0, limit 1000 bytes:", link(0, 1000, True))
print("8000 bit/s, limit 1000 bytes:", link(8000, 1000, True))
print("8000 bit/s, limit 1 packet:", link(8000, 1, False))
print("8000 bit/s, limit 2 packets:", link(8000, 2, False))
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi

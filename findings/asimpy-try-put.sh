#!/usr/bin/env bash
# Title: A message put without waiting never reaches the asimpy process that waits for it
# Field: simulation
# Packages: asimpy==0.20.0
# Expected: try_put and put differ only if the queue is full; a process that waits in get takes the message at once, by either.
# Seen: 2026-11-30. put hands a message to the waiting process. try_put only lays it into the queue, where it stays: the receiver sleeps on, and a receiver that comes later takes it first. The same for Store and for PriorityQueue; a putter that waits for room is not woken by try_get either.
# For our users: Replicas that fall silent in such a model have not crashed. Use put and get only, or let receivers ask again after a timeout.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check asimpy==0.20.0
cat > seen.txt <<'END'
Queue put: received [(1, 0), (2, 1), (3, 2)] left over 0
Queue try_put: received [] left over 3
PriorityQueue put: received [(1, 0), (2, 1), (3, 2)] left over 0
PriorityQueue try_put: received [] left over 3
Store put: received [(1, 0), (2, 1), (3, 2)] left over 0
Store try_put: received [] left over 3
room after try_get, sent: [0]
room after get, sent: [0, 1]
END
cat > program.py <<'END'
from asimpy import Environment, PriorityQueue, Process, Queue, Store


class Receiver(Process):
    def init(self, queue, received):
        self.queue, self.received = queue, received

    async def run(self):
        while True:
            message = await self.queue.get()
            self.received.append((self.now, message))


class Sender(Process):
    def init(self, queue, waiting):
        self.queue, self.waiting = queue, waiting

    async def run(self):
        for number in range(3):
            await self.timeout(1)
            if self.waiting:
                await self.queue.put(number)
            else:
                self.queue.try_put(number)


class Filler(Process):
    def init(self, queue, sent):
        self.queue, self.sent = queue, sent

    async def run(self):
        for number in range(2):
            await self.queue.put(number)
            self.sent.append(number)


class Taker(Process):
    def init(self, queue, waiting):
        self.queue, self.waiting = queue, waiting

    async def run(self):
        await self.timeout(1)
        if self.waiting:
            await self.queue.get()
        else:
            self.queue.try_get()


for kind in (Queue, PriorityQueue, Store):
    for waiting in (True, False):
        env = Environment()
        queue, received = kind(env), []
        Receiver(env, queue, received)
        Sender(env, queue, waiting)
        env.run(until=100)
        left = 0
        while True:
            try:
                queue.try_get()
            except Exception:
                break
            left += 1
        print(kind.__name__, "put:" if waiting else "try_put:", "received", received, "left over", left)
for waiting in (False, True):
    env = Environment()
    queue, sent = Queue(env, capacity=1), []
    Filler(env, queue, sent)
    Taker(env, queue, waiting)
    env.run(until=100)
    print("room after", "get, sent:" if waiting else "try_get, sent:", sent)
END
venv/bin/python -W ignore program.py > now.txt
if diff seen.txt now.txt; then echo "as seen"; else echo "changed: < as seen on 2026-11-30, > now"; exit 1; fi

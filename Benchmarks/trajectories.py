"""Atropos' protocol on its own server and on ours: groups of 8 sequences of 4,096 tokens posted, and batches of 64 sequences taken, by
turns in one run.

Standard library only; clients as in intake.py. Batches are taken as trainers take them, compressed, one after the other.
"""
import argparse
import http.client
import itertools
import statistics
import time

from intake import GROUP, Atropos, Turn, address, cpu_seconds, quantile, resident


class Side(Atropos):
    """A server that speaks the protocol."""

    def __init__(self, name, port, pid, clients):
        super().__init__(port, pid, clients)
        self.name, self.turns, self.taken = name, [], []

    def drain(self):
        """Takes all batches; keeps groups, seconds, CPU seconds and bytes."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        groups, received, cpu, start = 0, 0, cpu_seconds(self.pid), time.perf_counter()
        while True:
            connection.request("GET", "/batch", headers={"Accept-Encoding": "gzip"})
            body = connection.getresponse().read()
            if len(body) < 1000:
                break
            groups += 8
            received += len(body)
        if groups:
            self.taken.append((groups, time.perf_counter() - start, cpu_seconds(self.pid) - cpu, received))

    def row(self):
        rates = [turn.rate / GROUP for turn in self.turns]
        latencies = [value for turn in self.turns for value in turn.latencies]
        posted = sum(turn.accepted for turn in self.turns) / GROUP
        refused = sum(sum(turn.statuses.values()) - turn.accepted // GROUP for turn in self.turns)
        groups, seconds, cpu, received = (sum(column) for column in zip(*self.taken))
        return (f"| {self.name} | {statistics.median(rates):.0f} ({min(rates):.0f} to {max(rates):.0f}) | {quantile(latencies, .5):.1f} | "
                f"{quantile(latencies, .99):.1f} | {sum(turn.server for turn in self.turns) / posted * 1000:.1f} | {refused} | "
                f"{groups / seconds:.0f} | {cpu / groups * 1000:.1f} | {received / groups / 1000:.0f} | "
                f"{max(turn.resident for turn in self.turns):.0f} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--atropos", nargs=2, type=int, metavar=("PORT", "PID"), required=True)
    parser.add_argument("--log", required=True, help="where our server says its address")
    parser.add_argument("--pid", type=int, required=True)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--clients", type=int, default=8)
    options = parser.parse_args()
    sides = [Side("Atropos 0.4.0, in memory", *options.atropos, options.clients),
             Side("ours, durable", address(options.log), options.pid, options.clients)]
    numbers = itertools.count()
    for side in sides:
        Turn(side.port, side.pid, side.bodies, 1, numbers)
        side.drain()
        side.taken.clear()
    for _ in range(options.turns):
        for side in sides:
            side.turns.append(Turn(side.port, side.pid, side.bodies, options.seconds, numbers))
            side.drain()
    print("| server | groups/s posted, median (range) | p50 ms | p99 ms | CPU ms/group | refused | groups/s taken | CPU ms/group taken "
          "| kB/group taken | RSS MB |\n|---|---|---|---|---|---|---|---|---|---|")
    for side in sides:
        print(side.row())


if __name__ == "__main__":
    main()

"""What rolloutd's ledger survives: kills, full, read-only and broken disks, clocks that jump, slow clients.

    python3 scripts/faults/faults.py --binaries .build/release [--kills 100] [--only kill,disk,readonly,page,clock,slow] [--seed 1]

Every try starts real servers on loopback in a directory of its own and ends them by their ids. Prints a table row for each kind of
fault, and exits with 1 when anything acknowledged is lost, doubled or altered, or when `rolloutd check` finds a fault. The disk
tries mount a small tmpfs and are skipped without the right to; the clock tries preload a clock that they move (clock.c).
"""
import argparse
import datetime
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import load
import tiny_model
from server import Gone, Server, check, in_threads

LEARNING = ["--set", "groups_per_update=2", "--set", "group_size=4", "--set", "mini_batches=1", "--set", "logprob_gate=none",
            "--set", "response_tokens_max=8", "--set", "prompt_tokens_max=64"]


class Report:
    def __init__(self):
        self.rows, self.failed = [], False

    def row(self, fault, tries, acknowledged, lost, doubled, altered, outcome, fine=True):
        fine = fine and not (lost or doubled or altered)
        self.failed |= not fine
        row = f"| {fault} | {tries} | {acknowledged} | {len(lost)} | {len(doubled)} | {len(altered)} | {outcome}{'' if fine else ' **FAILED**'} |"
        self.rows.append(row)
        print(row, flush=True)
        for name, items in (("lost", lost), ("doubled", doubled), ("altered", altered)):
            if items:
                print(f"  {name}: {items[:10]}", flush=True)


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def checked(binary, database, failures):
    fine, text = check(binary, database)
    if not fine:
        failures.append(text)
    return fine


def kills(options, report):
    """kill -9 at random moments, during start-up too, under posts, leases, verdicts, backups and updates."""
    choose = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        tiny_model.write(f"{folder}/model")
        database = f"{folder}/ledger.sqlite"
        memory, numbers, check_failures, versions = load.Memory(), [0], [], [0]
        posters = [load.Poster(f"k{k}", memory) for k in range(4)]
        starts = []
        for number in range(options.kills):
            learning = number % 2 == 0
            arguments = ["--model", f"{folder}/model", *LEARNING] if learning else ["--learner", "off"]
            if choose.random() < 0.1:
                # In the middle of opening, migrating or reclaiming.
                server = Server(options.binary, database, *arguments, wait=False)
                time.sleep(choose.uniform(0, 0.15))
                server.kill()
                continue
            begin = time.monotonic()
            server = Server(options.binary, database, *arguments)
            starts.append(time.monotonic() - begin)
            stop = threading.Event()
            jobs = [lambda p=p: p.run(server.client(), stop) for p in posters]
            jobs += [lambda: load.generator(f"g{number}", memory, numbers)(server.client(), stop)]
            jobs += [lambda: load.judge(f"j{number}", memory)(server.client(), stop)]
            jobs += [lambda: back_up(server, f"b{number}.sqlite")]
            threads = in_threads(*jobs)
            time.sleep(choose.uniform(0.01, 1.0))
            server.kill()
            stop.set()
            for thread in threads:
                thread.join(30)
            if number % 10 == 9:
                checked(options.binary, database, check_failures)
                say(f"{number + 1} kills, {len(memory.rollouts)} rollouts acknowledged, {memory.verdicts} verdicts")
        server = Server(options.binary, database, "--learner", "off")
        client = server.client(300)
        pending = {item["id"] for poster in posters for item in poster.pending or []}
        # A generator whose lease answer was lost posts nothing twice, so its ids are in nobody's memory; they are whole or not there.
        pending |= {f"g{n}/{k}" for n in range(options.kills) for k in range(numbers[0] + 1)}
        seen, lost, doubled, altered = load.compare(client, memory, pending)
        versions = [r["version"] for r in client.call("GET", "/v1/updates?limit=1")[1]["updates"]]
        unjudged = settle(client)
        server.stop()
        checked(options.binary, database, check_failures)
        backups = [f for f in os.listdir(f"{database}.backups") if f.endswith(".sqlite")]
        for name in backups[-10:]:
            checked(options.binary, f"{database}.backups/{name}", check_failures)
        outcome = (f"{len(seen)} stored, {memory.verdicts} verdicts by workers, {versions[0] if versions else 0} updates, {unjudged} never judged; "
                   f"start {sorted(starts)[len(starts) // 2]:.2f} s in the middle, {max(starts):.2f} s at most; "
                   f"{len(backups)} backups made on the way; check: {'ok' if not check_failures else check_failures[:2]}")
        fine = not check_failures and not memory.faults and unjudged == 0
        if memory.faults:
            say(str(memory.faults[:5]))
        report.row("kill -9", options.kills, len(memory.rollouts), lost, doubled, altered, outcome, fine)


def back_up(server, name):
    try:
        server.client().call("POST", "/admin/backup", {"name": name})
    except Gone:
        pass


def settle(client, seconds=120):
    """Waits until everything is judged; how much is not."""
    end = time.monotonic() + seconds
    while True:
        counts = client.call("GET", "/admin/status")[1]["ledger"]["rollouts"]
        left = counts.get("queued", 0) + counts.get("scoring", 0) + counts.get("undetermined", 0)
        if left == 0 or time.monotonic() > end:
            return left
        time.sleep(0.5)


class SmallDisk:
    """A tmpfs of a few megabytes; raises PermissionError where this process may not mount one."""

    def __init__(self, megabytes):
        self.path = tempfile.mkdtemp(prefix="rolloutd-disk-")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", self.path], capture_output=True)
        if done.returncode:
            os.rmdir(self.path)
            raise PermissionError(done.stderr.decode())

    def remount(self, mode):
        return subprocess.run(["mount", "-o", f"remount,{mode}", self.path], capture_output=True).returncode == 0

    def close(self):
        subprocess.run(["umount", "-l", self.path], capture_output=True)
        os.rmdir(self.path)


def post_until_refused(poster, client, seconds=60):
    """Posts until the answer is no 202; that answer."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if poster.prompt is None:
            poster.new_prompt(client)
            continue
        poster.number += 1
        poster.pending = [load.rollout(f"{poster.name}/{poster.number}", poster.prompt)]
        status, answer, headers = client.call("POST", "/v1/rollouts", {"rollouts": poster.pending})
        if status != 202:
            return status, answer, headers
        poster.settle(status, answer, headers)
    return None, None, None


def full_disk(options, report):
    """The disk fills under load, stays full through a kill, and has space again."""
    tries, lost, doubled, altered, acknowledged, notes = 0, [], [], [], 0, set()
    fine = True
    for number in range(options.tries):
        tries += 1
        disk = SmallDisk(24)
        try:
            filler = f"{disk.path}/filler"
            with open(filler, "wb") as file:
                file.write(bytes(12 << 20))
            database = f"{disk.path}/ledger.sqlite"
            memory = load.Memory()
            poster = load.Poster(f"d{number}", memory)
            server = Server(options.binary, database, "--learner", "off", log=f"{tempfile.gettempdir()}/rolloutd-faults-{os.getpid()}.log")
            client = server.client()
            status, answer, headers = post_until_refused(poster, client)
            notes.add(f"{status} {answer['error']['code']}" if answer else "never refused")
            fine &= status == 503 and "Retry-After" in headers and "disk" in json.dumps(answer)
            fine &= client.call("GET", "/healthz")[0] == 200 and client.call("GET", "/v1/rollouts?limit=5")[0] == 200
            if number % 2:
                server.kill()
                os.remove(filler)
                server = Server(options.binary, database, "--learner", "off", log=server.log_path)
                client = server.client()
            else:
                os.remove(filler)
            # The batch that was refused goes in now, under the same ids, without a restart.
            status = None
            for _ in range(100):
                status, answer, headers = client.call("POST", "/v1/rollouts", {"rollouts": poster.pending})
                if status == 202:
                    poster.settle(status, answer, headers)
                    break
                time.sleep(0.1)
            fine &= status == 202
            fine &= settle(client) == 0
            _, l, d, a = load.compare(client, memory)
            lost, doubled, altered, acknowledged = lost + l, doubled + d, altered + a, acknowledged + len(memory.rollouts)
            server.stop()
            fine &= check(options.binary, database)[0] and not memory.faults
        finally:
            disk.close()
    report.row("full disk", tries, acknowledged, lost, doubled, altered,
               f"{', '.join(sorted(notes))} with Retry-After while full; reads go on; the same request is stored once there is space, half of them after a kill", fine)


def read_only(options, report):
    """The file system turns read-only under load, and back."""
    tries, lost, doubled, altered, acknowledged, notes, fine = 0, [], [], [], 0, set(), True
    for number in range(options.tries):
        tries += 1
        disk = SmallDisk(64)
        try:
            database = f"{disk.path}/ledger.sqlite"
            memory = load.Memory()
            poster = load.Poster(f"r{number}", memory)
            log = f"{tempfile.gettempdir()}/rolloutd-faults-{os.getpid()}.log"
            server = Server(options.binary, database, "--learner", "off", log=log)
            client = server.client()
            stop = threading.Event()
            thread = in_threads(lambda: poster.run(server.client(), stop))[0]
            time.sleep(0.5)
            stop.set()
            thread.join(30)
            settle(client)
            # A file system with open files for writing cannot be remounted; a database whose mode forbids it can be met at start.
            server.stop()
            if not disk.remount("ro"):
                notes.add("remount refused")
                continue
            try:
                server = Server(options.binary, database, "--learner", "off", log=log)
                notes.add("started")
                server.stop()
                fine = False
            except RuntimeError as error:
                text = str(error)
                fine &= "cannot be written" in text or "read-only" in text or "cannot be opened" in text
                notes.add("start refused: " + text.strip().splitlines()[-1][:90].replace(disk.path, "DIR"))
            disk.remount("rw")
            server = Server(options.binary, database, "--learner", "off", log=log)
            client = server.client()
            _, l, d, a = load.compare(client, memory, {i["id"] for i in poster.pending or []})
            lost, doubled, altered, acknowledged = lost + l, doubled + d, altered + a, acknowledged + len(memory.rollouts)
            server.stop()
            fine &= check(options.binary, database)[0]
        finally:
            disk.close()
    report.row("read-only disk", tries, acknowledged, lost, doubled, altered, "; ".join(sorted(notes)), fine)


def broken_page(options, report):
    """A page of the closed file is overwritten: told at the start, by check, or by the read that meets it; never read as data."""
    choose = random.Random(options.seed)
    told, silent, tries, acknowledged, altered = 0, 0, 0, 0, []
    with tempfile.TemporaryDirectory() as folder:
        whole = f"{folder}/whole.sqlite"
        memory = load.Memory()
        server = Server(options.binary, whole, "--learner", "off")
        stop = threading.Event()
        poster = load.Poster("p", memory)
        thread = in_threads(lambda: poster.run(server.client(), stop))[0]
        time.sleep(2)
        stop.set()
        thread.join(30)
        settle(server.client())
        status, answer, _ = server.client().call("POST", "/admin/backup", {})
        backup = answer["path"]
        server.stop()
        acknowledged = len(memory.rollouts)
        pages = os.path.getsize(whole) // 4096
        for number in range(options.tries * 3):
            tries += 1
            database = f"{folder}/broken{number}.sqlite"
            shutil.copy(whole, database)
            with open(database, "r+b") as file:
                for _ in range(3):
                    file.seek(choose.randrange(1, pages) * 4096)
                    file.write(bytes(choose.randrange(256) for _ in range(4096)))
            fine, text = check(options.binary, database)
            told += not fine
            silent += fine
            try:
                server = Server(options.binary, database, "--learner", "off")
            except RuntimeError:
                continue
            try:
                client = server.client()
                for name in choose.sample(sorted(memory.rollouts), 40):
                    code, item, _ = client.call("GET", "/v1/rollouts/" + name.replace("/", "%2F"))
                    if code == 200:
                        response, tokens, _ = load.content(name)
                        if item["response"] != response or item["token_ids"] != tokens:
                            altered.append(name)
                if not server.is_running():
                    altered.append("the server crashed")
            except Gone:
                altered.append("the server crashed")
            server.stop()
        # The way back: over the last broken file, checked and compared.
        done = subprocess.run([options.binary, "restore", "--from", backup, "--database", database], capture_output=True, text=True)
        restored = status == 201 and done.returncode == 0 and check(options.binary, database)[0]
        server = Server(options.binary, database, "--learner", "off")
        _, lost, doubled, wrong = load.compare(server.client(), memory, {i["id"] for i in poster.pending or []})
        server.stop()
        altered += wrong
    report.row("overwritten pages", tries, acknowledged, lost, doubled, altered,
               f"{told} found by check, {silent} hit free space; reads answered the truth or an error; restored from the online backup and compared: {restored}", restored)


def set_clock(path, seconds):
    with open(path, "r+b" if os.path.exists(path) else "w+b") as file:
        file.write(struct.pack("<q", seconds))


def jumping_clock(options, report):
    """The wall clock jumps by hours, both ways, while leases are held."""
    lost, doubled, altered, acknowledged, fine, tries = [], [], [], 0, True, 0
    with tempfile.TemporaryDirectory() as folder:
        library = f"{folder}/clock.so"
        subprocess.run(["g++", "-x", "c", "-O1", "-shared", "-fPIC", "-o", library, f"{os.path.dirname(os.path.abspath(__file__))}/clock.c"], check=True)
        for number, jump in enumerate([3600, -3600, 86400, -86400, 60, -60]):
            tries += 1
            database, clock = f"{folder}/c{number}.sqlite", f"{folder}/clock{number}"
            set_clock(clock, 0)
            memory, numbers = load.Memory(), [0]
            server = Server(options.binary, database, "--learner", "off", environment={
                "LD_PRELOAD": library, "FAULTS_CLOCK": clock})
            stop = threading.Event()
            poster = load.Poster(f"c{number}", memory)
            threads = in_threads(
                lambda: poster.run(server.client(), stop), lambda: load.generator(f"cg{number}", memory, numbers)(server.client(), stop),
                lambda: load.judge(f"cj{number}", memory)(server.client(), stop))
            time.sleep(0.7)
            set_clock(clock, jump)
            now = server.client().call("GET", "/admin/status")[1]["now"]
            moved = datetime.datetime.fromisoformat(now.replace("Z", "+00:00")).timestamp() - time.time()
            fine &= abs(moved - jump) < 5
            time.sleep(0.7)
            set_clock(clock, 0)
            time.sleep(0.5)
            stop.set()
            for thread in threads:
                thread.join(30)
            client = server.client()
            fine &= settle(client, 150) == 0
            pending = {i["id"] for i in poster.pending or []} | {f"cg{number}/{k}" for k in range(numbers[0] + 1)}
            _, l, d, a = load.compare(client, memory, pending)
            lost, doubled, altered, acknowledged = lost + l, doubled + d, altered + a, acknowledged + len(memory.rollouts)
            fine &= not memory.faults
            if memory.faults:
                say(str(memory.faults[:3]))
            server.stop()
            fine &= check(options.binary, database)[0]
    report.row("clock jumps (1 min, 1 h, 1 day, both ways)", tries, acknowledged, lost, doubled, altered, "leases go back or live on; all judged once", fine)


def slow_clients(options, report):
    """Hundreds of clients that send or read a byte now and then must not hold up the others."""
    with tempfile.TemporaryDirectory() as folder:
        memory = load.Memory()
        server = Server(options.binary, f"{folder}/s.sqlite", "--learner", "off")
        client = server.client()
        poster = load.Poster("s", memory, batch_max=2)

        def latencies(seconds):
            values, end = [], time.monotonic() + seconds
            while time.monotonic() < end:
                if poster.prompt is None or poster.used > 64:
                    poster.new_prompt(client)
                    continue
                poster.number += 1
                poster.pending = [load.rollout(f"s/{poster.number}", poster.prompt)]
                begin = time.monotonic()
                answer = client.call("POST", "/v1/rollouts", {"rollouts": poster.pending})
                values.append(time.monotonic() - begin)
                poster.settle(*answer)
            return sorted(values)

        before = latencies(5)
        resident = server.resident()
        sockets = []
        for number in range(400):
            s = socket.create_connection(("127.0.0.1", server.port))
            if number % 4 == 0:
                s.sendall(b"POST /v1/rollouts HT")
            elif number % 4 == 1:
                s.sendall(b"POST /v1/rollouts HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n{")
            elif number % 4 == 2:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
                s.sendall(b"GET /v1/rollouts/export HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            else:
                s.sendall(b"GET /v1/rollouts/s%2F1?wait_seconds=60 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            sockets.append(s)
        during = latencies(10)
        grown = server.resident() - resident
        for s in sockets:
            s.close()
        server.stop()

    def at(values, share):
        return values[int(share * (len(values) - 1))] * 1000

    report.row("400 slow readers and writers", 1, len(memory.rollouts), [], [], [],
               f"p50/p99 of a post {at(before, .5):.1f}/{at(before, .99):.1f} ms before, {at(during, .5):.1f}/{at(during, .99):.1f} ms with them; {grown / 1e6:.0f} MB more",
               not memory.faults and at(during, .99) < max(50, 4 * at(before, .99)))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", required=True, help="the directory of the built rolloutd")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--tries", type=int, default=6, help="of each disk fault")
    parser.add_argument("--only", default="kill,disk,readonly,page,clock,slow")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.binary = f"{options.binaries}/rolloutd"
    report = Report()
    print("| fault | tries | acknowledged | lost | doubled | altered | outcome |\n|---|---|---|---|---|---|---|", flush=True)
    steps = {"kill": kills, "disk": full_disk, "readonly": read_only, "page": broken_page, "clock": jumping_clock, "slow": slow_clients}
    for name in options.only.split(","):
        try:
            steps[name](options, report)
        except PermissionError as error:
            say(f"{name} skipped: {error}")
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()

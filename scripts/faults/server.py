"""A rolloutd server as a child process, and a small HTTP client for it. Standard library only; loopback only."""
import http.client
import json
import os
import re
import signal
import subprocess
import threading
import time


class Gone(Exception):
    """The connection ended without an answer."""


class Client:
    """One kept-alive connection; an answer is (status, value, headers)."""

    def __init__(self, port, timeout=60):
        self.port, self.timeout, self.connection = port, timeout, None

    def call(self, method, path, body=None, headers=None, raw=False):
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout)
            self.connection.request(method, path, body, headers)
            answer = self.connection.getresponse()
            data = answer.read()
            if answer.will_close:
                self.close()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Gone(str(error)) from error
        if raw:
            return answer.status, data, answer.headers
        try:
            return answer.status, json.loads(data) if data else None, answer.headers
        except ValueError as error:
            raise Gone(f"half an answer: {data[:80]!r}") from error

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Server:
    """`rolloutd serve` on a free port of loopback."""

    def __init__(self, binary, database, *arguments, environment=None, wait=True, log=None):
        self.log_path = log or database + ".log"
        self.log = open(self.log_path, "ab")
        self.begin = self.log.tell()
        self.process = subprocess.Popen(
            [binary, "serve", "--port", "0", "--database", database, *arguments],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})
        self.port = self.wait_until_bound() if wait else None

    def text(self):
        with open(self.log_path, "rb") as file:
            file.seek(self.begin)
            return file.read().decode(errors="replace")

    def wait_until_bound(self, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            match = re.search(r"serving on http://127\.0\.0\.1:(\d+)/", self.text())
            if match:
                return int(match.group(1))
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise RuntimeError(f"the server did not start: {self.text()[-2000:]}")

    def client(self, timeout=60):
        return Client(self.port, timeout)

    def kill(self):
        """kill -9, this process and no other."""
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self, seconds=60):
        """SIGTERM; returns (exit status, seconds it took)."""
        start = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            status = None
        self.log.close()
        return status, time.monotonic() - start

    def is_running(self):
        return self.process.poll() is None

    def resident(self):
        with open(f"/proc/{self.process.pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def check(binary, database):
    """What `rolloutd check` says: (whether all holds, its output)."""
    done = subprocess.run([binary, "check", "--database", database], capture_output=True, text=True, timeout=600)
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def in_threads(*jobs):
    threads = [threading.Thread(target=job, daemon=True) for job in jobs]
    for thread in threads:
        thread.start()
    return threads

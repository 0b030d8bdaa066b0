"""Asks a server whether it answers as its OpenAPI document says: schemathesis, with something to find there.

    python run.py target/debug/eventide --seed 7 --examples 40

The server is one of its own, on an embedded Postgres in a new folder. The last line tells how many operations of the
document agree with it.
"""

import argparse
import contextlib
import datetime
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request

HERE = pathlib.Path(__file__).parent
PASSWORD = "correct horse battery"


def send(base, path, body, token=None):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    request = urllib.request.Request(f"{base}/api/v1{path}", json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def make_things(base, seed):
    """A provider with hours and a booking; what the paths of the document can name."""
    handle = f"seed-{seed}"
    provider = {
        "handle": handle, "display_name": "Ada Lovelace", "email": f"{handle}@example.com",
        "password": PASSWORD, "time_zone": "Europe/London",
    }
    token = send(base, "/providers", provider)["token"]
    first = datetime.datetime.now(datetime.timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    at = lambda days, hours=0: (first + datetime.timedelta(days=days, hours=hours)).strftime("%Y-%m-%dT%H:%M:00Z")
    hours = {"effect": "open", "pattern": {"kind": "one_off", "start": at(1), "end": at(20)}}
    entry = send(base, "/availability", hours, token)
    booking = {
        "provider": handle, "start": at(2, 9), "duration_minutes": 30,
        "guest": {"name": "Grace Hopper", "email": "grace@example.com"},
    }
    booked = send(base, "/bookings", booking)
    return token, {
        "path.booking_id": booked["booking"]["booking_id"],
        "path.offering_id": booked["booking"]["offering_id"],
        "path.availability_id": entry["availability_id"],
        "path.provider": handle,
    }


@contextlib.contextmanager
def serving(binary, folder):
    """The server's address, and what it logs."""
    command = [binary, "serve", "--addr", "127.0.0.1:0", "--data-dir", folder, "--rate-limit", "off"]
    own = {"DATABASE_URL": "", "EVENTIDE_BASE_URL": "", "EVENTIDE_LOG": "warn", "EVENTIDE_LOG_FORMAT": "json"}
    server = subprocess.Popen(
        command, env=os.environ | own, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    )
    log = []
    try:
        for line in server.stdout:
            if found := re.search(r"Eventide is at (http:\S+?)/?\s", line):
                break
            log.append(line)
        else:
            sys.exit(f"the server ended: {''.join(log)}")
        log.clear()
        reader = threading.Thread(target=lambda: log.extend(filter(is_fault, server.stdout)))
        reader.start()
        yield found[1], log
    finally:
        server.terminate()
        server.wait(60)


def is_fault(line):
    """Whether a line of the log (of warnings and above) tells of a fault; that a password was wrong does not."""
    return line.startswith("{") and json.loads(line)["target"] != "audit"


def ask(base, folder, seed, examples):
    """What schemathesis has found."""
    token, known = make_things(base, seed)
    config, report = pathlib.Path(folder, "schemathesis.toml"), pathlib.Path(folder, "report.json")
    named = "".join(f"{json.dumps(name)} = {json.dumps(value)}\n" for name, value in known.items())
    config.write_text(f"[parameters]\n{named}\n" + HERE.joinpath("schemathesis.toml").read_text())
    # One worker: of two, CPython 3.11 breaks now and then when both compile a function, which schemathesis does a lot.
    command = [
        str(pathlib.Path(sys.executable).with_name("schemathesis")), "--config-file", str(config), "run",
        f"{base}/api/v1/openapi.json", "--header", f"Authorization: Bearer {token}",
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", str(seed),
        "--generation-database", "none", "--continue-on-failure", "--workers", "1", "--no-color",
        "--warnings", "off", "--report", "json", "--report-json-path", str(report),
    ]
    subprocess.run(command, cwd=folder, check=False)
    return json.loads(report.read_text())


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("server", help="the eventide program")
    arguments.add_argument("--seed", type=int, default=20261123)
    arguments.add_argument("--examples", type=int, default=20, help="of each operation, beside those at every limit")
    arguments = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="eventide-document-") as folder:
        # Postgres runs as another user where this is root.
        os.chmod(folder, 0o755)
        with serving(arguments.server, str(pathlib.Path(folder, "data"))) as (base, log):
            found = ask(base, folder, arguments.seed, arguments.examples)
    for line in log:
        print(f"the server has logged: {line}", end="")
    operations = found["operations"]
    differing = {name for failure in found["failures"] for name in failure["operations"]}
    failed = len(differing) + operations["errored"] + operations["total"] - operations["tested"]
    failed += bool(log or found["errors"] or not found["complete"])
    print(f"seed {arguments.seed}, {found['test_cases']['generated']} requests")
    print(f"document: {operations['tested'] - len(differing)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

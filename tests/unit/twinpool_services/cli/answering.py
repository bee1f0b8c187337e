"""A front end in a thread that answers what a test has written down, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, object]
Rule = Callable[["Asked"], Answer]


@dataclass(frozen=True)
class Asked:
    """One request."""

    method: str
    target: str
    body: object


@dataclass
class FrontEndDouble:
    """What was asked, and what is answered."""

    rule: Rule
    asked: list[Asked] = field(default_factory=list)
    port: int = 0


def problem(status: int, name: str, detail: str, **members: object) -> Answer:
    return status, {
        "type": f"urn:twinpool:problem:{name}",
        "title": name,
        "status": status,
        "detail": detail,
        **members,
    }


@contextmanager
def front_end(rule: Rule) -> Iterator[FrontEndDouble]:
    double = FrontEndDouble(rule)

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            raw = self.rfile.read(length)
            asked = Asked(self.command, self.path, json.loads(raw) if raw else None)
            double.asked.append(asked)
            status, document = double.rule(asked)
            body = document if isinstance(document, bytes) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = answer  # noqa: N815 -- the server's names

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the server's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


PAIR = '[[pair]]\npools = ["pool1.lab", "pool2.lab"]\n'


def deployment_text(ports: Mapping[str, list[int]], pairs: str = PAIR) -> str:
    """Write a deployment file whose front ends listen on these ports."""
    pools = "".join(
        f'[[pool]]\nfqdn = "{fqdn}"\nstore = "sqlite:///{fqdn}.db"\nfront_ends = ['
        + ", ".join(f'{{ name = "fe{nth}.{fqdn}", listen = "127.0.0.1:{port}" }}' for nth, port in enumerate(own, 1))
        + "]\n"
        for fqdn, own in ports.items()
    )
    return f'[deployment]\ncms_master = "pool1.lab"\n{pools}{pairs}'

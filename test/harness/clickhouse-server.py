"""The engine of ClickHouse (chdb, which is embedded) behind the HTTP interface of its server: queries, settings and answers, without users.

Prints its port when it serves. Its argument is a directory for its files.
"""

import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from urllib.parse import parse_qsl, urlsplit

from chdb.session import Session

session = Session(sys.argv[1])
# Settings belong to the session, so one request runs at a time; connections are kept.
turn = Lock()

# What the server answers to an exception, of those that an insert may meet (src/Server/HTTP/exceptionCodeToHTTPStatus).
STATUS = {16: 404, 25: 400, 26: 400, 27: 400, 60: 404, 62: 400, 72: 400, 81: 404, 115: 400, 117: 400}


def quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def run(parameters, body):
    query = parameters.pop("query", "")
    session.query("USE " + parameters.pop("database", "default"))
    for name, value in parameters.items():
        session.query(f"SET {name} = {quote(value)}")
    try:
        # As over HTTP: the statement of the address, a line feed, and the bytes of the request as they came.
        answer = session.query(f"{query}\n{body}" if body else query)
        return answer.bytes() if answer is not None else b""
    finally:
        for name in parameters:
            session.query(f"SET {name} = DEFAULT")


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        try:
            with turn:
                status, answer = 200, run(dict(parse_qsl(urlsplit(self.path).query)), body)
        except Exception as error:
            code = re.search(r"Code: (\d+)", str(error))
            status, answer = STATUS.get(int(code[1]) if code else 0, 500), str(error).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()

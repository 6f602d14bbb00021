"""The real nginx, the backends behind it, and raw connections to it."""

import ctypes
import json
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

import generate

NGINX = "/usr/sbin/nginx"
PATIENCE = 60  # seconds that a busy machine may take


class Backend(threading.Thread):
    """Answers what it was asked for, at several ports, each with its own status."""

    def __init__(self, home):
        super().__init__(daemon=True)
        self.sockets = {}
        for port in generate.BACKENDS:
            self.sockets[socket.create_server(("127.0.0.1", port), backlog=256)] = port
        path = f"{home}/{generate.BACKEND_SOCKET}"
        one = socket.socket(socket.AF_UNIX)
        one.bind(path)
        os.chmod(path, 0o666)
        one.listen(256)
        self.sockets[one] = 0

    def run(self):
        poll = select.epoll()
        by_number = {one.fileno(): one for one in self.sockets}
        for number in by_number:
            poll.register(number, select.EPOLLIN)
        while True:
            for number, _ in poll.poll():
                with by_number[number].accept()[0] as connection:
                    answer(connection, self.sockets[by_number[number]])


def answer(connection, port):
    """One exchange of a backend."""
    head = b""
    while b"\r\n\r\n" not in head:
        got = connection.recv(65536)
        if not got:
            return
        head += got
        if head[0] < 0x20:  # TLS, FastCGI and uwsgi it cannot
            return
    head, body = head.split(b"\r\n\r\n", 1)
    length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
    while length and len(body) < int(length[1]):
        body += connection.recv(65536)
    asked = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    # A URI may hold blanks.
    body = json.dumps({"port": port, "target": " ".join(asked[1:-1])}).encode()
    status = generate.BACKENDS.get(port, 200)
    extra = "Location: /elsewhere\r\n" if status == 302 else ""
    text = f"HTTP/1.0 {status} X\r\nX-Backend: {port}\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
    connection.sendall(text.encode() + (b"" if asked[0] == "HEAD" else body))


def end_with_parent():
    """No nginx outlives a test that is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class Nginx:
    """One nginx, ended by its pid; `up` is false where it refused the configuration."""

    def __init__(self, home):
        self.home = home
        log = f"{home}/run/route.log"
        if os.path.exists(log):
            os.truncate(log, 0)
        self.output = open(f"{home}/run/output", "w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen([NGINX, "-p", home, "-c", f"{home}/nginx.conf"],
                                        stdout=self.output, stderr=self.output,
                                        preexec_fn=end_with_parent)
        self.up = self.wait()

    def wait(self):
        """Until the worker runs, or nginx gave up."""
        pid = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        for _ in range(1000):
            # It would try for seconds to get an address that another socket of its own has.
            if self.process.poll() is not None or "bind() to" in self.complaint():
                return False
            with open(pid, encoding="ascii") as file:
                if file.read().strip():
                    return True
            time.sleep(0.002)
        return False

    def complaint(self):
        """What it wrote."""
        self.output.seek(0)
        return self.output.read()

    def end(self):
        """Ends it and waits."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)
        self.output.close()

    def log(self):
        """What it wrote about each request, by the request's number."""
        rows = {}
        with open(f"{self.home}/run/route.log", encoding="latin-1") as file:
            for line in file:
                row = json.loads(line, strict=False)
                rows.setdefault(row["id"], row)
        return rows


class Client:
    """Connections that are kept as long as nginx keeps them."""

    def __init__(self):
        self.kept = {}
        self.context = ssl.create_default_context()
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE

    def connect(self, asked):
        """A connection, or None where nobody listens."""
        address, port = asked["address"], asked["port"]
        try:
            if address.startswith("unix:"):
                one = socket.socket(socket.AF_UNIX)
                one.connect(address[5:])
            else:
                one = socket.create_connection((address, port), PATIENCE)
        except OSError:
            return None
        one.settimeout(PATIENCE)
        if asked["proxied"]:
            one.sendall(b"PROXY TCP4 9.9.9.9 9.9.9.8 1 2\r\n")
        try:
            if asked["tls"]:
                one = self.context.wrap_socket(one, server_hostname=asked["sni"] or None)
        except ssl.SSLError:  # the handshake was refused
            one.close()
            return None
        return one

    def ask(self, asked, number):
        """One exchange: (status, headers, body); 0: cut off, -1: none came, None: refused."""
        key = (asked["address"], asked["port"], asked["tls"], asked["sni"])
        lines = [f"{asked['method']} {asked['target']} HTTP/{asked['version']}", f"X-Id: {number}"]
        if asked["host"] is not None:
            lines.append(f"Host: {asked['host']}")
        lines += [f"{name}: {value}" for name, value in asked["headers"].items()]
        data = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        data += b"x" * int(asked["headers"].get("Content-Length", "0"))
        for again in (True, False):
            kept = self.kept.pop(key, None)
            one = kept or self.connect(asked)
            if one is None:
                return None
            try:
                one.sendall(data)
                reply, keep = receive(one, asked["method"])
            except (ConnectionError, ssl.SSLError):
                reply, keep = (0, {}, b""), False
            except TimeoutError:
                reply, keep = (-1, {}, b""), False
            if keep:
                self.kept[key] = one
            else:
                one.close()
            # A kept connection may have been closed before we asked.
            if reply[0] == 0 and kept and again:
                continue
            return reply
        return None

    def close(self):
        """Lets all go."""
        for one in self.kept.values():
            one.close()
        self.kept.clear()


def receive(one, method):
    """One response and whether the connection stays."""
    data = b""
    while b"\r\n\r\n" not in data:
        got = one.recv(65536)
        if not got:
            return (0, {}, b""), False
        data += got
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    status = int(lines[0].split(" ")[1])
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers.setdefault(name.lower(), value.removeprefix(" "))
    keep = headers.get("connection", "") == "keep-alive"
    if method == "HEAD" or status in (204, 304):
        return (status, headers, b""), keep
    if headers.get("transfer-encoding") == "chunked":
        while not body.endswith(b"0\r\n\r\n"):
            body += one.recv(65536)
        return (status, headers, b""), keep
    length = headers.get("content-length")
    while length is None or len(body) < int(length):
        got = one.recv(65536)
        if not got:
            break
        body += got
    return (status, headers, body), keep and length is not None

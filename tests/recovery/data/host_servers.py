"""Servers of the host's, on the loopback interface only, for network programs in the guest: HTTP, FTP, DNS, echo for telnet, a source and a sink of bytes.

usage: host_servers.py FOLDER   The folder's files are what HTTP and FTP give; `ports` in it tells the ports as NAME=PORT, one a line.
"""

import functools
import hashlib
import http.server
import os
import socketserver
import struct
import sys
import threading

FOLDER = sys.argv[1]
SOURCE = hashlib.sha256(b"source").digest() * (8 << 15)  # 8 MiB


class QuietFiles(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Echo(socketserver.StreamRequestHandler):
    """Answers each line in capitals, without Telnet's own commands (a 255 and what follows it)."""

    def handle(self):
        self.wfile.write(b"who is there?\r\n")
        for line in self.rfile:
            while b"\xff" in line:
                place = line.index(b"\xff")
                line = line[:place] + line[place + 3 :]
            self.wfile.write(b"heard " + line.strip().upper() + b"\r\n")
            if line.strip() == b"quit":
                return


class Source(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(SOURCE)


class Sink(socketserver.BaseRequestHandler):
    """Notes how many bytes have come, and their checksum."""

    def handle(self):
        digest, count = hashlib.md5(), 0
        while data := self.request.recv(1 << 16):
            digest.update(data)
            count += len(data)
        with open(os.path.join(FOLDER, "sink"), "a", encoding="ascii") as out:
            out.write(f"{count} {digest.hexdigest()}\n")


class Ftp(socketserver.StreamRequestHandler):
    """As much of RFC 959 as a passive transfer needs."""

    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def path(self, name):
        return os.path.join(FOLDER, os.path.basename(name))

    def transfer(self, work):
        self.say("150 here it comes")
        connection, _ = self.data.get_request()
        with connection:
            work(connection)
        self.say("226 done")

    def handle(self):
        user = None
        self.data = None
        self.say("220 ready")
        for line in self.rfile:
            command, _, rest = line.decode().strip().partition(" ")
            if command == "USER":
                user = rest
                self.say("331 password")
            elif command == "PASS":
                self.say("230 hello" if (user, rest) == ("guest", "secret") else "530 who?")
            elif command == "TYPE":
                self.say("200 fine")
            elif command == "PASV":
                self.data = socketserver.TCPServer(("127.0.0.1", 0), None)
                port = self.data.server_address[1]
                self.say(f"227 (127,0,0,1,{port >> 8},{port & 255})")
            elif command == "SIZE" and os.path.exists(self.path(rest)):
                self.say(f"213 {os.path.getsize(self.path(rest))}")
            elif command == "RETR" and os.path.exists(self.path(rest)):
                with open(self.path(rest), "rb") as source:
                    self.transfer(lambda connection, source=source: connection.sendall(source.read()))
            elif command == "STOR":
                with open(self.path(rest), "wb") as target:
                    self.transfer(lambda connection, target=target: [target.write(data) for data in iter(lambda: connection.recv(1 << 16), b"")])
            elif command == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("550 no")


class Dns(socketserver.BaseRequestHandler):
    """Knows one name, pith.test: 192.0.2.7 and 2001:db8::7."""

    def handle(self):
        query, reply = self.request
        question_end = query.index(b"\0", 12) + 5
        name, kind = query[12 : question_end - 4], struct.unpack(">H", query[question_end - 4 : question_end - 2])[0]
        address = {1: bytes([192, 0, 2, 7]), 28: bytes.fromhex("20010db8000000000000000000000007")}.get(kind)
        known = name == b"\4pith\4test\0"
        answer = struct.pack(">HHHIH", 0xC00C, kind, 1, 60, len(address)) + address if known and address else b""
        flags = 0x8180 if known else 0x8183
        reply.sendto(query[:2] + struct.pack(">HHHHH", flags, 1, 1 if answer else 0, 0, 0) + query[12:question_end] + answer, self.client_address)


class Threads(socketserver.ThreadingMixIn):
    daemon_threads = True
    request_queue_size = 16


class Streams(Threads, socketserver.TCPServer):
    pass


class Datagrams(Threads, socketserver.UDPServer):
    pass


def main():
    files = functools.partial(QuietFiles, directory=FOLDER)
    servers = {"http": (Streams, files), "ftp": (Streams, Ftp), "telnet": (Streams, Echo), "source": (Streams, Source), "sink": (Streams, Sink), "dns": (Datagrams, Dns)}
    lines = []
    for name, (kind, handler) in servers.items():
        server = kind(("127.0.0.1", 0), handler)
        lines.append(f"{name}={server.server_address[1]}\n")
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with open(os.path.join(FOLDER, "ports.new"), "w", encoding="ascii") as out:
        out.writelines(lines)
    os.rename(os.path.join(FOLDER, "ports.new"), os.path.join(FOLDER, "ports"))
    threading.Event().wait()


main()

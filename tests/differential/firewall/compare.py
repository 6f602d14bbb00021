#!/usr/bin/python3
"""Compares our judgement of firewall rules with what the kernel does.

    compare.py --judge build/dev/tests/differential/firewall_judge [--rounds 12] [--seed 1]

Two network namespaces are joined by a veth pair. Each round loads a random ruleset with nft into
the one and connects to it from several addresses of the other. A byte that arrives, a refusal,
silence: that is the kernel's verdict, and firewall_judge must say the same of the listed ruleset,
or that it cannot say. Needs root, nft and namespaces; without them it ends with 77.
"""

import argparse
import ctypes
import errno
import os
import random
import select
import socket
import subprocess
import sys
import tempfile
import threading

SOURCES = ["10.77.0.1", "10.77.0.9", "10.77.0.130", "10.77.0.200", "10.77.1.7"]
PORTS = [80, 443, 8080, 22]
ADDRESS = "10.77.0.2"
LIBC = ctypes.CDLL(None, use_errno=True)
REFUSALS = (errno.ECONNREFUSED, errno.EHOSTUNREACH)
CLONE_NEWNET = 0x40000000


def run(*command, **options):
    """Runs a command that must succeed; its standard output."""
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


class Rules:
    """A random ruleset: a few base chains, chains to jump to, sets and maps."""

    def __init__(self, rng):
        self.rng = rng
        self.helpers = [f"c{i}" for i in range(rng.randrange(1, 4))]

    def text(self):
        """What nft loads."""
        parts = ["flush ruleset", self.table("inet filter")]
        if self.rng.random() < 0.3:
            parts.append(self.table("ip second"))
        if self.rng.random() < 0.4:
            parts.append(self.nat())
        return "\n".join(parts) + "\n"

    def table(self, name):
        """A table with sets, helper chains and one or two base chains."""
        lines = [f"table {name} {{", self.named_set("s"),
                 "map v { type inet_service : verdict; elements = { "
                 f"{self.port()} : {self.end()}, 9000-9100 : drop }}; flags interval; }}"]
        for index, helper in enumerate(self.helpers):
            lines += [f"chain {helper} {{"]
            lines += [self.rule(self.helpers[:index]) for _ in range(self.rng.randrange(1, 4))]
            lines += ["}"]
        for hook, priority in self.rng.sample([("input", 0), ("input", 10), ("prerouting", -150),
                                               ("prerouting", -300)], self.rng.randrange(1, 3)):
            policy = "accept" if hook == "prerouting" else self.rng.choice(["drop", "accept"])
            lines += [f"chain {hook}{abs(priority)} {{",
                      f"type filter hook {hook} priority {priority}; policy {policy};"]
            if hook == "input" and self.rng.random() < 0.8:
                lines.append(self.rng.choice(["ct state established,related accept",
                                              "ct state vmap { established : accept, "
                                              "related : accept, invalid : drop }"]))
            lines += [self.rule(self.helpers) for _ in range(self.rng.randrange(2, 9))] + ["}"]
        if self.rng.random() < 0.3:
            lines += ["chain out { type filter hook output priority 0; policy drop;",
                      self.rng.choice(["ct state established accept", "tcp sport 80 accept",
                                       "ct state established,related accept",
                                       f"ip daddr {self.network()} accept"]), "}"]
        return "\n".join(lines + ["}"])

    def nat(self):
        """Redirections before the input hook."""
        kind = self.rng.choice(["redirect to :", f"dnat to {ADDRESS}:"])
        match = self.rng.choice([f"tcp dport {self.port()}", f"ip saddr {self.network()} tcp dport "
                                 f"{self.port()}"])
        return ("table ip nat { chain pre { type nat hook prerouting priority dstnat; "
                f"{match} {kind}{self.port()}; }} }}")

    def named_set(self, name):
        """A set of networks that rules refer to."""
        elements = {self.network() for _ in range(self.rng.randrange(1, 4))}
        return (f"set {name} {{ type ipv4_addr; flags interval; auto-merge; "
                f"elements = {{ {', '.join(sorted(elements))} }}; }}")

    def network(self):
        """A network around the sources."""
        base = self.rng.choice(SOURCES)
        bits = self.rng.choice([32, 32, 30, 25, 24, 23, 8])
        value = int.from_bytes(socket.inet_aton(base), "big") >> (32 - bits) << (32 - bits)
        return f"{socket.inet_ntoa(value.to_bytes(4, 'big'))}/{bits}"

    def port(self):
        """One of the ports that are served."""
        return self.rng.choice(PORTS)

    def end(self):
        """A verdict that ends a chain."""
        return self.rng.choice(["accept", "accept", "drop", "return"])

    def verdict(self, helpers):
        """Any verdict."""
        choices = ["accept"] * 4 + ["drop"] * 2 + ["reject", "reject with tcp reset", "return",
                                                   "continue", "counter"]
        choices += [f"jump {name}" for name in helpers] + [f"goto {name}" for name in helpers]
        return self.rng.choice(choices)

    def match(self):
        """One condition."""
        low = self.port()
        return self.rng.choice([
            f"ip saddr {self.network()}", f"ip saddr != {self.network()}", "ip saddr @s",
            "ip saddr != @s", f"ip saddr {{ {self.network()}, 192.0.2.0/24 }}",
            f"tcp dport {self.port()}", f"tcp dport != {self.port()}",
            f"tcp dport {{ {self.port()}, 9999 }}", f"tcp dport {low}-{low + 400}",
            f"ip saddr . tcp dport {{ {self.rng.choice(SOURCES)} . {self.port()}, "
            f"{self.rng.choice(SOURCES)} . {self.port()} }}",
            'iifname "eth0"', 'iif lo', 'iifname { "lo", "eth1" }', 'iifname "et*"',
            "meta l4proto tcp", "ip protocol udp", f"ip daddr {ADDRESS}", "ip daddr 10.77.9.9",
            "ct state new", "ct state established", "ct state { new, related }",
            "tcp flags syn / fin,syn,rst,ack", "tcp flags & (syn | ack) == ack", "udp dport 80",
            "fib daddr type local", "fib saddr type local", "meta nfproto ipv6",
            "ip6 saddr ::/0", "meta mark 0x1", "meta mark & 0xf0 == 0x10", "ct status dnat",
            "tcp sport 1024-65535", "limit rate 1000/second"])

    def rule(self, helpers):
        """A few conditions and a verdict."""
        roll = self.rng.random()
        if roll < 0.06:
            return f"{self.match()} meta mark set {self.rng.choice(['0x1', '0x10', '0x11'])}"
        if roll < 0.12:
            return "tcp dport vmap @v"
        if roll < 0.15:
            return (f"ip saddr vmap {{ {self.rng.choice(SOURCES)} : {self.end()}, "
                    f"10.77.0.128/25 : {self.end()} }}")
        if roll < 0.18:
            return f"tcp dport vmap {{ {self.port()} : {self.end()} }}"
        conditions = [self.match() for _ in range(self.rng.randrange(0, 3))]
        verdict = self.verdict(helpers)
        if verdict == "reject with tcp reset":
            # nft does not list an address family before it: nobody can know of it then.
            conditions = [one for one in conditions if "ip6" not in one and "nfproto" not in one]
            conditions.append("meta l4proto tcp")
        return " ".join(conditions + [verdict])


class Network:
    """The two namespaces; taken down at the end."""

    def __init__(self):
        self.web = f"hcfw{os.getpid()}w"
        self.lb = f"hcfw{os.getpid()}l"
        self.stop = threading.Event()

    def __enter__(self):
        for name in (self.web, self.lb):
            run("ip", "netns", "add", name)
        run("ip", "link", "add", "eth0", "netns", self.web, "type", "veth", "peer", "name", "lb0",
            "netns", self.lb)
        for words in ([self.web, "address", "add", f"{ADDRESS}/24", "dev", "eth0"],
                      *[[self.lb, "address", "add", f"{source}/{'32' if i else '24'}", "dev", "lb0"]
                        for i, source in enumerate(SOURCES)],
                      [self.web, "link", "set", "lo", "up"], [self.web, "link", "set", "eth0", "up"],
                      [self.lb, "link", "set", "lb0", "up"],
                      [self.web, "route", "add", "10.77.1.0/24", "dev", "eth0"]):
            run("ip", "-n", *words)
        # Otherwise the kernel falls silent after a few refusals.
        run("ip", "netns", "exec", self.web, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0",
            "net.ipv4.icmp_msgs_burst=10000")
        self.serve()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for name in (self.web, self.lb):
            subprocess.run(["ip", "netns", "delete", name], check=False)

    def enter(self, name):
        """Puts this thread into a namespace."""
        with open(f"/run/netns/{name}", encoding="ascii") as handle:
            if LIBC.setns(handle.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def serve(self):
        """Accepts connections on all ports inside."""
        ready = threading.Event()

        def loop():
            self.enter(self.web)
            listening = []
            for port in PORTS:
                listener = socket.create_server((ADDRESS, port), backlog=64)
                listening.append(listener)
            ready.set()
            while not self.stop.is_set():
                for one in select.select(listening, [], [], 0.05)[0]:
                    # Whose handshake's last packet is dropped never gets here.
                    with one.accept()[0] as accepted:
                        accepted.send(b"x")

        threading.Thread(target=loop, daemon=True).start()
        ready.wait(10)

    def load(self, text):
        """Loads a ruleset; what nft then lists, or None where nft refuses it."""
        done = subprocess.run(["ip", "netns", "exec", self.web, "nft", "-f", "-"], input=text,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return None
        return run("ip", "netns", "exec", self.web, "nft", "-a", "list", "ruleset")

    def connect(self, wanted, patience):
        """What becomes of connections from all `wanted` (source, port) at once."""
        verdicts = {}

        def work():
            self.enter(self.lb)
            waiting = {}
            for source, port in wanted:
                one = socket.socket()
                one.setblocking(False)
                one.bind((source, 0))
                code = one.connect_ex((ADDRESS, port))
                # Over a veth pair a refusal may be there before the call returns.
                if code in REFUSALS:
                    verdicts[source, port] = "reject"
                    one.close()
                    continue
                waiting[one] = (source, port)
            collect(waiting, patience, verdicts)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return verdicts


def collect(waiting, patience, verdicts):
    """Fills `verdicts` by what comes of the connections that are being made."""
    left = patience
    while waiting and left > 0:
        ready = select.select(list(waiting), [], [], 0.05)[0]
        left -= 0 if ready else 0.05
        for one in ready:
            key = waiting.pop(one)
            code = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code in REFUSALS:
                verdicts[key] = "reject"
            else:
                verdicts[key] = "accept" if code == 0 and one.recv(1) else "cut"
            one.close()
    for one, key in waiting.items():
        verdicts[key] = "drop"
        one.close()


def agree(said, seen):
    """Whether our words and the kernel's are the same; unknown is never wrong."""
    word = said.split()[0]
    return word in ("unknown", seen) or (word == "cut" and seen != "accept")


def judge(program, listing, wanted):
    """What our evaluator says of the same connections."""
    with tempfile.NamedTemporaryFile("w", suffix=".nft", encoding="utf-8") as file:
        file.write(listing)
        file.flush()
        lines = "".join(f"{source} {ADDRESS} {port}\n" for source, port in wanted)
        out = run(program, file.name, input=lines)
    return dict(zip(wanted, out.splitlines(), strict=True))


def round_of(network, program, rng):
    """One ruleset: (packets compared, undecided, complaints)."""
    text = listing = ""
    while not listing:  # nft refuses some combinations of matches
        text = Rules(rng).text()
        listing = network.load(text)
    wanted = [(source, port) for source in SOURCES for port in PORTS]
    said = judge(program, listing, wanted)
    seen = network.connect(wanted, 0.15)
    # Silence may be slowness: who differs is asked again, with patience.
    again = [key for key in wanted if not agree(said[key], seen[key])]
    if again:
        seen.update(network.connect(again, 1.5))
    wrong = [f"{source} to port {port}: the kernel says {seen[source, port]}, we say "
             f"{said[source, port]}" for source, port in again
             if not agree(said[source, port], seen[source, port])]
    undecided = sum(said[key].split()[0] == "unknown" for key in wanted)
    return len(wanted), undecided, [*wrong, text, listing] if wrong else []


def able():
    """Why this machine cannot run it; "" where it can."""
    if os.geteuid() != 0:
        return "needs root"
    probe = subprocess.run(["unshare", "--net", "nft", "list", "ruleset"], capture_output=True,
                           check=False)
    return "" if probe.returncode == 0 else "needs nft and network namespaces"


def main():
    """Plays the rounds; 0 where all agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--judge", required=True)
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    options = parser.parse_args()
    reason = able()
    if reason:
        print(f"skipped: {reason}")
        return 77
    print(f"seed {options.seed}", flush=True)
    rng = random.Random(options.seed)
    packets = undecided = failed = 0
    with Network() as network:
        for index in range(options.rounds):
            count, open_ones, complaints = round_of(network, options.judge, rng)
            packets += count
            undecided += open_ones
            failed += bool(complaints)
            if complaints:
                print(f"round {index}:\n" + "\n".join(complaints))
    print(f"{packets} packets, {undecided} undecided, {failed} rounds differ")
    return 1 if failed or packets == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

"""One Debian machine: an overlay over the image, two network namespaces, cgroups of its own.

The machine is 10.99.0.2 in one namespace; the load balancer, 10.99.0.1, is the other one.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import image
from process import CLEAN, Failed, must, run, until

# The site's names lead to the load balancer, as in DNS.
HOSTS = "127.0.0.1 localhost\n127.0.1.1 web1\n10.99.0.1 shop.example.com blog.example.com\n"
BOOT_LIMIT = 60


def machines():
    """Where the machines' folders lie: beside the images, on the same file system."""
    return image.cache() / "machines"


class Machine:
    """A machine from before its boot to its end; `end` may be called at any time, repeatedly."""

    def __init__(self, name):
        self.id = name
        self.folder = machines() / name
        self.root = self.folder / "root"
        self.leader = None
        self.nspawn = None
        self._lock = None

    def create(self, lower):
        """Makes the folder and mounts the machine's root; nothing runs yet."""
        with _all_machines():
            self.folder.mkdir(parents=True)
            self._lock = _try_lock(self.folder / "lock")
        for part in ("upper", "scratch", "root"):
            (self.folder / part).mkdir()
        must(["mount", "-t", "overlay", "-o",
              f"lowerdir={lower},upperdir={self.folder}/upper,workdir={self.folder}/scratch",
              "overlay", str(self.root)])
        (self.root / "etc/hosts").write_text(HOSTS, encoding="utf-8")
        (self.root / "etc/hostname").write_text("web1\n", encoding="utf-8")
        (self.root / "etc/resolv.conf").unlink(missing_ok=True)

    def lay_over(self, folder):
        """Copies the files of a folder into the machine, owned by root; programs stay programs."""
        if not folder.is_dir():
            return
        for source in sorted(folder.rglob("*")):
            target = self.root / source.relative_to(folder)
            if source.is_symlink():
                target.unlink(missing_ok=True)
                target.symlink_to(os.readlink(source))
            elif source.is_dir():
                target.mkdir(exist_ok=True, mode=0o755)
            else:
                # A link in the image may be absolute, and would lead out of the machine.
                target.unlink(missing_ok=True)
                shutil.copyfile(source, target)
                target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)

    def chroot(self, script):
        """Runs a script in the machine's files before it has booted."""
        must(["chroot", str(self.root), "sh", "-euc", script],
             env={**CLEAN, "SYSTEMD_OFFLINE": "1", "DEBIAN_FRONTEND": "noninteractive"}, timeout=60)

    def boot(self):
        """Starts the machine and waits until systemd has started all that it will start."""
        self._network()
        self._start()
        if not until(BOOT_LIMIT, self._find_leader):
            raise Failed(f"the machine did not start: {self._console()}")
        if not until(BOOT_LIMIT, self._settled):
            _, jobs, _ = self.inside("systemctl", "list-jobs", "--no-legend")
            raise Failed(f"the machine did not settle: {jobs.strip()} {self._console()}")

    def _network(self):
        web, lb = f"{self.id}-web", f"{self.id}-lb"
        must(["ip", "netns", "add", web])
        must(["ip", "netns", "add", lb])
        must(["ip", "link", "add", "eth0", "netns", web, "type", "veth", "peer", "name", "lb0",
              "netns", lb])
        must(["sh", "-euc", f"""
            printf '%s\n' 'address add 10.99.0.2/24 dev eth0' 'link set lo up' 'link set eth0 up' \
              'route add default via 10.99.0.1' | ip -n {web} -batch -
            printf '%s\n' 'address add 10.99.0.1/24 dev lb0' 'link set lo up' 'link set lb0 up' \
              | ip -n {lb} -batch -"""])

    def _start(self):
        # The shell enters the machine's cgroups before it becomes nspawn: two machines' systemds
        # must not meet in one.
        for group in self._groups():
            group.mkdir(exist_ok=True)
        enter = "".join(f"echo $$ >{group}/cgroup.procs\n" for group in self._groups())
        command = ["sh", "-euc", enter + 'exec "$@"', "sh", "systemd-nspawn", "-q",
                   "--register=no", "--keep-unit", "-M", self.id, "--hostname=web1",
                   "-D", str(self.root), "--boot",
                   f"--network-namespace-path=/run/netns/{self.id}-web",
                   "--capability=CAP_NET_ADMIN", "--console=pipe", "--resolv-conf=off",
                   "--timezone=off", "--link-journal=no", "--kill-signal=SIGRTMIN+4"]
        with open(self.folder / "console", "wb") as console:
            # pylint: disable-next=consider-using-with  # it lives until end()
            self.nspawn = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console,
                                           stderr=console, env=CLEAN, start_new_session=True)

    def _find_leader(self):
        if self.nspawn.poll() is not None:
            raise Failed(f"the machine ended: {self._console()}")
        task = Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children")
        for child in task.read_text(encoding="ascii").split():
            with suppress(OSError):
                for line in Path(f"/proc/{child}/status").read_text("utf-8").splitlines():
                    if line.startswith("NSpid:") and line.split()[-1] == "1" and \
                            len(line.split()) > 2:
                        self.leader = int(child)
        return self.leader

    def _settled(self):
        if self.nspawn.poll() is not None:
            raise Failed(f"the machine ended: {self._console()}")
        _, state, _ = self.inside("systemctl", "is-system-running", "--wait")
        return state.strip() in ("running", "degraded")

    def _console(self):
        text = (self.folder / "console").read_text("utf-8", errors="replace")
        return " / ".join(text.strip().splitlines()[-3:])

    def enter(self):
        """The command that enters the machine; what is to run there follows it."""
        return ["nsenter", "-t", str(self.leader), "-a", "--", "env", "-i",
                *[f"{name}={value}" for name, value in CLEAN.items()]]

    def inside(self, *command, timeout=60):
        """Runs a command in the booted machine: (exit code, standard output, standard error)."""
        return run([*self.enter(), *command], timeout=timeout)

    def script(self, text):
        """Runs a shell script in the booted machine; it must succeed."""
        must([*self.enter(), "sh", "-euc", text], timeout=60)

    def outside(self, text):
        """Runs a shell script where the load balancer is; it must succeed."""
        must(["ip", "netns", "exec", f"{self.id}-lb", "sh", "-euc", text], timeout=60)

    def ask(self, url, host=None, timeout=5.0):
        """One request of the load balancer: (symptom, seconds).

        A symptom is the status, or timeout, refused, no-tls, reset (also: closed without an
        answer).
        """
        header = ["-H", f"Host: {host}"] if host else []
        code, out, err = run(["ip", "netns", "exec", f"{self.id}-lb", "curl", "-q", "-sS", "-k",
                              "-o", "/dev/null", "-w", "%{http_code} %{time_total}", "--noproxy",
                              "*", "--max-time", str(timeout), *header, url], timeout=timeout + 10)
        status, seconds = out.split()
        named = {0: status, 7: "refused", 28: "timeout", 35: "no-tls", 52: "reset", 56: "reset"}
        if code not in named:
            raise Failed(f"curl ended with {code}: {err.strip()}")
        return named[code], float(seconds)

    def _groups(self):
        """The machine's cgroups, one in each hierarchy that systemd would use."""
        top = Path("/sys/fs/cgroup")
        if (top / "cgroup.controllers").exists():
            return [top / self.id]
        return [top / part / self.id for part in ("systemd", "unified") if (top / part).is_dir()]

    def keep(self):
        """Lets the machine live on after the lab has ended, until `end`."""
        (self.folder / "kept").write_text(f"{self.leader}\n", encoding="ascii")

    def end(self):
        """Ends all processes of the machine and removes what it had on the host."""
        if self.leader:
            with suppress(ProcessLookupError):
                os.kill(self.leader, signal.SIGKILL)
        if self.nspawn:
            with suppress(subprocess.TimeoutExpired):
                self.nspawn.wait(5)
        for group in self._groups():
            _end_group(group)
        if self.nspawn:
            with suppress(subprocess.TimeoutExpired):
                self.nspawn.wait(5)
        self.leader = self.nspawn = None
        _patiently(lambda: not os.path.ismount(self.root) or _quiet("umount", str(self.root)))
        for namespace in (f"{self.id}-web", f"{self.id}-lb"):
            if Path(f"/run/netns/{namespace}").exists():
                _quiet("ip", "netns", "delete", namespace)
        if not os.path.ismount(self.root):
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock:
            self._lock.close()


def _quiet(*command):
    # Cleaning up goes on after a signal, so it does not use process.run.
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL, check=False).returncode == 0


def _patiently(condition, tries=100):
    for _ in range(tries):
        if condition():
            return
        time.sleep(0.05)


def _end_group(group):
    """Kills what is left in a cgroup and removes it with all below it."""

    def gone():
        if not group.is_dir():
            return True
        for folder, _, _ in os.walk(group, topdown=False):
            with suppress(OSError):
                for pid in Path(folder, "cgroup.procs").read_text("ascii").split():
                    with suppress(ProcessLookupError):
                        os.kill(int(pid), signal.SIGKILL)
            with suppress(OSError):
                os.rmdir(folder)
        return not group.is_dir()

    _patiently(gone)


@contextmanager
def _all_machines():
    """Holds the list of machines still: none is made while leftovers are looked for."""
    machines().mkdir(parents=True, exist_ok=True)
    with open(machines() / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _try_lock(path):
    """A lock that lives as long as its process; None where another process has it."""
    # pylint: disable-next=consider-using-with  # held open on purpose
    lock = open(path, "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return lock
    except BlockingIOError:
        lock.close()
        return None


def end_leftovers():
    """Ends the machines of runs that were killed; those that were kept on purpose stay."""
    with _all_machines():
        for folder in machines().iterdir():
            if not folder.is_dir() or (folder / "kept").exists():
                continue
            lock = _try_lock(folder / "lock")
            if lock:
                Machine(folder.name).end()
                lock.close()


def end_kept(name):
    """Ends one machine that was kept."""
    if "/" in name or not (machines() / name / "kept").exists():
        raise Failed(f"no machine {name} was kept; there are: "
                     + (" ".join(sorted(kept())) or "none"))
    Machine(name).end()


def kept():
    """The names of the machines that were kept."""
    return [mark.parent.name for mark in machines().glob("*/kept")]

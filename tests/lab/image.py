"""The image that all machines of a Debian release share: built once, kept outside the tree."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import process

RELEASES = ("bullseye", "bookworm", "trixie")
PACKAGES = """systemd systemd-sysv dbus nginx-light gunicorn python3-flask uwsgi-core
uwsgi-plugin-python3 supervisor ca-certificates curl procps iproute2 acl nftables iptables ufw
firewalld openssl""".split()
LIBRARIES = {
    "bullseye": ["libcurl4", "libpcre2-8-0"],
    "bookworm": ["libcurl4", "libpcre2-8-0"],
    "trixie": ["libcurl4t64", "libpcre2-8-0"],
}
# Units that only cost time at boot, and timers that would wake up in the middle.
MASKED = """getty.target console-getty.service systemd-firstboot.service
systemd-update-utmp.service systemd-logind.service apt-daily.timer apt-daily-upgrade.timer
dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer logrotate.timer
man-db.timer""".split()
# What this file does to an image beyond its packages; raise it to have all images rebuilt.
RECIPE = "3"


def packages(release):
    """The packages of an image, those of hopcheck's own libraries included."""
    return PACKAGES + LIBRARIES[release]


def key(release):
    """Names an image by what is in it, so that another package list makes another image."""
    text = "\n".join([RECIPE, *sorted(packages(release)), *sorted(MASKED)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def cache():
    """The folder that keeps the images of all releases."""
    return Path(os.environ.get("HOPCHECK_LAB_CACHE") or "/var/cache/hopcheck-lab")


def get(release):
    """The folder of the release's image; builds it where it is not there yet."""
    folder = cache() / release
    folder.mkdir(parents=True, exist_ok=True)
    image = folder / key(release)
    if image.is_dir():
        return image
    with open(folder / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not image.is_dir():
            _build(release, image)
            _drop_old(folder, image)
    return image


def _build(release, image):
    print(f"lab: building the {release} image in {image}, some minutes, once", file=sys.stderr)
    new = image.with_name(f"new.{os.getpid()}")
    for left in image.parent.glob("new.*"):
        _remove(left)
    try:
        _run(new, ["debootstrap", "--variant=minbase", release, str(new)])
        _install(release, new)
        for unit in MASKED:
            link = new / "etc/systemd/system" / unit
            link.unlink(missing_ok=True)
            link.symlink_to("/dev/null")
        # Only the scenarios that are about them start these.
        for unit in ("supervisor", "ufw", "firewalld"):
            _run(new, ["chroot", str(new), "systemctl", "disable", "-q", unit])
        (new / "var/log/journal").mkdir(exist_ok=True)
        _run(new, ["chroot", str(new), "apt-get", "clean"])
        log = _log(new)
        new.rename(image)
        log.unlink()
    finally:
        _remove(new)


def _install(release, new):
    # Nothing may start while its package is set up: the image is not a running machine.
    policy = new / "usr/sbin/policy-rc.d"
    policy.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    policy.chmod(0o755)
    proc = new / "proc"
    _run(new, ["mount", "-t", "proc", "proc", str(proc)])
    try:
        _run(new, ["chroot", str(new), "apt-get", "install", "-y", "-q", "--no-install-recommends",
                   "-o", "Dpkg::Options::=--force-unsafe-io", *packages(release)])
    finally:
        _run(new, ["umount", str(proc)])
    policy.unlink()


def _log(new):
    return new.with_name(new.name + ".log")


def _run(new, command):
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    code, out, err = process.run(command, timeout=1800, env=env)
    with open(_log(new), "a", encoding="utf-8") as log:
        log.write(out + err)
    if code != 0:
        raise process.Failed(f"`{' '.join(command)}` failed; see {_log(new)}")


def _remove(folder):
    """Removes what is left of a build; never a folder in which something is still mounted."""
    if not folder.is_dir():
        return
    if os.path.ismount(folder / "proc"):
        subprocess.run(["umount", str(folder / "proc")], check=False)
    if f"{folder}/" not in Path("/proc/mounts").read_text(encoding="utf-8"):
        shutil.rmtree(folder)


def _drop_old(folder, image):
    mounts = Path("/proc/mounts").read_text(encoding="utf-8")
    for old in folder.iterdir():
        if old.is_dir() and old != image and str(old) not in mounts:
            shutil.rmtree(old)

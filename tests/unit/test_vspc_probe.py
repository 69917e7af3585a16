#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""vserialctl vspc-probe finds each deviation of vserial-vspc, and no other."""
import json
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import script
from vspc import Concentrator, certificates, deviations, free_port, thumbprint

# What it finds of each; none that only a viewer sees.
FOUND = {
    "": [],
    "silent": ["silent"],
    "mute": ["silent", "mute"],
    "no-binary": ["no-binary"],
    "ack-loop": ["ack-loop"],
    "no-doubling": ["no-doubling"],
    "no-known": ["no-known"],
    "no-vmotion": ["no-vmotion"],
    "no-get": ["no-get"],
    "late-get": ["late-get"],
    "close-unknown": ["close-unknown"],
    "wont-keep": ["wont-keep"],
    "wont-close": ["wont-close"],
    "padded": ["padded"],
    "close-early": ["close-early"],
    "drop-early": [],
    "not-now": ["not-now"],
    "mute-begin": ["mute-begin"],
    "unknown-begin": ["not-now"],
    "refuse-peer": ["refuse-peer"],
    "mute-peer": ["refuse-peer"],
    "no-buffer": [],
    "com-port": ["com-port"],
    # One that does everything wrong that it can at a time.
    "mute,no-doubling,no-known,late-get,padded":
        ["silent", "mute", "no-doubling", "no-known", "late-get", "padded"],
}


def probe(*words, status=0):
    done = subprocess.run([os.environ["VSERIALCTL"], *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, timeout=300)
    assert done.returncode == status, f"{done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout if not status else done.stderr


def probe_json(uri):
    return json.loads(probe("-j", "vspc-probe", uri))


def test_deviations():
    assert deviations() <= set(FOUND), f"not tried: {deviations() - set(FOUND)}"
    for name, found in FOUND.items():
        with Concentrator(*([f"--deviate={name}"] if name else [])) as c:
            result = probe_json(f"telnet://127.0.0.1:{c.port}")
            assert result["deviations"] == found, f"{name}: {result}"
            assert result["accepted"] == (not name.startswith("wont")), f"{name}: {result}"
            if not result["accepted"]:
                assert result["reason"] == "refused by concentrator", result


def test_text():
    with Concentrator() as c:
        text = probe("vspc-probe", f"telnet://127.0.0.1:{c.port}", "name", "me", "service", "x")
        assert "a concentrator, which accepted us after" in text, text
        assert "hand-over        works, with 8 bytes of secret" in text, text
        assert "deviations       none" in text, text
        assert "GET-VM-NAME, GET-VM-BIOS-UUID" in text, text
        assert "me: connected from" in c.said(), c.said()


def test_tls():
    with tempfile.TemporaryDirectory() as folder:
        certificates(folder)
        digest = thumbprint(folder)
        with Concentrator(scheme="telnets", certificate=f"{folder}/server.pem") as c:
            uri = f"telnets://127.0.0.1:{c.port}#thumbprint="
            result = probe_json(uri + digest)
            assert result["deviations"] == [] and result["tls"].startswith("TLSv1.3 "), result
            assert result["authentication"] == "not offered", result
            said = probe("vspc-probe", uri + "00" * 32, status=1)
            assert "has the thumbprint" in said, said


def test_auth():
    """TLS by the option AUTHENTICATION, and where a key asks for what there is not."""
    with tempfile.TemporaryDirectory() as folder:
        certificates(folder)
        digest = thumbprint(folder)
        with Concentrator(certificate=f"{folder}/server.pem") as c:
            uri = f"telnet://127.0.0.1:{c.port}"
            for keys in "", f"#thumbprint={digest}":
                result = probe_json(uri + keys)
                assert result["deviations"] == [], result
                assert result["tls"].startswith("TLSv1.3 "), result
                assert result["authentication"] == "TLS", result
            said = probe("vspc-probe", f"{uri}#thumbprint={'00' * 32}", status=1)
            assert "has the thumbprint" in said, said
        with Concentrator() as c:
            said = probe("vspc-probe", f"telnet://127.0.0.1:{c.port}#thumbprint={digest}",
                         status=1)
            assert "no TLS in telnet's option AUTHENTICATION" in said, said


def test_refused():
    port = free_port()
    said = probe("vspc-probe", f"telnet://127.0.0.1:{port}", status=1)
    assert said == (f"vserialctl: cannot connect to 127.0.0.1:{port}: Connection refused\n"), said
    said = probe("vspc-probe", "tcp://127.0.0.1:1", status=1)
    assert "is neither telnet://HOST:PORT nor telnets://HOST:PORT" in said, said
    said = probe("vspc-probe", "nonsense", status=1)
    assert said == ("vserialctl: concentrator 'nonsense' is neither telnet://HOST:PORT nor "
                    "telnets://HOST:PORT\n"), said
    said = probe("vspc-probe", "telnet://a:99999", status=1)
    assert said == ("vserialctl: concentrator 'telnet://a:99999': the port '99999' is not a number "
                    "from 1 to 65535\n"), said
    said = probe("vspc-probe", "telnet://127.0.0.1:1", "colour", "red", status=2)
    assert "'colour' is neither name nor service" in said, said
    # A telnet server that is none: that of viewers.
    with Concentrator() as c:
        said = probe("vspc-probe", f"telnet://127.0.0.1:{c.view_port}", status=1)
        assert "does not have the vSPC option: it is no concentrator" in said, said


script.run(globals())

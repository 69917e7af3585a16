#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""record.py [--size COLUMNSxROWS] [--cast FILE] [--svg FILE] STEP…

Records a program on a terminal: what it writes, with times, as asciicast v2, and the
last screen as a picture.  Each STEP is a line of a shell that is typed and has ended
when its prompt is back, or one of

    +TEXT     types TEXT into the program that runs, as printf(1) writes it
    ?TEXT     waits until TEXT has come
    =SECONDS  watches for so long
    .         takes the picture now, not at the end

Needs python3-pyte.
"""
import argparse
import codecs
import fcntl
import html
import json
import os
import pty
import select
import struct
import sys
import termios
import time

import pyte

PROMPT = "# "
#: What steps begin with that are no lines of the shell.
INSIDE = ("+", "?", "=", ".")
#: How fast a person types, in seconds a key.
KEY = 0.06
#: What may take so long, takes too long.
PATIENCE = 120
COLOURS = {"default": "#d8dee9", "red": "#ef6b73", "green": "#a3be8c", "brown": "#ebcb8b",
           "blue": "#81a1c1", "magenta": "#b48ead", "cyan": "#88c0d0", "white": "#eceff4",
           "black": "#2e3440"}
BACKGROUND = "#20242c"
#: Of a character, in the picture's units.
WIDTH, HEIGHT = 8.4, 18


class Recorder:
    """A shell on a terminal, and what came of it."""

    def __init__(self, columns, rows):
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.Stream(self.screen)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.events = []
        self.new = ""
        self.begun = time.monotonic()
        child, self.fd = pty.fork()
        if not child:
            os.environ.update(PS1=PROMPT, TERM="xterm-256color", HOME="/root", LC_ALL="C.UTF-8")
            os.execlp("bash", "bash", "--norc", "--noprofile", "--noediting")
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def read(self, timeout):
        """Takes what comes within TIMEOUT seconds, or nothing."""
        if not select.select([self.fd], [], [], max(timeout, 0))[0]:
            return
        try:
            text = self.decoder.decode(os.read(self.fd, 65536))
        except OSError:
            return
        self.events.append((time.monotonic() - self.begun, text))
        self.new += text
        self.stream.feed(text)

    def watch(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.read(until - time.monotonic())

    def wait(self, text):
        until = time.monotonic() + PATIENCE
        while text not in self.new:
            if time.monotonic() > until:
                sys.exit(f"record.py: {text!r} did not come; there was {self.new!r}")
            self.read(0.2)
        self.new = self.new.split(text, 1)[1]

    def type(self, text):
        for key in text:
            os.write(self.fd, key.encode())
            self.watch(KEY)

    def step(self, step):
        if step.startswith("+"):
            self.type(codecs.decode(step[1:], "unicode_escape"))
        elif step.startswith("?"):
            self.wait(step[1:])
        elif step.startswith("="):
            self.watch(float(step[1:]))
        else:
            self.type(step)
            self.new = ""
            self.type("\n")

    def cast(self):
        """As asciicast v2: a header and an event, each on a line."""
        yield json.dumps({"version": 2, "width": self.screen.columns,
                          "height": self.screen.lines})
        for when, text in self.events:
            yield json.dumps([round(when, 3), "o", text], ensure_ascii=False)

    def svg(self):
        """The screen as it is."""
        columns, rows = self.screen.columns, self.screen.lines
        yield "<!-- SPDX-License-Identifier: GPL-2.0-or-later -->"
        yield (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {columns * WIDTH + 24:g} '
               f'{rows * HEIGHT + 24}" font-family="DejaVu Sans Mono, monospace" font-size="14">')
        yield f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>'
        for row in range(rows):
            yield from self._row(row)
        yield "</svg>"

    def _row(self, row):
        line = self.screen.buffer[row]
        x, y = 0, 12 + row * HEIGHT
        while x < self.screen.columns:
            style = (line[x].fg, line[x].reverse, line[x].bold)
            end = x
            while end < self.screen.columns and \
                    (line[end].fg, line[end].reverse, line[end].bold) == style:
                end += 1
            yield from self._run("".join(line[i].data for i in range(x, end)), x, y, style)
            x = end

    @staticmethod
    def _run(text, x, y, style):
        colour, reverse, bold = style
        left, width = 12 + x * WIDTH, len(text) * WIDTH
        fill = COLOURS.get(colour, COLOURS["default"])
        if reverse:
            yield (f'<rect x="{left:g}" y="{y}" width="{width:g}" height="{HEIGHT}" '
                   f'fill="{fill}"/>')
            fill = BACKGROUND
        if not text.strip():
            return
        shown = text.rstrip()
        weight = ' font-weight="bold"' if bold else ""
        yield (f'<text x="{left:g}" y="{y + 14}" fill="{fill}"{weight} xml:space="preserve" '
               f'textLength="{len(shown) * WIDTH:g}">{html.escape(shown)}</text>')


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="100x24")
    parser.add_argument("--cast")
    parser.add_argument("--svg")
    parser.add_argument("steps", nargs="+")
    args = parser.parse_args()
    recorder = Recorder(*map(int, args.size.split("x")))
    recorder.wait(PROMPT)
    picture = None
    for step, following in zip(args.steps, [*args.steps[1:], ""]):
        if step == ".":
            picture = list(recorder.svg())
            continue
        recorder.step(step)
        # A line of the shell has ended when there is a prompt again.
        if not step.startswith(INSIDE) and not following.startswith(INSIDE):
            recorder.wait(f"\n{PROMPT}")
    for path, lines in ((args.cast, recorder.cast()), (args.svg, picture or recorder.svg())):
        if path:
            with open(path, "w", encoding="utf-8") as f:
                f.writelines(f"{line}\n" for line in lines)


main()

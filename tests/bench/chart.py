# SPDX-License-Identifier: GPL-2.0-or-later
"""Pictures of figures, as SVG that suits light and dark pages."""
import math
import re
from html import escape

STYLE = '''<style>
text { font: 12px "DejaVu Sans", Verdana, sans-serif; fill: #1d2733; }
.axis { stroke: #8894a3; } .grid { stroke: #8894a3; stroke-opacity: .3; }
.worse { fill: #c0392b; fill-opacity: .1; } .end { text-anchor: end; } .mid { text-anchor: middle; }
.k0 { fill: #1f6fb5; stroke: #1f6fb5; } .k1 { fill: #c77700; stroke: #c77700; }
.clock { fill: none; stroke-width: 1.5; } .line { fill: none; stroke-width: 2; }
.peer { stroke-dasharray: 5 4; }
@media (prefers-color-scheme: dark) {
text { fill: #e4e8ee; }
.k0 { fill: #6cb4f0; stroke: #6cb4f0; } .k1 { fill: #f2b04a; stroke: #f2b04a; }
.clock, .line { fill: none; } .worse { fill: #ff8a7a; }
}
</style>
'''
WIDTH = 900
LABELS = 430
TOP = 46
ROW = 18
RADIUS = 4.5
SPREAD = re.compile(r'([\d,]+) busy ports?, (.*)')


def document(height, title, body):
    return (f'<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<!-- SPDX-License-Identifier: GPL-2.0-or-later -->\n'
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title">\n'
            f'<title id="title">{escape(title)}</title>\n{STYLE}' + '\n'.join(body) + '\n</svg>\n')


def text(x, y, words, kind=''):
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(words)}</text>'


def line(x1, y1, x2, y2, kind):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def dot(x, y, kind):
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}" class="{kind}"/>'


def legend(kernels, more):
    """Dots with words, from left to right on top."""
    x = 12
    for kind, words in [*((f'k{i}', kernel) for i, kernel in enumerate(kernels)), *more]:
        yield dot(x, 14, kind)
        yield text(x + 10, 18, words)
        x += 30 + 8 * len(words)


def ratios(figures, kernels):
    """A line for each peer, with vserial's figure divided by its; or None if there is none."""
    rows = [(f'{figure.name} — {who}', values) for figure in figures
            for who, values in figure.peers() if values]
    if not rows:
        return None
    every = [ratio for _, values in rows for ratio in values.values()]
    low = min(-1, math.floor(math.log10(min(every))))
    high = max(0.5, math.log10(max(every)) + 0.05)

    def at(ratio):
        return LABELS + (math.log10(ratio) - low) / (high - low) * (WIDTH - LABELS - 16)

    bottom = TOP + len(rows) * ROW
    body = [f'<rect x="{at(1):.1f}" y="{TOP - 6}" width="{WIDTH - 16 - at(1):.1f}" '
            f'height="{bottom - TOP + 6}" class="worse"/>']
    steps = [10.0 ** e * n for e in range(low, 1) for n in (1, 2, 5)] + [10.0]
    for step in steps:
        if low <= math.log10(step) <= high:
            body += [line(at(step), TOP - 6, at(step), bottom, 'axis' if step == 1 else 'grid'),
                     text(at(step), TOP - 12, f'{step:g}', 'mid')]
    clock = any(by_clock for _, values in rows for _, by_clock in values)
    body += legend(kernels, [('k0 clock', 'by the clock')] if clock else [])
    body.append(text(WIDTH - 16, 18, "vserial's cost, the peer's being 1: less is better", 'end'))
    for i, (name, values) in enumerate(rows):
        y = TOP + i * ROW + ROW / 2
        body.append(text(LABELS - 12, y + 4, name, 'end'))
        body.append(line(LABELS, y, WIDTH - 16, y, 'grid'))
        for (kernel, by_clock), ratio in values.items():
            kind = f'k{kernels.index(kernel)}{" clock" * by_clock}'
            body.append(dot(at(ratio), y, kind))
    return document(bottom + 10, "What vserial costs beside what else does the same", body)


def crowd(figures, kernels):
    """What a byte costs where so many ports are busy, a line for each who serves them."""
    found = [(int(words[1].replace(',', '')), figure) for figure in figures
             if (words := SPREAD.fullmatch(figure.name))]
    if not found:
        return None
    values = [value for _, figure in found for runs in figure.values.values()
              for value in runs.values()]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    left, right, bottom = 70, WIDTH - 190, 330
    most = math.log10(max(count for count, _ in found)) or 1

    def place(count, value):
        return (left + math.log10(count) / most * (right - left),
                bottom - (math.log10(value) - low) / (high - low) * (bottom - TOP))

    body = list(legend(kernels, []))
    body.append(text(WIDTH - 16, 18, 'instructions a byte, 64-byte writes by turns', 'end'))
    for e in range(low, high + 1):
        y = place(1, 10 ** e)[1]
        body += [line(left, y, right, y, 'grid'), text(left - 8, y + 4, f'{10 ** e:,}', 'end')]
    for count, _ in found:
        x = place(count, 10 ** low)[0]
        ports = f'{count:,} busy port{"s" * (count > 1)}'
        body += [line(x, TOP, x, bottom, 'grid'), text(x, bottom + 18, ports, 'mid')]
    ends = []
    for n, who in enumerate(found[0][1].values):
        for i, kernel in enumerate(kernels):
            points = [place(count, figure.values[who][kernel, False]) for count, figure in found
                      if (kernel, False) in figure.values.get(who, {})]
            if not points:
                continue
            path = ' '.join(f'{x:.1f},{y:.1f}' for x, y in points)
            body.append(f'<polyline points="{path}" class="k{i} line{" peer" * (n > 0)}"/>')
            body += [dot(x, y, f'k{i}') for x, y in points]
            ends.append((points[-1][1], f'{who}, {kernel}'))
    last = 0
    for y, words in sorted(ends):
        # Not on top of each other.
        last = max(y, last + 14)
        body.append(text(right + 12, last + 4, words))
    return document(bottom + 34, 'What a byte costs where many ports are busy', body)

"""Drift as a page for people: one file, without scripts."""

from collections.abc import Iterator
from html import escape
from typing import Final

from inference.drift.schemas import BinOut, ClassifierOut, DriftAnswer, FeatureOut, WindowOut

POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
"""Content security policy of the page, which loads nothing."""

MOST_BINS: Final = 16
"""Bins drawn of one feature: those whose shares changed most."""

STYLE: Final = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem;
  color: #1c2530; background: #fff }
h1 { font-size: 1.6rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid #d7dde4 }
th:first-child, td:first-child { text-align: left }
td.bars { width: 45%; text-align: left }
.bar { height: .5rem; margin: .15rem 0; min-width: 1px }
.before { background: #8795a5 } .now { background: #0b5cad }
.drifted { color: #a11212; font-weight: 600 } .small { color: #7a5200 } .steady { color: #1b6b3a }
@media (max-width: 40rem) { td.bars { width: 25% } }
"""

SAID: Final = {
    "drifted": "The traffic has drifted.",
    "steady": "No drift that matters.",
    "too-few": "Too few texts were counted to compare.",
}
SOURCES: Final = {
    "first": "the first texts of this version",
    "recorded": "the file recorded for this version",
    "asked": "the time asked for",
}


def report(found: DriftAnswer) -> str:
    """The page.

    Args:
        found: what a comparison gave.
    """
    return "\n".join(_lines(found))


def _lines(found: DriftAnswer) -> Iterator[str]:
    model = "no model yet"
    if found.model_name is not None:
        model = f"{found.model_name}, version {found.model_version}"
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Drift: {escape(model)}</title><style>{STYLE}</style></head><body>"
    yield f"<h1>Drift: {escape(model)}</h1>"
    yield f'<p class="{found.state}">{SAID[found.state]}</p><ul>'
    yield f"<li>Reference: {_window(found.reference, SOURCES[found.reference.source])}</li>"
    yield f"<li>Now: {_window(found.current, 'the current window')}</li></ul>"
    if found.state == "too-few":
        yield (
            "<p>Send more tweets, or ask for other times: <code>from</code>, "
            "<code>reference_from</code> and <code>reference_to</code>.</p>"
        )
    if found.classifier is not None:
        yield from _overview(found, found.classifier)
        for feature in found.features:
            yield from _feature(feature)
    yield "</body></html>"


def _window(window: WindowOut, what: str) -> str:
    span = ""
    if window.from_ is not None and window.to is not None:
        span = f", {window.from_:%Y-%m-%d %H:%M} to {window.to:%Y-%m-%d %H:%M} UTC"
    return f"{what}, {window.texts:,} texts{span} (at least {window.needed} are needed)"


def _overview(found: DriftAnswer, classifier: ClassifierOut) -> Iterator[str]:
    yield (
        "<table><thead><tr><th>feature</th><th>PSI</th><th>by chance</th>"
        "<th>Jensen-Shannon, bits</th><th>p, all tests in view</th><th></th></tr></thead><tbody>"
    )
    for item in found.features:
        yield (
            f"<tr><td>{escape(item.feature)}</td><td>{item.stability_index:.3f}</td>"
            f"<td>{item.by_chance:.3f}</td><td>{item.jensen_shannon:.4f}</td>"
            f'<td>{item.p_value:.4f}</td><td class="{item.state}">{item.state}</td></tr>'
        )
    yield (
        f"<tr><td>classifier of all features</td><td colspan=3>AUC {classifier.auc:.2f}</td>"
        f'<td>{classifier.p_value:.4f}</td><td class="{classifier.state}">{classifier.state}</td>'
        f"</tr></tbody></table><p>p is the chance of as much without drift; below {found.level:g} "
        "it counts. A difference that is more than chance and too small to act upon is called "
        "small.</p>"
    )


def _feature(feature: FeatureOut) -> Iterator[str]:
    changed = sorted(
        range(len(feature.bins)),
        key=lambda place: -abs(feature.bins[place].current - feature.bins[place].reference),
    )
    shown = sorted(changed[:MOST_BINS])
    widest = max((max(item.reference, item.current) for item in feature.bins), default=1.0)
    state = f'<span class="{feature.state}">{feature.state}</span>'
    yield f"<h2>{escape(feature.feature)}: {state}</h2>"
    if len(shown) < len(feature.bins):
        yield f"<p>The {len(shown)} of {len(feature.bins)} that changed most.</p>"
    yield "<table><thead><tr><th></th><th>before</th><th>now</th><th></th></tr></thead><tbody>"
    for place in shown:
        yield _bin(feature.bins[place], widest)
    yield "</tbody></table>"


def _bin(item: BinOut, widest: float) -> str:
    bars = "".join(
        f'<div class="bar {kind}" style="width: {100 * share / widest:.1f}%"></div>'
        for kind, share in (("before", item.reference), ("now", item.current))
    )
    return (
        f"<tr><td>{escape(item.name)}</td><td>{item.reference:.1%}</td><td>{item.current:.1%}</td>"
        f'<td class="bars">{bars}</td></tr>'
    )

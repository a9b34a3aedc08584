"""Colours and shapes of the page, given to Streamlit when it starts; see also `style.css`."""

INK = "#17212E"
PAPER = "#F6F4EE"
SURFACE = "#FFFFFF"
LINE = "#D9D4C7"
EDGE = "#8C877B"
"""Of what can be clicked or typed into: 3:1 on paper, as WCAG 2.2 asks for (1.4.11)."""
ACCENT = "#0B5A73"
QUIET = "#566070"
MOODS = {"negative": "#AB3A20", "neutral": "#66707D", "positive": "#17766A"}

# Fonts are those that Streamlit carries: nothing is fetched from elsewhere.
THEME = {
    "theme.base": "light",
    "theme.primaryColor": ACCENT,
    "theme.backgroundColor": PAPER,
    "theme.secondaryBackgroundColor": SURFACE,
    "theme.textColor": INK,
    "theme.linkColor": ACCENT,
    "theme.borderColor": EDGE,
    "theme.showWidgetBorder": "true",
    "theme.baseRadius": "0.5rem",
    "theme.font": "sans-serif",
    "theme.headingFont": "serif",
    "theme.paddingTop": "1.25rem",
}

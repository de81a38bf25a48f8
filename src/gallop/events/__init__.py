"""From a log of events to what was known of each lead at each decision. Rules over arrays; one for batch and live.

A decision is a lead and a time t. Its features come from events in [t − window, t) that had arrived by t; its label
from conversions in (t, t + horizon]. docs/events-rules.md has the rules, with a drawing.
"""

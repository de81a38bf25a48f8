"""Per stage: read, call, write. The one place where stages, adapters and files meet; no decision is taken here.

A stage reads all it needs, computes, and only then writes, each file whole. So a stage that fails leaves the outputs
of the run before as they were.
"""

"""The stand-in for Dagger's session, as the pipeline's own tests use it."""

from tests.pipeline.conftest import session, session_with

__all__ = ["session", "session_with"]

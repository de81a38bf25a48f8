"""A test-only stand-in for a Dagger session: same protocol, no engine.

`api` is the GraphQL schema as the installed client library sees it, `calls` the recorded DAG, `session` the server
that the client library talks to, and `buildah` evaluates a recorded DAG in real containers. What it cannot show is
listed in docs/containers.md.
"""

"""The service: the deployed model over HTTP, and a page for people. The only room that imports FastAPI and uvicorn."""

"""The HTTP and WebSocket interface of a node. Spec of a request: ``api.endpoints``."""

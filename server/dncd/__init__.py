"""The dncd daemon: a do-not-contact decision server."""

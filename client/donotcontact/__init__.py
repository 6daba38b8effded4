"""Talk to a do-not-contact decision server."""

"""What long work raises when nobody wants it any more."""


class Cancelled(Exception):
    """Whoever asked went away."""

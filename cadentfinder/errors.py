"""What can go wrong between the finder and Cadent."""


class QueryError(ValueError):
    """Cadent cannot take the query: a bad pattern, a limit. The text is Cadent's own sentence."""


class NoAnswerError(Exception):
    """No URL gave a usable answer; the text names each and why. Never mistaken for an empty answer."""

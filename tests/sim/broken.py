"""What a law that does not hold raises."""


class LawBrokenError(AssertionError):
    """What must hold did not."""

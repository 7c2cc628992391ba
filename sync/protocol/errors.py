"""The one error for what came and could not be kept."""


class NotTakenError(Exception):
    """What came could not be taken: it means nothing here, or could not be written. Nothing was changed."""

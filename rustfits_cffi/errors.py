"""Placeholder replaced by the full error table."""


class FITSError(OSError):
    """Base of this package's errors."""


class TaintedError(FITSError):
    """A change failed midway."""


def raise_for_status(status, what, messages):
    raise FITSError(f"{what}: status {status}: {'; '.join(messages)}")

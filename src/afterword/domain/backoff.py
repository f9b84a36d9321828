"""How long does failed work wait before it is tried again?"""

FIRST_S = 15.0
LONGEST_S = 3_600.0
JITTER = 0.5


def retry_delay_s(
    attempts: int, jitter: float, asked_s: float | None = None, *, longest_s: float | None = None
) -> float:
    """
    Double from try to try, and spread, so that many failures do not come back at once.

    ``FIRST_S · 2^(attempts − 1)``, at most LONGEST_S, times 1 − JITTER … 1.

    Args:
        attempts: Tries so far, at least 1.
        jitter: A random number from 0 to 1.
        asked_s: The least wait that the other side asked for.
        longest_s: When another way is tried, which need not wait for this one; None = there is none.

    Returns:
        Seconds.
    """
    doubled = min(LONGEST_S, FIRST_S * 2.0 ** min(attempts - 1, 30))
    wait_s = max(doubled * (1 - JITTER * jitter), asked_s or 0.0)
    return wait_s if longest_s is None else min(wait_s, longest_s)

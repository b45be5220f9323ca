"""Why a node does not run on the chip, and what to write instead."""

from dataclasses import dataclass

__all__ = ["Refusal", "together"]


@dataclass(frozen=True)
class Refusal:
    """Why a node does not run on the chip, and what would: :class:`~.advice.Advice`, all of it."""

    reason: str
    advice: tuple = ()

    @property
    def rewrite(self):
        """The advice in words."""
        return ", and ".join(dict.fromkeys(advice.text for advice in self.advice))


def together(refusals):
    """One Refusal of several, so that who follows its advice meets no other; None of none."""
    found = [refusal for refusal in refusals if refusal is not None]
    if not found:
        return None
    return Refusal("; ".join(refusal.reason for refusal in found),
                   tuple(advice for refusal in found for advice in refusal.advice))

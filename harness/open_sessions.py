"""The sessions that are open on a board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.errors import HarnessError, Misuse

# Brings numpy, which a test that opens no model does not wait for.
if TYPE_CHECKING:
    from harness.models.tflite import TfliteModel
    from harness.session import Session


class OpenSessions:
    """Keeps sessions until they end together; one may have been closed before."""

    def __init__(self) -> None:
        self._sessions: list[Session] = []

    def add(self, session: Session) -> None:
        """Keeps one more."""
        self._sessions.append(session)

    @property
    def any_open(self) -> bool:
        return any(session.open for session in self._sessions)

    def demand_name(self, model: TfliteModel) -> None:
        """Makes sure that the board can have this model beside those that are open: it tells models by their names.

        Raises:
            Misuse: another one of that name is open.
        """
        for session in self._sessions:
            if session.open and session.model.name == model.name and session.model.sha256 != model.sha256:
                raise Misuse(f"two different models have the name {model.name!r}, and one is open", advice="rename one")

    def close(self, why: str) -> None:
        """Closes all, as far as the device still answers; the others are lost.

        Args:
            why: what whoever uses one of them later is told.
        """
        for session in self._sessions:
            try:
                session.close(why)
            except HarnessError:
                # The device's trouble was or will be reported by a call that a test made.
                break
        self.lose(why)

    def lose(self, why: str) -> None:
        """Gives all up, without a word to the device."""
        for session in self._sessions:
            session.lose(why)
        self._sessions.clear()

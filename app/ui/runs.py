"""The running analyses: a new run of a visitor ends the previous one, and Stop ends the newest."""

from dataclasses import dataclass
from typing import Any

import gradio as gr


@dataclass(eq=False)
class Run:
    """The analysis of one upload.

    Attributes:
        asked: what the visitor asks for: the uploads and the settings.
        begun: whether its turn in the queue has come.
        ended: whether nothing more comes of it.
        stopped: whether its visitor wants no more of it; what is done by then stays.
        replaced: whether the visitor has sent something else, so that nobody looks at it any more.
    """

    asked: tuple[Any, ...] = ()
    begun: bool = False
    ended: bool = False
    stopped: bool = False
    replaced: bool = False

    @property
    def over(self) -> bool:
        """Whether it should end."""
        return self.stopped or self.replaced


class Runs:
    """The newest run of each visitor."""

    def __init__(self) -> None:
        self._newest: dict[str, Run] = {}

    def begin(self, request: gr.Request, *asked: Any) -> Run:
        """Begin a run of the current visitor; it waits for its turn in the queue.

        Gradio's page may announce the same change twice; the second time changes nothing, also if
        the run has ended by then. Only what was stopped begins again.
        """
        newest = self._newest.get(str(request.session_hash))
        if newest and newest.asked == asked and not newest.stopped:
            return newest
        self.leave(request)
        run = self._newest[str(request.session_hash)] = Run(asked)
        return run

    def take(self, request: gr.Request, *asked: Any) -> Run | None:
        """The run whose turn has come.

        None if its visitor asks for something else by now, or if the change was announced twice
        and its run has begun before.
        """
        # There is none on a server that has forgotten the visitor meanwhile.
        run = self._newest.get(str(request.session_hash)) or self.begin(request, *asked)
        if run.asked != asked or run.begun:
            return None
        run.begun = True
        return run

    def waits(self, request: gr.Request) -> bool:
        """Whether the newest run of the current visitor still waits for its turn."""
        run = self._newest.get(str(request.session_hash))
        return run is not None and not run.begun and not run.stopped

    def unfinished(self, request: gr.Request) -> bool:
        """Whether more comes of the newest run of the current visitor."""
        run = self._newest.get(str(request.session_hash))
        return run is not None and not run.ended and not run.stopped

    def stop(self, request: gr.Request) -> None:
        """End the newest run of the current visitor."""
        if run := self._newest.get(str(request.session_hash)):
            run.stopped = True

    def leave(self, request: gr.Request) -> None:
        """Remove the current visitor and end the run."""
        if run := self._newest.pop(str(request.session_hash), None):
            run.replaced = True

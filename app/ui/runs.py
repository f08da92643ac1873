"""The running analyses: a new run of a visitor ends the previous one, and Stop ends the newest."""

from dataclasses import dataclass

import gradio as gr


@dataclass(eq=False)
class Run:
    """The analysis of one upload.

    Attributes:
        stopped: whether its visitor wants no more of it; what is done by then stays.
        replaced: whether the visitor has sent something else, so that nobody looks at it any more.
    """

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

    def begin(self, request: gr.Request) -> Run:
        """Begin a run of the current visitor."""
        self.leave(request)
        run = self._newest[str(request.session_hash)] = Run()
        return run

    def stop(self, request: gr.Request) -> None:
        """End the newest run of the current visitor."""
        if run := self._newest.get(str(request.session_hash)):
            run.stopped = True

    def leave(self, request: gr.Request) -> None:
        """Remove the current visitor and end the run."""
        if run := self._newest.pop(str(request.session_hash), None):
            run.replaced = True

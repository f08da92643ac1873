"""Who is being served: a visitor's newest run ends the one before, and Stop ends the newest."""

from dataclasses import dataclass

import gradio as gr


@dataclass(eq=False)
class Run:
    """One upload that is analyzed.

    Attributes:
        stopped: whether its visitor wants no more of it; what is done by then stays.
        replaced: whether the visitor has sent something else, so that nobody looks at it any more.
    """

    stopped: bool = False
    replaced: bool = False

    @property
    def over(self) -> bool:
        """Whether it need not go on."""
        return self.stopped or self.replaced


class Runs:
    """The newest run of each visitor."""

    def __init__(self) -> None:
        self._newest: dict[str, Run] = {}

    def begin(self, request: gr.Request) -> Run:
        """A new run of who asks."""
        self.leave(request)
        run = self._newest[str(request.session_hash)] = Run()
        return run

    def stop(self, request: gr.Request) -> None:
        """End the newest run of who asks."""
        if run := self._newest.get(str(request.session_hash)):
            run.stopped = True

    def leave(self, request: gr.Request) -> None:
        """Forget who asks, and end what nobody looks at any more."""
        if run := self._newest.pop(str(request.session_hash), None):
            run.replaced = True

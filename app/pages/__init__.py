"""Pages for people who have no login here: made on the server, no script, nothing from anywhere else."""

from app.pages.recipient import CONTENT_SECURITY_POLICY, FileLine, PageFacts, View, gone, instant, render

__all__ = ["CONTENT_SECURITY_POLICY", "FileLine", "PageFacts", "View", "gone", "instant", "render"]

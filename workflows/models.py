"""Typed views of the engine's process rows."""

from __future__ import annotations

from viewflow.workflow.models import Process


class ApplicationProcess(Process):
    """The process of one application: ``process.application``."""

    class Meta:
        proxy = True


class ReferralProcess(Process):
    """The process of one referral: ``process.referral``."""

    class Meta:
        proxy = True

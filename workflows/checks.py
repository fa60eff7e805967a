"""System checks: what must be true of every flow."""

from __future__ import annotations

from typing import Any

from django.core.checks import Error, register
from viewflow.workflow.base import Flow
from viewflow.workflow.nodes import Join, Split

from .locks import ProcessLock
from .nodes import OneRow


@register()
def every_flow_is_safe(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Our lock, our node classes, no split: the engine's own ones lose or leak (see docs/adr)."""
    errors = []
    for flow_class in _flows(Flow):
        if not flow_class.__module__.startswith("workflows."):
            continue
        if not isinstance(flow_class.lock_impl, ProcessLock):
            errors.append(Error("must use workflows.locks.ProcessLock", obj=flow_class, id="workflows.E001"))
        errors += [
            Error(f"{node.name}: use workflows.nodes", obj=flow_class, id="workflows.E002")
            for node in flow_class.instance.nodes()
            if isinstance(node, (Split, Join)) or not issubclass(node.activation_class, OneRow)
        ]
    return errors


def _flows(base: Any) -> list[Any]:
    return [found for sub in base.__subclasses__() for found in (sub, *_flows(sub))]

"""The result for people."""

from __future__ import annotations

from typing import Any


def lines(result: dict[str, Any]) -> list[str]:
    figures = result["figures"]
    names = ("all p50", "p99", "last p50", "p99")
    head = f"{'':9} {'sockets':>8} {' '.join(f'{it:>9}' for it in names)} {'cpu us':>8} {'missing':>9}"
    rows = [
        _row(name, count, one)
        for name in ("product", "limit", "stock")
        for count, one in figures[name].items()
    ]
    memory = ", ".join(f"{name} {value}" for name, value in figures["memory_kb_per_socket"].items())
    push = "; ".join(
        f"{count} connections {one['on']['per_second']} with, {one['off']['per_second']} without"
        for count, one in figures["push"].items()
    )
    return [
        f"{head}   milliseconds from before the commit; processor time of the server per frame",
        *rows,
        _row("stalled", "+ 1", figures["stalled"]),
        f"kilobytes per idle socket: {memory}",
        f"registrations per second: {push}",
        "ratios: " + ", ".join(f"{name} {value}" for name, value in result["ratios"].items()),
        f"other work used up to {figures['foreign_cores']} cores",
    ]


def _row(name: str, count: str, one: dict[str, Any]) -> str:
    times = [
        one["delivery_ms"]["p50"],
        one["delivery_ms"]["p99"],
        one["last_ms"]["p50"],
        one["last_ms"]["p99"],
    ]
    shown = " ".join("        -" if it is None else f"{it:9.1f}" for it in times)
    used = "       -" if one["cpu_us"] is None else f"{one['cpu_us']:8.1f}"
    return f"{name:9} {count:>8} {shown} {used} {one['missing']:9}"

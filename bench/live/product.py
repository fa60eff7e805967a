"""``python -m bench.live.product --port N``: the product's own server, in the scratch schema."""

from __future__ import annotations

import os


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "callcenter.settings")
    import django

    django.setup()
    from . import place

    place.own_tables()
    from callcenter import serve

    with place.own_bells():
        serve.main()


if __name__ == "__main__":
    main()

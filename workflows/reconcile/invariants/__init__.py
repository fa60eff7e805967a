"""What has to be true of a healthy house, by part of the house. Importing registers all of it."""

from . import applications, clocks, deliveries, engine, journal, referrals

__all__ = ["applications", "clocks", "deliveries", "engine", "journal", "referrals"]

"""The REST door: shapes in and out; the rules are the domain's."""

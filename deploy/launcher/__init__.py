"""Starts Dayaq on one machine: the environment, PostgreSQL, Valkey, the web process.

Only the standard library is used, since this code runs before anything is installed. Read it in this
order: `cli` (what was asked), `home` (where the state lives), `environment` (the Python packages), `servers`
and `keeper` (who starts and stops PostgreSQL and Valkey), `supervise` (the product itself), `tools` (test,
lint, lock).
"""

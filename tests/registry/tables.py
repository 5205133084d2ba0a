"""A registry's tables, looked into from outside."""

import sqlite3
from contextlib import closing

import psycopg


def sql(url, *statements):
    """Run statements on a registry of either kind and return what the last one finds."""
    path = url.removeprefix("sqlite://")
    connect = sqlite3.connect(path, isolation_level=None) if path != url else psycopg.connect(url, autocommit=True)
    with closing(connect) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []

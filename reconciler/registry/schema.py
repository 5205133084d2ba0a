"""The tables and their numbered forward steps, in SQL that SQLite and PostgreSQL both read.

A step that was released is never edited: a new one is added. Names of models are
kept in lower case in columns, as they compare, and as they were spelt inside the JSON.
"""

Migrations = tuple[tuple[str, ...], ...]

MIGRATIONS: Migrations = (
    (
        """CREATE TABLE meta (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            version INTEGER NOT NULL,
            lineage TEXT NOT NULL,
            serial BIGINT NOT NULL
        )""",
        """CREATE TABLE records (
            host TEXT NOT NULL,
            model TEXT NOT NULL,
            record TEXT NOT NULL,
            PRIMARY KEY (host, model)
        )""",
        """CREATE TABLE runs (
            id TEXT PRIMARY KEY,
            serial BIGINT NOT NULL UNIQUE,
            started_at TEXT NOT NULL,
            plan TEXT NOT NULL,
            actor TEXT NOT NULL,
            ended_at TEXT,
            status TEXT NOT NULL
        )""",
        """CREATE TABLE outcomes (
            serial BIGINT PRIMARY KEY,
            run TEXT NOT NULL REFERENCES runs (id),
            at TEXT NOT NULL,
            model TEXT NOT NULL,
            outcome TEXT NOT NULL
        )""",
        """CREATE TABLE leases (
            host TEXT PRIMARY KEY,
            run TEXT NOT NULL,
            holder TEXT NOT NULL,
            since TEXT NOT NULL,
            until TEXT NOT NULL
        )""",
    ),
    (
        "DROP TABLE leases",
        """CREATE TABLE leases (
            resource TEXT PRIMARY KEY,
            run TEXT NOT NULL,
            actor TEXT NOT NULL,
            since TEXT NOT NULL,
            until TEXT NOT NULL,
            ttl DOUBLE PRECISION NOT NULL
        )""",
        """CREATE TABLE journal (
            run TEXT NOT NULL REFERENCES runs (id),
            host TEXT NOT NULL,
            model TEXT NOT NULL,
            name TEXT NOT NULL,
            at TEXT NOT NULL,
            PRIMARY KEY (run, host, model, name)
        )""",
    ),
)
"""Step N, counted from 1, brings a registry from version N-1 to version N; the newest is what this code writes."""

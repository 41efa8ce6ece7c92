"""The tables, as a list of migrations: a file of user_version n has had the first n of them."""

APPLICATION_ID = 0x74636874
"""Marks a SQLite file as tchat's ("tcht")."""

MIGRATIONS = (
    f"""
    PRAGMA application_id = {APPLICATION_ID};

    CREATE TABLE users (
        name TEXT PRIMARY KEY,
        password_hash TEXT
    ) WITHOUT ROWID;

    CREATE TABLE private_messages (
        id INTEGER PRIMARY KEY,
        sender TEXT NOT NULL REFERENCES users,
        dest TEXT NOT NULL REFERENCES users,
        msg TEXT NOT NULL,
        ts TEXT NOT NULL,
        delivered INTEGER NOT NULL CHECK (delivered IN (0, 1))
    );
    CREATE INDEX undelivered_messages ON private_messages (dest, id) WHERE delivered = 0;

    CREATE TABLE broadcasts (
        id INTEGER PRIMARY KEY,
        sender TEXT NOT NULL REFERENCES users,
        msg TEXT NOT NULL,
        ts TEXT NOT NULL
    );

    CREATE TABLE groups (
        name TEXT PRIMARY KEY,
        private INTEGER NOT NULL CHECK (private IN (0, 1)),
        owner TEXT REFERENCES users
    );

    -- id keeps the order of joining
    CREATE TABLE members (
        id INTEGER PRIMARY KEY,
        "group" TEXT NOT NULL REFERENCES groups,
        user TEXT NOT NULL REFERENCES users,
        UNIQUE ("group", user)
    );

    CREATE TABLE bans (
        "group" TEXT NOT NULL REFERENCES groups,
        user TEXT NOT NULL REFERENCES users,
        PRIMARY KEY ("group", user)
    ) WITHOUT ROWID;

    -- clustered by group, so that a page is one stretch of the table
    CREATE TABLE group_messages (
        "group" TEXT NOT NULL REFERENCES groups,
        seq INTEGER NOT NULL,
        sender TEXT NOT NULL REFERENCES users,
        msg TEXT NOT NULL,
        ts TEXT NOT NULL,
        PRIMARY KEY ("group", seq)
    ) WITHOUT ROWID;

    CREATE TABLE group_events (
        "group" TEXT NOT NULL REFERENCES groups,
        seq INTEGER NOT NULL,
        event TEXT NOT NULL,
        sender TEXT NOT NULL REFERENCES users,
        dest TEXT REFERENCES users,
        reason TEXT,
        private INTEGER CHECK (private IN (0, 1)),
        owner TEXT REFERENCES users,
        ts TEXT NOT NULL,
        PRIMARY KEY ("group", seq)
    ) WITHOUT ROWID;

    -- the open ones; seq is the event that made it
    CREATE TABLE invitations (
        "group" TEXT NOT NULL,
        seq INTEGER NOT NULL,
        dest TEXT NOT NULL REFERENCES users,
        told INTEGER NOT NULL CHECK (told IN (0, 1)),
        PRIMARY KEY ("group", seq),
        FOREIGN KEY ("group", seq) REFERENCES group_events DEFERRABLE INITIALLY DEFERRED
    ) WITHOUT ROWID;
    CREATE INDEX untold_invitations ON invitations (dest) WHERE told = 0;
    """,
)

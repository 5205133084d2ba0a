"""A server's word on who is connected: without it, nobody who shares a registry on a server is dead."""

from contextlib import closing

import psycopg

from reconciler.registry.postgres import PostgresDatabase, PostgresSession
from reconciler.registry.sql_store import SqlStore
from tests.registry.dying import TTL, Told, refused, soon, take
from tests.registry.tables import sql


def test_a_process_that_is_missed_here_and_connected_to_the_server_lives_in_a_clone_of_this_machine(database):
    mine, clone = Told(100), Told(200)
    first, second = (SqlStore(PostgresDatabase(database, str), who) for who in (mine, clone))
    clone.dead.add(mine.process)
    held = take(first, "r1")
    refused(second)
    sql(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reconciler'")
    first.renew(held, TTL)
    refused(second)
    first.close()
    assert soon(lambda: take(second, "r2")).instead_of.run == "r1"
    second.close()


def test_a_server_that_does_not_tell_who_is_connected_proves_nothing(database):
    sql(database, "REVOKE SELECT ON pg_stat_activity FROM PUBLIC", "CREATE ROLE humble")
    with closing(psycopg.connect(database, autocommit=True)) as connection:
        session = PostgresSession(connection)
        assert session.is_linked(session.link())
        assert not session.is_linked(2**30)
        assert session.is_linked(0)
        connection.execute("SET ROLE humble")
        assert session.is_linked(2**30)

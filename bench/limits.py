"""The physical limits: the same rows by bare asyncpg, the same calls by bare httpx."""

import asyncio
import os
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime

import asyncpg
import httpx

from bench.house import CONTROLLER, Bench

_REQUEST = """
INSERT INTO request (id, controller_id, reference, phase, status, channel, language, received_at, filed_at, due_on,
    deadline, assurance, filed_by_role, next_at, version, wrapped_key, subject_sealed, answer_form, unclassified,
    alarms, protected, risk_marks)
VALUES ($1, $2, $3, 'closed', 'closed', 'web', 'sv', $4, $4, $5, $6, 'none', 'subject', NULL, 1, $7, $8, 'electronic',
    false, '[]', false, '[]')
"""
_CLAIM = """
INSERT INTO claim (id, request_id, controller_id, position, "right", state, needs, excluded, outcome,
    identifiers_checked, basis, presumed, moves_contact, two_needed)
VALUES ($1, $2, $3, 0, 'marketing_objection', 'closed', 'none', '[]', 'granted', false, '{}', false, false, false)
"""
_IDENTIFIER = "INSERT INTO identifier (request_id, blind, controller_id, type) VALUES ($1, $2, $3, 'email')"
_AUDIT = """
INSERT INTO audit_entry (request_id, seq, controller_id, at, step, actor_role, actor_ref, facts, prev_hash, hash)
VALUES ($1, 1, $2, $3, 'request:received', 'subject', 'bench', '{}', $4, $4)
"""
_KEY = """
INSERT INTO idempotency (controller_id, client, route, key, fingerprint, request_id, status, body, headers, made_at)
VALUES ($1, 'bench', 'bench', $2, $3, $4, 201, $5, '{}', $6)
"""
_JOB = "INSERT INTO pgqueuer (priority, status, entrypoint, payload) VALUES (0, 'queued', 'bench.nothing', $1)"
_DEADLINE = '{"due_on": "2026-12-22", "rolled": [], "explanation": "' + "x" * 1500 + '"}'


async def rows_per_second(bench: Bench, *, requests: int, at_once: int) -> float:
    """The rows of one intake, in one transaction each, written by bare asyncpg on as many connections."""
    async with asyncpg.create_pool(
        bench.database_url, min_size=at_once, max_size=at_once, server_settings={"role": "insyn_app"}
    ) as pool:
        began = time.perf_counter()
        turns = iter(range(requests))
        await asyncio.gather(*(_write(pool, turns) for _ in range(at_once)))
        return requests / (time.perf_counter() - began)


async def _write(pool: asyncpg.Pool, turns: Iterator[int]) -> None:
    async with pool.acquire() as connection:
        for _ in turns:
            now, request, key = datetime.now(UTC), uuid.uuid4(), os.urandom(32)
            async with connection.transaction():
                await connection.execute("SELECT set_config('insyn.controllers', $1, true)", CONTROLLER)
                values = (request, CONTROLLER, f"BENCH-{request.hex}"[:32], now, date(2026, 12, 22), _DEADLINE)
                await connection.execute(_REQUEST, *values, os.urandom(60), os.urandom(300))
                await connection.execute(_CLAIM, uuid.uuid4(), request, CONTROLLER)
                await connection.execute(_IDENTIFIER, request, key, CONTROLLER)
                await connection.execute(_AUDIT, request, CONTROLLER, now, key.hex())
                await connection.execute(_KEY, CONTROLLER, request.hex, key, request, _DEADLINE, now)
                await connection.execute(_JOB, b"{}")


async def calls_per_second(bench: Bench, *, calls: int, at_once: int) -> float:
    """The same POSTs to the same processor by one bare httpx client with as many connections as the lane has."""
    body = b'{"type": "task.requested", "data": {"padding": "' + b"x" * 700 + b'"}}'
    limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
    async with httpx.AsyncClient(trust_env=False, limits=limits) as client:
        turns = iter(range(calls))

        async def call() -> None:
            for _ in turns:
                (await client.post(bench.processor.url, content=body)).raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*(call() for _ in range(at_once)))
        return calls / (time.perf_counter() - began)

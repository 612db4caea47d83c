"""What Insyn sends, as the OpenAPI document lists it under ``webhooks``. Nothing here is ever called."""

from typing import Annotated

from fastapi import APIRouter, Header

from app.schemas.processor_contract import TaskOutcome, TaskRequested

router = APIRouter()


@router.post(
    "task.requested",
    operation_id="receiveTask",
    tags=["callbacks"],
    response_model=TaskOutcome,
    responses={
        202: {"description": "Taken; the outcome follows by callback or at `Location`."},
        401: {"description": "The signature is not Insyn's."},
        422: {"description": "The task is not understood."},
        429: {"description": "Too many; `Retry-After` says when."},
    },
)
def task_requested(
    body: TaskRequested,
    webhook_id: Annotated[str, Header()],
    webhook_timestamp: Annotated[str, Header()],
    webhook_signature: Annotated[str, Header()],
    idempotency_key: Annotated[str, Header()],
) -> None:
    """A task for a processor of kind `webhook`."""

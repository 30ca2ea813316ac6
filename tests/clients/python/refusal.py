"""Why a call was refused: for your program, your form and your log."""

from dataclasses import dataclass, field
from datetime import timedelta

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RequestInfo, RetryInfo
from grpc_status import rpc_status


@dataclass
class Refusal:
    """The details of an error, which say more than its text."""

    reason: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    retry_after: timedelta | None = None
    support_code: str = ""

    @classmethod
    def of(cls, error: grpc.RpcError) -> "Refusal":
        refusal = cls()
        status = rpc_status.from_call(error)
        for detail in status.details if status else []:
            if detail.Is(ErrorInfo.DESCRIPTOR):
                info = ErrorInfo.FromString(detail.value)
                refusal.reason, refusal.metadata = info.reason, dict(info.metadata)
            elif detail.Is(BadRequest.DESCRIPTOR):
                wrong = BadRequest.FromString(detail.value)
                refusal.fields = {v.field: v.description for v in wrong.field_violations}
            elif detail.Is(RetryInfo.DESCRIPTOR):
                refusal.retry_after = RetryInfo.FromString(detail.value).retry_delay.ToTimedelta()
            elif detail.Is(RequestInfo.DESCRIPTOR):
                refusal.support_code = RequestInfo.FromString(detail.value).request_id
        return refusal

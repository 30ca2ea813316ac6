// Why a call was refused: for your program, your form and your log.

import type { ServiceError } from "@grpc/grpc-js";
import { BadRequest, ErrorInfo, RequestInfo, RetryInfo } from "../gen/google/rpc/error_details";
import { Status } from "../gen/google/rpc/status";

/** The details of an error, which say more than its text. */
export interface Refusal {
  reason: string;
  metadata: Record<string, string>;
  fields: Record<string, string>;
  retryAfterSeconds?: number;
  supportCode: string;
}

export function refusalOf(error: ServiceError): Refusal {
  const refusal: Refusal = { reason: "", metadata: {}, fields: {}, supportCode: "" };
  const [packed] = error.metadata.get("grpc-status-details-bin");
  const details = packed instanceof Buffer ? Status.decode(packed).details : [];
  for (const { typeUrl, value } of details) {
    switch (typeUrl) {
      case "type.googleapis.com/google.rpc.ErrorInfo": {
        const { reason, metadata } = ErrorInfo.decode(value);
        Object.assign(refusal, { reason, metadata });
        break;
      }
      case "type.googleapis.com/google.rpc.BadRequest":
        for (const { field, description } of BadRequest.decode(value).fieldViolations) {
          refusal.fields[field] = description;
        }
        break;
      case "type.googleapis.com/google.rpc.RetryInfo":
        refusal.retryAfterSeconds = RetryInfo.decode(value).retryDelay?.seconds;
        break;
      case "type.googleapis.com/google.rpc.RequestInfo":
        refusal.supportCode = RequestInfo.decode(value).requestId;
        break;
    }
  }
  return refusal;
}

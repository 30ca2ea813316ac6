// How a backend calls Rekey's identity: one channel, and its token with every call.

import { randomUUID } from "node:crypto";
import { credentials, Metadata, type CallOptions, type ClientUnaryCall, type ServiceError } from "@grpc/grpc-js";
import { PasswordResetServiceClient } from "../gen/rekey/identity/v1/password_reset_service";
import { PasswordServiceClient } from "../gen/rekey/identity/v1/password_service";
import type { RequestContext } from "../gen/rekey/identity/v1/request_context";
import { SessionServiceClient } from "../gen/rekey/identity/v1/session_service";

/** A generated method that takes one message and gives one. */
type Method<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: Partial<CallOptions>,
  callback: (error: ServiceError | null, response: Response) => void,
) => ClientUnaryCall;

/** Calls identity about the people of one tenant. */
export class Backend {
  readonly resets: PasswordResetServiceClient;
  readonly sessions: SessionServiceClient;
  readonly passwords: PasswordServiceClient;

  constructor(address: string, private readonly token: string, readonly tenantId: string, serviceConfig: string) {
    // Beyond this machine: credentials.createSsl(authority).
    const plain = credentials.createInsecure();
    const options = { "grpc.service_config": serviceConfig };
    this.resets = new PasswordResetServiceClient(address, plain, options);
    this.sessions = new SessionServiceClient(address, plain, options);
    this.passwords = new PasswordServiceClient(address, plain, options);
  }

  /** One call, in this backend's name and, for what a signed-in person does, in that person's. */
  call<Request, Response>(
    method: Method<Request, Response>,
    request: Request,
    accessToken?: string,
  ): Promise<Response> {
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${this.token}`);
    if (accessToken) metadata.set("rekey-access-token", accessToken);
    return new Promise((resolve, reject) => {
      method(request, metadata, {}, (error, response) => (error ? reject(error) : resolve(response)));
    });
  }
}

/** One for each thing that a person does. gRPC repeats a call with the id that it began with. */
export const requestId = (): string => randomUUID();

/** Where the person's request came from; take it from the request that you are answering. */
export const person = (): RequestContext => ({ ipAddress: "203.0.113.7", userAgent: "Mozilla/5.0", locale: "en" });

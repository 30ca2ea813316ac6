// Proves that somebody holds a phone: a text message takes a code there, and they type it into your page.

import { randomUUID } from "node:crypto";
import { credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import type { RequestContext } from "../gen/rekey/verification/v1/verification";
import {
  CheckVerificationRequest,
  type CheckVerificationResponse,
  RedeemGrantRequest,
  type RedeemGrantResponse,
  ResendCodeRequest,
  type ResendCodeResponse,
  StartVerificationRequest,
  type StartVerificationResponse,
  VerificationServiceClient,
} from "../gen/rekey/verification/v1/verification_service";

/** What the codes are for. The entry of your backend names it. */
const PURPOSE = "sign_up";

/** What a generated method calls when it is done. */
type Done<Response> = (error: ServiceError | null, response: Response) => void;

/** Verifies phone numbers for one tenant. Make one when your process starts, and share it. */
export class PhoneVerification {
  private readonly client: VerificationServiceClient;
  private readonly metadata = new Metadata();

  constructor(address: string, token: string, private readonly tenantId: string, serviceConfig: string) {
    // Beyond this machine: credentials.createSsl(authority).
    const options = { "grpc.service_config": serviceConfig };
    this.client = new VerificationServiceClient(address, credentials.createInsecure(), options);
    this.metadata.set("authorization", `Bearer ${token}`);
  }

  /**
   * Has a code sent. Keep `verificationId` and `userId` in the person's session.
   *
   * Refused with CHALLENGE_REQUIRED? Have the person solve a CAPTCHA, and start again with `challengePassed`.
   */
  start(
    verificationId: string,
    userId: string,
    phoneNumber: string,
    challengePassed = false,
  ): Promise<StartVerificationResponse> {
    const request = StartVerificationRequest.fromPartial({
      tenantId: this.tenantId,
      verificationId,
      requestId: newId(),
      purpose: PURPOSE,
      subject: userId,
      destinations: [{ address: { $case: "phoneNumber", value: phoneNumber } }],
      organisation: "Example Shop",
      context: person(),
      challengePassed,
    });
    return answered((done) => this.client.startVerification(request, this.metadata, done));
  }

  /** Has the same code sent again. The answer says when it may be sent once more. */
  resend(verificationId: string): Promise<ResendCodeResponse> {
    const request = ResendCodeRequest.fromPartial({
      tenantId: this.tenantId,
      verificationId,
      requestId: newId(),
      context: person(),
    });
    return answered((done) => this.client.resendCode(request, this.metadata, done));
  }

  /** Shows what the person typed. A wrong code is an outcome, not an error: let them try again. */
  check(verificationId: string, userId: string, code: string): Promise<CheckVerificationResponse> {
    const request = CheckVerificationRequest.fromPartial({
      tenantId: this.tenantId,
      verificationId,
      code,
      requestId: newId(),
      purpose: PURPOSE,
      subject: userId,
      context: person(),
    });
    return answered((done) => this.client.checkVerification(request, this.metadata, done));
  }

  /** Spends the proof, once. Whoever acts on it redeems it, and acts on what the answer says. */
  redeem(grant: string): Promise<RedeemGrantResponse> {
    const request = RedeemGrantRequest.fromPartial({ tenantId: this.tenantId, grant, requestId: newId() });
    return answered((done) => this.client.redeemGrant(request, this.metadata, done));
  }
}

/** One for each verification, and one for each thing that a person does: gRPC repeats a call with the id it had. */
export const newId = (): string => randomUUID();

/** Where the person's request came from; take it from the request that you are answering. */
const person = (): Partial<RequestContext> => ({ ipAddress: "203.0.113.7", userAgent: "Mozilla/5.0" });

function answered<Response>(call: (done: Done<Response>) => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    call((error, response) => (error ? reject(error) : resolve(response)));
  });
}

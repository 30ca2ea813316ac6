// Somebody signs up and proves that the phone they named is theirs.
//
// With `rekey up` running and the variables of ../../README.md set, in this folder: npm install, npm run generate,
// npm run build, node dist/src/verify-a-phone.js.

import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { ServiceError } from "@grpc/grpc-js";
import { Channel, CheckOutcome, Notice } from "../gen/rekey/verification/v1/verification";
import { codeFor } from "./inbox";
import { newId, PhoneVerification } from "./phone-verification";
import { type Refusal, refusalOf } from "./refusal";

const USER_ID = "user-4711";

async function main(): Promise<void> {
  const serviceConfig = readFileSync(setting("SERVICE_CONFIG"), "utf8");
  const token = readFileSync(setting("TOKEN_FILE"), "utf8").trim();
  const phones = new PhoneVerification(setting("VERIFICATION_ADDRESS"), token, setting("TENANT_ID"), serviceConfig);
  const phoneNumber = setting("PHONE_NUMBER");
  const verificationId = newId();

  await refused(phones.start(newId(), USER_ID, "0171 23"));
  const started = await phones.start(verificationId, USER_ID, phoneNumber);
  console.log(`code: ${started.sent ? "sent" : "not sent"}`);
  console.log(`notices: ${started.notices.map((notice) => Notice[notice]).join(", ")}`);
  const tooSoon = await refused(phones.resend(verificationId));
  await setTimeout((tooSoon.retryAfterSeconds ?? 0) * 1_000);
  await phones.resend(verificationId);
  console.log("code: sent again");

  const code = await codeFor(setting("INBOX"), phoneNumber);
  const wrong = await phones.check(verificationId, USER_ID, code === "000000" ? "000001" : "000000");
  console.log(`wrong code: ${CheckOutcome[wrong.outcome]}`);
  const answer = await phones.check(verificationId, USER_ID, code);
  console.log(`right code: ${CheckOutcome[answer.outcome]}`);

  const proof = await phones.redeem(answer.grant);
  console.log(`proved: ${proof.subject} has the phone, by ${Channel[proof.channel]}, for ${proof.purpose}`);
  await refused(phones.redeem(answer.grant));
  await refused(phones.resend(verificationId));
}

/** Shows what is said of a call that must be refused. */
async function refused(call: Promise<unknown>): Promise<Refusal> {
  const error = await call.then(
    () => undefined,
    (error: ServiceError) => error,
  );
  if (!error) throw new Error("this call was to be refused");
  const refusal = refusalOf(error);
  console.log(`refused: ${refusal.reason}`);
  console.log(`  fields: ${Object.keys(refusal.fields).join(", ")}`);
  console.log(`  try again: ${refusal.retryAfterSeconds === undefined ? "not so" : "later"}`);
  return refusal;
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});

// A person who forgot their password gets back in, signs in, changes it and signs out.
//
// With `rekey up` running and the variables of ../../README.md set, in this folder: npm install, npm run generate,
// npm run build, npm start.

import { readFileSync } from "node:fs";
import type { ServiceError } from "@grpc/grpc-js";
import { MethodKind } from "../gen/rekey/identity/v1/method_kind";
import { ProofOutcome } from "../gen/rekey/identity/v1/password_reset_service";
import { Backend } from "./backend";
import { codeFor } from "./inbox";
import * as reset from "./password-reset";
import { refusalOf } from "./refusal";
import * as session from "./sign-in";

const NEW_PASSWORD = "nine slow rivers and stone";
const NEXT_PASSWORD = "four green kettles by the door";

async function main(): Promise<void> {
  const serviceConfig = readFileSync(setting("SERVICE_CONFIG"), "utf8");
  const token = readFileSync(setting("TOKEN_FILE"), "utf8").trim();
  const backend = new Backend(setting("IDENTITY_ADDRESS"), token, setting("TENANT_ID"), serviceConfig);
  const login = setting("LOGIN");

  await getBackIn(backend, login, setting("INBOX"));
  await useTheAccount(backend, login);
}

async function getBackIn(backend: Backend, login: string, inbox: string): Promise<void> {
  const started = await reset.start(backend, login);
  const byMail = started.methods.find(({ kind }) => kind === MethodKind.METHOD_KIND_EMAIL);
  if (!byMail) throw new Error("this tenant offers no mail");
  console.log(`reset: ${started.proofsRequired} proof`);

  await reset.sendCode(backend, started.resetToken, byMail.methodId);
  console.log("code: sent");
  await refused(reset.sendCode(backend, started.resetToken, byMail.methodId));

  const code = await codeFor(inbox, login);
  const proved = await reset.submitCode(backend, started.resetToken, byMail.methodId, code);
  console.log(`code: ${ProofOutcome[proved.outcome]}, ${proved.proofsRemaining} to go`);

  await refused(reset.setPassword(backend, proved.resetToken, "short"));
  await reset.setPassword(backend, proved.resetToken, NEW_PASSWORD);
  console.log("password: set");
}

async function useTheAccount(backend: Backend, login: string): Promise<void> {
  const wrong = await session.signIn(backend, login, "not my password");
  console.log(`sign-in: ${wrong.result?.$case}`);
  const { result: right } = await session.signIn(backend, login, NEW_PASSWORD);
  console.log(`sign-in: ${right?.$case}`);
  if (right?.$case !== "tokens") return;

  const tokens = await session.refresh(backend, right.value.refreshToken);
  if (!tokens) return;
  console.log(`refreshed: ${await state(backend, tokens.accessToken)}`);

  const { result: changed } = await session.changePassword(backend, tokens.accessToken, NEW_PASSWORD, NEXT_PASSWORD);
  console.log(`password: ${changed?.$case}`);
  if (changed?.$case !== "changed" || !changed.value.tokens) return;

  const { accessToken } = changed.value.tokens;
  await session.signOut(backend, accessToken);
  console.log(`signed out: ${await state(backend, accessToken)}`);
}

async function state(backend: Backend, accessToken: string): Promise<string> {
  return (await session.isActive(backend, accessToken)) ? "active" : "not active";
}

/** Shows what is said of a call that must be refused. */
async function refused(call: Promise<unknown>): Promise<void> {
  const error = await call.then(
    () => undefined,
    (error: ServiceError) => error,
  );
  if (!error) throw new Error("this call was to be refused");
  const { reason, metadata, fields, retryAfterSeconds, supportCode } = refusalOf(error);
  console.log(`refused: ${reason}`);
  console.log(`  metadata: ${Object.entries(metadata).map(([key, value]) => `${key}=${value}`).join(", ")}`);
  console.log(`  fields: ${Object.keys(fields).join(", ")}`);
  console.log(`  try again: ${retryAfterSeconds === undefined ? "not so" : "later"}`);
  console.log(`  support code: ${supportCode.length} digits`);
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

//! `rekey reset`: a reset in the terminal, by the same RPCs as everywhere. Codes and passwords are typed unseen.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::bail;
use rekey_client::{Connection, Problem};
use rekey_wire::identity::v1::password_reset_service_client::PasswordResetServiceClient;
use rekey_wire::identity::v1::{
    CompletePasswordResetRequest, MethodKind, ProofOutcome, ResetMethod, SendResetCodeRequest,
    StartPasswordResetRequest, StartPasswordResetResponse, SubmitResetProofRequest, SubmitResetProofResponse,
};
use serde_json::json;

use crate::arguments::Reset;
use crate::output::Output;
use crate::profile::{Profile, request_id, seconds_until};

type Client = PasswordResetServiceClient<Connection>;

pub(crate) async fn run(reset: Reset, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    let tenant = profile.tenant(&reset.tenant).await?;
    let login = match reset.login {
        Some(login) => login,
        None => ask("Login: ")?,
    };
    let mut client = PasswordResetServiceClient::new(profile.identity()?);
    let start = StartPasswordResetRequest { tenant_id: tenant.tenant_id, login, context: None };
    let started = client.start_password_reset(start).await?.into_inner();
    let reset_token = prove(&mut client, started, output).await?;
    let sessions_revoked = complete(&mut client, reset_token, output).await?;
    output.data(&json!({ "sessions_revoked": sessions_revoked }), |_| {
        format!("The new password is set; {sessions_revoked} sessions ended. Sign in with it.")
    })
}

/// Proves methods until none is missing; returns the token that carries the proofs.
async fn prove(
    client: &mut Client,
    started: StartPasswordResetResponse,
    output: Output,
) -> anyhow::Result<String> {
    let StartPasswordResetResponse { mut reset_token, mut methods, .. } = started;
    // A terminal has no browser that could ask a passkey.
    methods.retain(|method| method.kind() != MethodKind::Passkey);
    loop {
        let method = choose(&methods, output)?;
        let Some(proved) = prove_by(client, &reset_token, &method, methods.len() > 1, output).await? else {
            continue;
        };
        reset_token = proved.reset_token;
        methods.retain(|other| other.method_id != method.method_id);
        if proved.proofs_remaining == 0 {
            return Ok(reset_token);
        }
        tell(output, "One more proof is needed.")?;
        if methods.is_empty() {
            bail!("no other method is left: ask your administrators for help");
        }
    }
}

/// What is typed in place of a code to prove it another way. No code reads so.
const OTHER: &str = "other";

/// Asks for the code of a method until it is accepted, staying with it; none where the person wants another.
async fn prove_by(
    client: &mut Client,
    reset_token: &str,
    method: &ResetMethod,
    has_others: bool,
    output: Output,
) -> anyhow::Result<Option<SubmitResetProofResponse>> {
    let is_sent = matches!(method.kind(), MethodKind::Email | MethodKind::Phone);
    let choices = match (is_sent, has_others) {
        (true, true) => " (empty to send it again, `other` for another way)",
        (true, false) => " (empty to send it again)",
        (false, true) => " (`other` for another way)",
        (false, false) => "",
    };
    let mut is_due = is_sent;
    loop {
        if is_due {
            send(client, reset_token, method, output).await?;
        }
        let code = hidden(&format!("Code{choices}: "))?;
        is_due = is_sent && code.is_empty();
        if code.is_empty() {
            continue;
        }
        if has_others && code == OTHER {
            return Ok(None);
        }
        let request = SubmitResetProofRequest {
            reset_token: reset_token.to_owned(),
            method_id: method.method_id.clone(),
            code,
            request_id: request_id(),
            context: None,
            ..SubmitResetProofRequest::default()
        };
        let answer = client.submit_reset_proof(request).await?.into_inner();
        if answer.outcome() == ProofOutcome::Accepted {
            return Ok(Some(answer));
        }
        tell(output, "That code was not accepted.")?;
    }
}

/// Has the code sent. Too soon is fine: the last one is still good.
async fn send(
    client: &mut Client,
    reset_token: &str,
    method: &ResetMethod,
    output: Output,
) -> anyhow::Result<()> {
    let request = SendResetCodeRequest {
        reset_token: reset_token.to_owned(),
        method_id: method.method_id.clone(),
        request_id: request_id(),
        context: None,
    };
    match client.send_reset_code(request).await {
        Ok(sent) => {
            let minutes =
                sent.into_inner().code_expire_time.map_or(0, |at| (seconds_until(at.seconds) + 59) / 60);
            let sent = format!("A code is on its way {}; it is good for {minutes} minutes.", way_of(method));
            tell(output, &sent)
        }
        Err(status) => match Problem::of(&status) {
            problem if problem.reason == "SEND_LIMITED" => {
                let wait = problem.retry_after.map_or(0, |wait| wait.as_secs());
                tell(output, &format!("The last code is still good; another can be sent in {wait} s."))
            }
            _ => Err(status.into()),
        },
    }
}

async fn complete(client: &mut Client, reset_token: String, output: Output) -> anyhow::Result<i32> {
    loop {
        let new_password = hidden("New password: ")?;
        // Each attempt counts, and the return key alone is none.
        if new_password.is_empty() && std::io::stdin().is_terminal() {
            tell(output, "No password was typed.")?;
            continue;
        }
        if std::io::stdin().is_terminal() && new_password != hidden("Again: ")? {
            tell(output, "They differ.")?;
            continue;
        }
        let request = CompletePasswordResetRequest {
            reset_token: reset_token.clone(),
            new_password,
            request_id: request_id(),
            context: None,
        };
        match client.complete_password_reset(request).await {
            Ok(done) => return Ok(done.into_inner().sessions_revoked),
            Err(status) => {
                let problem = Problem::of(&status);
                if problem.reason != "PASSWORD_REFUSED" || !std::io::stdin().is_terminal() {
                    return Err(status.into());
                }
                tell(output, "That password is not taken:")?;
                for (_, what) in &problem.fields {
                    tell(output, &format!("  {what}"))?;
                }
            }
        }
    }
}

fn choose(methods: &[ResetMethod], output: Output) -> anyhow::Result<ResetMethod> {
    if let [only] = methods {
        return Ok(only.clone());
    }
    tell(output, "How can you prove it is you?")?;
    for method in methods {
        tell(output, &format!("  {}  {}", method.method_id, shown(method)))?;
    }
    loop {
        let typed = ask("Method: ")?;
        if let Some(chosen) = methods.iter().find(|method| method.method_id == typed) {
            return Ok(chosen.clone());
        }
        if !std::io::stdin().is_terminal() {
            bail!("no method {typed}");
        }
        tell(output, &format!("There is no method {typed}."))?;
    }
}

fn shown(method: &ResetMethod) -> String {
    let kind = method.kind().as_str_name().trim_start_matches("METHOD_KIND_").to_lowercase();
    format!("{} {}", kind.replace('_', " "), method.masked_destination).trim_end().to_owned()
}

/// Where the code went: to the address that is shown, or, where only kinds are, to whatever the account has of the kind.
fn way_of(method: &ResetMethod) -> String {
    if method.masked_destination.is_empty() {
        format!("by {}, if the account has one", shown(method))
    } else {
        format!("to {}", shown(method))
    }
}

/// Says something to the person at the terminal, even where a program reads the answer: whoever is asked must see what
/// about.
fn tell(output: Output, text: &str) -> anyhow::Result<()> {
    if output.is_json() {
        return prompt_to_terminal(&format!("{text}\n"));
    }
    output.say(text);
    Ok(())
}

fn ask(prompt: &str) -> anyhow::Result<String> {
    prompt_to_terminal(prompt)?;
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line)? == 0 {
        bail!("nothing more to read");
    }
    Ok(line.trim().to_owned())
}

/// Typed unseen at a terminal; a plain line of a script otherwise.
fn hidden(prompt: &str) -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        return ask(prompt);
    }
    Ok(rpassword::prompt_password(prompt)?.trim_end_matches(['\r', '\n']).to_owned())
}

/// Scripts are not asked: what they read on standard error are errors.
fn prompt_to_terminal(prompt: &str) -> anyhow::Result<()> {
    if !std::io::stdin().is_terminal() {
        return Ok(());
    }
    let mut error = std::io::stderr();
    error.write_all(prompt.as_bytes())?;
    error.flush()?;
    Ok(())
}

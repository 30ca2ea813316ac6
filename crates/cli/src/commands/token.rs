//! `rekey token create`: a service token, shown once, and the entry that makes it known. A caller with a certificate
//! needs the entry alone.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use rekey_primitives::entropy::SystemEntropy;
use rekey_primitives::secret::Zeroizing;
use rekey_primitives::template::TemplateName;
use rekey_runtime::access::{CallerEntry, Callers};
use rekey_wire::access::rules;
use serde::Deserialize;

use crate::arguments::{CreateToken, TokenCommand};
use crate::callers_file::{self, NewCaller, draw_token};
use crate::output::{Output, Partial};
use crate::private_files::{change_private, write_if_missing};

pub(crate) fn run(command: TokenCommand, output: Output) -> anyhow::Result<()> {
    let TokenCommand::Create(mut create) = command;
    check_names(&create)?;
    let files = std::mem::take(&mut create.append_to);
    let token = create.spiffe_id.is_none().then(|| draw_token(&SystemEntropy));
    let entry = new_caller(create, token.as_deref());
    let text = callers_file::text(std::slice::from_ref(&entry))?;
    check(&text)?;
    let (count, ended) = append(&files, &text)?;
    let written = &files[..count];
    let data = serde_json::json!({ "token": token, "entry": entry, "files": written });
    let told = || {
        let token =
            token.map(|token| format!("Token, shown this once:\n\n  {token}\n\n")).unwrap_or_default();
        if files.is_empty() {
            return format!("{token}Entry for the callers file of each part it calls:\n\n{text}");
        }
        let files: Vec<_> = written.iter().map(|file| file.display().to_string()).collect();
        format!("{token}Its entry was added to {}; parts read the file within seconds.", files.join(" and "))
    };
    let partial = Partial::counted(count, files.len(), "files");
    output.as_far_as(&data, |_| told(), ended, partial)
}

/// Refuses names that nothing has: an entry with a typing error in it would allow nothing and say nothing.
fn check_names(create: &CreateToken) -> anyhow::Result<()> {
    for method in create.methods.iter().chain(&create.in_own_name) {
        if !is_method(method) {
            let near = nearest(method).map(|near| format!("; the nearest there is: {near}"));
            bail!("no RPC is called {method}{}", near.unwrap_or_default())
        }
    }
    let known = |template: &str| template == "*" || TemplateName::parse(template).is_some();
    match create.templates.iter().find(|template| !known(template)) {
        Some(template) => bail!("no template is called {template}: docs/templates.md lists them"),
        None => Ok(()),
    }
}

fn is_method(method: &str) -> bool {
    let of_service = |service: &str| rules().keys().any(|path| path.starts_with(service));
    method == "*"
        || rules().contains_key(method)
        || method.strip_suffix('*').is_some_and(|service| service.ends_with('/') && of_service(service))
}

/// The path that reads most like this one, of a method or of a whole service.
fn nearest(method: &str) -> Option<String> {
    let methods = rules().keys().map(|path| (*path).to_owned());
    let services = rules().keys().filter_map(|path| Some(format!("{}/*", path.rsplit_once('/')?.0)));
    let scored = methods.chain(services).map(|path| (strsim::jaro_winkler(&path, method), path));
    scored.max_by(|left, right| left.0.total_cmp(&right.0)).map(|(_, path)| path)
}

/// Adds the entry to each of the files: all are judged as a part would before the first is written. Tells how many were
/// written, and what kept it from the next.
fn append(files: &[PathBuf], entry: &str) -> anyhow::Result<(usize, anyhow::Result<()>)> {
    for file in files {
        match std::fs::read_to_string(file) {
            Ok(before) => grown(file, &before, entry).map(drop)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }
    for (written, file) in files.iter().enumerate() {
        let added = write_if_missing(file, String::new)
            .and_then(|()| change_private(file, |before| grown(file, before, entry).map(Zeroizing::new)));
        if let Err(error) = added {
            return Ok((written, Err(error)));
        }
    }
    Ok((files.len(), Ok(())))
}

/// The text of a callers file with the entry at its end.
fn grown(file: &Path, before: &str, entry: &str) -> anyhow::Result<String> {
    let before = before.trim_end();
    let text = if before.is_empty() { entry.to_owned() } else { format!("{before}\n\n{entry}") };
    check(&text).with_context(|| format!("{} was left as it is", file.display()))?;
    Ok(text)
}

/// The caller that was asked for: by this token, or by its certificate.
fn new_caller(create: CreateToken, token: Option<&str>) -> NewCaller {
    let entry = if create.everything {
        NewCaller::everything(&create.name)
    } else {
        NewCaller {
            name: create.name,
            methods: create.methods,
            in_own_name: create.in_own_name,
            persons_of: create.persons_of,
            tenants: create.tenants,
            purposes: create.purposes,
            templates: create.templates,
            lanes: create.lanes,
            senders: create.senders,
            audiences: create.audiences,
            grant_issuers: create.grant_issuers,
            may_assert_context: create.assert_context,
            may_assert_not_after: create.assert_not_after,
            ..NewCaller::default()
        }
    };
    NewCaller { spiffe_id: create.spiffe_id, ..entry }.known_by(token)
}

/// Reads the entry as a part would: one that a part refuses would keep it from seeing any later change.
fn check(text: &str) -> anyhow::Result<()> {
    #[derive(Deserialize)]
    struct File {
        caller: Vec<CallerEntry>,
    }
    let file: File = toml::from_str(text)?;
    if let Some(id) =
        file.caller.iter().filter_map(|entry| entry.spiffe_id.as_ref()).find(|id| !is_spiffe(id))
    {
        anyhow::bail!("`{id}` is not a SPIFFE ID: spiffe://trust-domain/path");
    }
    Callers::load(file.caller, None)?;
    Ok(())
}

fn is_spiffe(id: &str) -> bool {
    id.strip_prefix("spiffe://").is_some_and(|rest| rest.contains('/') && !rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use rekey_runtime::access::token_digest;

    use super::*;
    use crate::arguments::{Arguments, Command};
    use crate::private_files::write_private;

    fn entry(arguments: &[&str], token: Option<&str>) -> CallerEntry {
        let typed = ["rekey", "token", "create", "shop"].iter().chain(arguments);
        let Command::Token { command: TokenCommand::Create(create) } = Arguments::parse_from(typed).command
        else {
            panic!("not read as a token")
        };
        let text = toml::to_string(&new_caller(create, token)).unwrap();
        toml::from_str(&text).unwrap()
    }

    fn only(name: &str) -> rekey_runtime::access::Allowed {
        rekey_runtime::access::Allowed::Only([name.to_owned()].into())
    }

    #[test]
    fn a_caller_is_narrowed_in_everything_that_an_entry_can_say() {
        let tenant = "018f0000-0000-7000-8000-000000000001";
        let arguments = [
            ["--method", "/rekey.verification.v1.VerificationService/*"],
            ["--in-own-name", "/rekey.identity.v1.AccountService/GetAccount"],
            ["--persons-of", "portal"],
            ["--tenant", tenant],
            ["--purpose", "payment"],
            ["--template", "code"],
            ["--lane", "critical"],
            ["--sender", "ops"],
            ["--audience", "bank"],
            ["--grant-issuer", "clinic"],
        ];

        let narrowed = entry(&[&arguments.concat()[..], &["--assert-not-after"]].concat(), Some("t"));

        let expected = CallerEntry {
            name: "shop".to_owned(),
            spiffe_id: None,
            token_sha256: only(&token_digest("t")),
            methods: only("/rekey.verification.v1.VerificationService/*"),
            in_own_name: only("/rekey.identity.v1.AccountService/GetAccount"),
            persons_of: only("portal"),
            tenants: only(tenant),
            purposes: only("payment"),
            templates: only("code"),
            lanes: only("critical"),
            senders: only("ops"),
            audiences: only("bank"),
            grant_issuers: only("clinic"),
            may_assert_context: false,
            may_assert_not_after: true,
        };
        assert_eq!(narrowed, expected);
    }

    #[test]
    fn what_is_not_written_is_not_allowed_and_everything_must_be_said_aloud() {
        let method = "/rekey.identity.v1.SessionService/SignIn";
        let parse = |arguments: &[&str]| {
            Arguments::try_parse_from(["rekey", "token", "create", "shop"].iter().chain(arguments))
        };

        let narrow = entry(&["--method", method], Some("t"));
        let everything = entry(&["--everything"], Some("t"));

        let silent = CallerEntry {
            name: "shop".to_owned(),
            token_sha256: only(&token_digest("t")),
            methods: only(method),
            ..CallerEntry::default()
        };
        assert_eq!(narrow, silent);
        assert_eq!(everything, CallerEntry::trusted("shop", token_digest("t")));
        assert!(parse(&[]).is_err());
        assert!(parse(&["--everything", "--tenant", "018f0000-0000-7000-8000-000000000001"]).is_err());
    }

    #[test]
    fn an_entry_is_added_to_files_that_a_part_would_still_read_or_to_none() {
        let folder = tempfile::tempdir().unwrap();
        let (full, new) = (folder.path().join("full.toml"), folder.path().join("new.toml"));
        let entry = |name: &str| {
            let caller = NewCaller::everything(name).known_by(Some(name));
            callers_file::text(std::slice::from_ref(&caller)).unwrap()
        };
        write_private(&full, &format!("# Ours\n{}", entry("portal"))).unwrap();
        let files = [full.clone(), new.clone()];

        append(&files, &entry("shop")).unwrap().1.unwrap();
        let twice = append(&[folder.path().join("other.toml"), full.clone()], &entry("portal"));

        let read = |file: &Path| std::fs::read_to_string(file).unwrap();
        assert!(read(&full).starts_with("# Ours\n") && read(&full).contains("\"portal\""));
        assert!(read(&full).contains("name = \"shop\"") && read(&new) == entry("shop"));
        assert!(format!("{:#}", twice.unwrap_err()).contains("full.toml was left as it is"));
        assert!(!folder.path().join("other.toml").exists());
    }

    #[test]
    fn a_name_that_nothing_has_is_refused_with_the_nearest() {
        let asked = |arguments: &[&str]| {
            let typed = ["rekey", "token", "create", "shop"].iter().chain(arguments);
            let Command::Token { command: TokenCommand::Create(create) } =
                Arguments::parse_from(typed).command
            else {
                panic!("not read as a token")
            };
            check_names(&create).map_err(|error| error.to_string())
        };

        for known in ["*", "/rekey.identity.v1.SessionService/*", "/rekey.identity.v1.SessionService/SignIn"]
        {
            assert_eq!(asked(&["--method", known]), Ok(()), "{known}");
        }
        let misspelt = asked(&["--method", "/rekey.identity.v1.SessionService/Signin"]).unwrap_err();
        let half = asked(&["--method", "/rekey.identity.v1.Session*"]).unwrap_err();
        let template = asked(&["--method", "*", "--template", "welcome"]).unwrap_err();
        assert!(misspelt.ends_with("/rekey.identity.v1.SessionService/SignIn"), "{misspelt}");
        assert!(half.contains("no RPC"), "{half}");
        assert!(template.contains("welcome"), "{template}");
    }

    #[test]
    fn a_caller_by_certificate_has_no_token() {
        let by_certificate = entry(&["--everything", "--spiffe-id", "spiffe://acme.example/shop"], None);

        assert_eq!(by_certificate.spiffe_id.as_deref(), Some("spiffe://acme.example/shop"));
        assert_eq!(by_certificate.token_sha256, rekey_runtime::access::Allowed::nothing());
        Callers::load(vec![by_certificate], None).unwrap();
    }

    #[test]
    fn an_entry_that_a_part_would_refuse_is_refused_here() {
        let no_tenant =
            check("[[caller]]\nname = \"a\"\nspiffe_id = \"spiffe://a/b\"\ntenants = [\"acme\"]\n");
        let no_spiffe = check("[[caller]]\nname = \"a\"\nspiffe_id = \"https://a/b\"\n");

        assert!(no_tenant.unwrap_err().to_string().contains("not a tenant id"));
        assert!(no_spiffe.unwrap_err().to_string().contains("not a SPIFFE ID"));
    }
}

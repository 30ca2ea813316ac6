//! `rekey import`: the people of another product, read from its export and sent in chunks.
//!
//! What was answered is done, so an import that is interrupted, by Ctrl-C or by anything, goes on with `--resume`.

mod groups;
mod products;
mod record;
mod rejected;
mod source;
mod table;
mod upload;

use std::path::Path;
use std::pin::pin;

use anyhow::{Context as _, anyhow, bail};
use rekey_client::Connection;
use rekey_wire::identity::v1::account_import_service_client::AccountImportServiceClient;
use rekey_wire::identity::v1::{
    AccountImport, AccountImportState, DuplicateHandling, FinishImportRequest, GetImportRequest,
    StartImportRequest,
};
use serde_json::{Value, json};

use self::groups::GroupIds;
use self::products::{HashConfig, Reading};
use self::rejected::Rejected;
use self::source::{Source, guess};
use self::upload::Upload;
use super::imports::shown;
use super::resumption::quoted;
use crate::arguments::{ImportFile, ImportFormat};
use crate::folder::default_profile;
use crate::output::{Output, Partial};
use crate::profile::{Profile, request_id};
use crate::progress::Progress;

pub(super) use self::record::{Record, RecordAddress};
pub(super) use self::rejected::reason;

type Client = AccountImportServiceClient<Connection>;

/// How it ended.
enum Ended {
    /// Everybody was sent.
    Whole,
    /// Ctrl-C.
    Interrupted,
}

pub(crate) async fn run(typed: ImportFile, profile: &Path, output: Output) -> anyhow::Result<()> {
    let connected = Profile::read(profile)?;
    let format = typed.format.map_or_else(|| guess(&typed.file), Ok)?;
    let mut source = Source::open(&typed.file, format, reading(&typed)?)?;
    source.wait().await?;
    let rejected = Rejected::beside(&typed.file, typed.rejected.clone());
    rejected.spare(&typed)?;
    let tenant_id = connected.tenant(&typed.tenant).await?.tenant_id;
    let groups = GroupIds::read(&connected, &tenant_id).await?;
    let mut client = AccountImportServiceClient::new(connected.identity()?);
    let import = begun(&mut client, &typed, &tenant_id, &label(&typed.file, format, &source)).await?;
    let mut upload = Upload::new(client, import, groups, rejected);
    let sent = if upload.import.state() == AccountImportState::Open {
        send(&mut upload, &mut source, output).await
    } else {
        Ok(Ended::Whole)
    };
    let ended = match sent {
        Ok(Ended::Whole) => finish(&mut upload).await,
        Ok(Ended::Interrupted) => Err(anyhow!("interrupted")),
        Err(error) => Err(error),
    };
    let resume = ended.is_err().then(|| resume_command(&typed, profile, &upload.import.import_id));
    let data = told(&upload, resume.as_deref());
    let records = upload.import.records.unsigned_abs();
    let partial = Partial { done: Some(records), total: None, unit: "records", resume };
    output.as_far_as(&data, |_| text(&upload), ended, partial)
}

fn reading(typed: &ImportFile) -> anyhow::Result<Reading> {
    let firebase = typed.firebase_hash_config.as_deref().map(HashConfig::read).transpose()?;
    let (with_groups, without_passwords) = (typed.groups, typed.without_passwords);
    Ok(Reading { firebase, with_groups, without_passwords })
}

/// What an import is known by to whoever goes on with it.
fn label(file: &Path, format: ImportFormat, source: &Source) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().filter(|c| !c.is_control()).take(160).collect();
    format!("{name}, {} bytes, {format:?}", source.size())
}

/// A new import, or the one to go on with.
async fn begun(
    client: &mut Client,
    typed: &ImportFile,
    tenant_id: &str,
    label: &str,
) -> anyhow::Result<AccountImport> {
    let tenant_id = tenant_id.to_owned();
    let Some(import_id) = typed.resume.clone() else {
        let duplicates =
            if typed.skip_existing { DuplicateHandling::Skip } else { DuplicateHandling::Reject };
        let request = StartImportRequest {
            tenant_id,
            source: label.to_owned(),
            duplicates: duplicates.into(),
            confirmations_trusted: typed.trust_confirmed,
            dry_run: typed.dry_run,
            request_id: request_id(),
            context: None,
        };
        return client
            .start_import(request)
            .await?
            .into_inner()
            .account_import
            .context("the answer holds no import");
    };
    let request = GetImportRequest { tenant_id, import_id, context: None };
    let import = client.get_import(request).await?.into_inner().account_import;
    let import = import.context("the answer holds no import")?;
    if import.source != label {
        bail!("that import is of another file: it was begun with {}, and this is {label}", import.source);
    }
    if import.state() == AccountImportState::Cancelled {
        bail!("that import was cancelled");
    }
    Ok(import)
}

async fn send(upload: &mut Upload, source: &mut Source, output: Output) -> anyhow::Result<Ended> {
    let mut progress = Progress::new(output, "importing");
    let sent = send_all(upload, source, &mut progress).await;
    progress.end();
    sent
}

async fn send_all(
    upload: &mut Upload,
    source: &mut Source,
    progress: &mut Progress,
) -> anyhow::Result<Ended> {
    let mut stop = pin!(tokio::signal::ctrl_c());
    tokio::select! {
        skipped = upload.skip_sent(source) => skipped?,
        _ = &mut stop => return Ok(Ended::Interrupted),
    }
    loop {
        // A chunk that is on its way is waited for: its answer says what became of it.
        let item = tokio::select! {
            biased;
            _ = &mut stop => return Ok(Ended::Interrupted),
            item = source.next() => item?,
        };
        let before = upload.import.records;
        match item {
            Some(item) => upload.push(item).await?,
            None => {
                upload.flush().await?;
                return Ok(Ended::Whole);
            }
        }
        if upload.import.records > before {
            progress.reach(upload.import.records.unsigned_abs(), None, &note(&upload.import, source));
        }
    }
}

fn note(import: &AccountImport, source: &Source) -> String {
    let AccountImport { created, skipped, rejected, .. } = import;
    format!("{}% of the file  {created} created, {skipped} skipped, {rejected} rejected", source.percent())
}

async fn finish(upload: &mut Upload) -> anyhow::Result<()> {
    if upload.import.state() == AccountImportState::Open {
        let request = FinishImportRequest {
            tenant_id: upload.import.tenant_id.clone(),
            import_id: upload.import.import_id.clone(),
            request_id: request_id(),
            context: None,
        };
        let ended = upload.client.finish_import(request).await?.into_inner().account_import;
        upload.import = ended.context("the answer holds no import")?;
    }
    Ok(())
}

/// What an import came to, or has come to where it stopped.
fn text(upload: &Upload) -> String {
    let AccountImport { records, created, skipped, rejected, dry_run, .. } = &upload.import;
    let (done, would) = if *dry_run { ("Judged", "would be created") } else { ("Imported", "created") };
    let file =
        upload.rejected.path().map(|path| format!("\nRejected records are in {path}.")).unwrap_or_default();
    format!("{done} {records} records: {created} {would}, {skipped} skipped, {rejected} rejected.{file}")
}

fn told(upload: &Upload, resume: Option<&str>) -> Value {
    let mut data = shown(&upload.import);
    data["rejected_file"] = json!(upload.rejected.path());
    if let Some(command) = resume {
        data["resume"] = json!(command);
    }
    data
}

/// The command line that goes on with an import.
fn resume_command(typed: &ImportFile, profile: &Path, import_id: &str) -> String {
    let mut words = vec!["rekey".to_owned(), "import".to_owned(), typed.file.display().to_string()];
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            words.extend([name.to_owned(), value]);
        }
    };
    option("--resume", Some(import_id.to_owned()));
    option("--profile", (profile != default_profile()).then(|| profile.display().to_string()));
    option("--tenant", typed.tenant.tenant.clone());
    option("--format", typed.format.map(|format| format!("{format:?}").to_ascii_lowercase()));
    let path = |path: &Option<std::path::PathBuf>| path.as_ref().map(|path| path.display().to_string());
    option("--firebase-hash-config", path(&typed.firebase_hash_config));
    option("--rejected", path(&typed.rejected));
    for (flag, is_set) in [("--groups", typed.groups), ("--without-passwords", typed.without_passwords)] {
        words.extend(is_set.then(|| flag.to_owned()));
    }
    words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_that_goes_on_can_be_pasted() {
        let typed = ImportFile {
            file: "it's here.json".into(),
            tenant: crate::arguments::InTenant { tenant: Some("acme".to_owned()) },
            format: Some(ImportFormat::Firebase),
            resume: None,
            dry_run: false,
            skip_existing: true,
            trust_confirmed: true,
            groups: true,
            without_passwords: false,
            firebase_hash_config: Some("hash.txt".into()),
            rejected: None,
        };

        assert_eq!(
            resume_command(&typed, Path::new("prod.toml"), "7"),
            r"rekey import 'it'\''s here.json' --resume 7 --profile prod.toml --tenant acme --format firebase --firebase-hash-config hash.txt --groups"
        );
    }
}

#[cfg(test)]
mod fuzz;

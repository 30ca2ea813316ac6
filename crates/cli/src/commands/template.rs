//! `rekey template`: what messages say.

mod shown;
mod source;

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use rekey_client::Connection;
use rekey_wire::notification::v1::template_service_client::TemplateServiceClient;
use rekey_wire::notification::v1::{
    GetTemplateRequest, ListTemplateVersionsRequest, ListTemplatesRequest, PreviewTemplateRequest,
    ResetTemplateRequest, RollbackTemplateRequest, SetTemplateRequest, TemplateOrigin, TemplateParts,
    TemplateText,
};
use serde_json::{Value, json};
use similar::TextDiff;

use self::source::SourceFile;
use crate::arguments::{DiffTemplate, InTenant, OnTemplate, PreviewTemplate, SetTemplates, TemplateCommand};
use crate::output::{Output, Partial};
use crate::profile::{Profile, request_id};

type Client = TemplateServiceClient<Connection>;

/// Where a text is and how to call for it.
struct Texts {
    client: Client,
    tenant_id: String,
}

pub(crate) async fn run(command: TemplateCommand, profile: &Path, output: Output) -> anyhow::Result<()> {
    let profile = Profile::read(profile)?;
    match command {
        TemplateCommand::List { tenant } => Texts::of(&profile, &tenant).await?.list(output).await,
        TemplateCommand::Show { on, at, built_in } => {
            let wanted = if built_in { Wanted::BuiltIn } else { at.map_or(Wanted::InForce, Wanted::Version) };
            let text = Texts::of(&profile, &on.tenant).await?.get(&on.template, &on.locale, wanted).await?;
            output.data(&shown::text(&text), |_| source::written(&text.parts.clone().unwrap_or_default()))
        }
        TemplateCommand::Set(set) => Texts::of(&profile, &set.tenant).await?.set_all(&set, output).await,
        TemplateCommand::Preview(preview) => {
            Texts::of(&profile, &preview.tenant).await?.preview(preview, output).await
        }
        TemplateCommand::Diff(diff) => Texts::of(&profile, &diff.on.tenant).await?.diff(&diff, output).await,
        TemplateCommand::Versions(on) => Texts::of(&profile, &on.tenant).await?.versions(on, output).await,
        TemplateCommand::Rollback { on, number } => {
            Texts::of(&profile, &on.tenant).await?.roll_back(on, number, output).await
        }
        TemplateCommand::Reset(on) => Texts::of(&profile, &on.tenant).await?.reset(on, output).await,
    }
}

/// Which text of a template and locale.
#[derive(Clone, Copy)]
enum Wanted {
    InForce,
    Version(i32),
    BuiltIn,
}

impl Texts {
    async fn of(profile: &Profile, tenant: &InTenant) -> anyhow::Result<Self> {
        let client = TemplateServiceClient::new(profile.notification()?);
        Ok(Self { client, tenant_id: profile.tenant(tenant).await?.tenant_id })
    }

    async fn list(mut self, output: Output) -> anyhow::Result<()> {
        let request = ListTemplatesRequest { tenant_id: self.tenant_id };
        let templates = self.client.list_templates(request).await?.into_inner().templates;
        let data: Vec<Value> = templates.iter().map(shown::template).collect();
        output.data(&data, |_| shown::templates(&templates))
    }

    async fn get(&mut self, name: &str, locale: &str, wanted: Wanted) -> anyhow::Result<TemplateText> {
        let version = if let Wanted::Version(version) = wanted { version } else { 0 };
        let request = GetTemplateRequest {
            tenant_id: self.tenant_id.clone(),
            name: name.to_owned(),
            locale: locale.to_owned(),
            version,
            built_in: matches!(wanted, Wanted::BuiltIn),
        };
        let text = self.client.get_template(request).await?.into_inner().template;
        text.context("the answer holds no text")
    }

    /// Puts every text in force that is another one, file by file; one that does not pass ends it.
    async fn set_all(mut self, set: &SetTemplates, output: Output) -> anyhow::Result<()> {
        let files = source::files(&set.path, set.template.as_deref(), set.locale.as_deref())?;
        ensure!(
            set.etag.is_none() || files.len() == 1,
            "--etag is of one text, and there are {}",
            files.len()
        );
        let (mut done, mut ended) = (Vec::new(), Ok(()));
        for file in &files {
            match self.set(file, set.etag.as_deref()).await {
                Ok(text) => done.push(text),
                Err(error) => {
                    ended = Err(error.context(file.path.display().to_string()));
                    break;
                }
            }
        }
        let partial = Partial::counted(done.len(), files.len(), "texts");
        let data: Vec<Value> = done
            .iter()
            .map(|(text, is_changed)| json!({ "changed": is_changed, "template": shown::text(text) }))
            .collect();
        let told = |_: &Vec<Value>| {
            let lines = done.iter().map(|(text, is_changed)| {
                format!("{}{}\n", shown::origin(text), if *is_changed { "" } else { ", unchanged" })
            });
            lines.collect::<String>()
        };
        output.as_far_as(&data, told, ended, partial)
    }

    /// The text in force, and whether it was set.
    async fn set(&mut self, file: &SourceFile, etag: Option<&str>) -> anyhow::Result<(TemplateText, bool)> {
        let parts = source::read(&file.path)?;
        let now = self.get(&file.template, &file.locale, Wanted::InForce).await?;
        let is_own = now.origin() == TemplateOrigin::Tenant && now.source_locale == now.locale;
        if is_own && now.parts.as_ref() == Some(&parts) {
            return Ok((now, false));
        }
        let request = SetTemplateRequest {
            tenant_id: self.tenant_id.clone(),
            name: file.template.clone(),
            locale: file.locale.clone(),
            parts: Some(parts),
            etag: etag.map_or(now.etag, str::to_owned),
            request_id: request_id(),
        };
        let text = self.client.set_template(request).await?.into_inner().template;
        Ok((text.context("the answer holds no text")?, true))
    }

    async fn preview(mut self, preview: PreviewTemplate, output: Output) -> anyhow::Result<()> {
        let mut variables = HashMap::new();
        for pair in &preview.variables {
            let Some((name, value)) = pair.split_once('=') else { bail!("`{pair}` is not NAME=VALUE") };
            variables.insert(name.trim().to_owned(), value.to_owned());
        }
        let request = PreviewTemplateRequest {
            tenant_id: self.tenant_id,
            name: preview.template,
            locale: preview.locale,
            draft: preview.file.as_deref().map(source::read).transpose()?,
            version: preview.at.unwrap_or_default(),
            variables,
        };
        let answer = self.client.preview_template(request).await?.into_inner();
        if preview.html && !output.is_json() {
            return output.data(&(), |_| answer.email.clone().unwrap_or_default().html);
        }
        output.data(&shown::preview(&answer), |_| shown::message(&answer))
    }

    async fn diff(mut self, diff: &DiffTemplate, output: Output) -> anyhow::Result<()> {
        let (name, locale) = (diff.on.template.as_str(), diff.on.locale.as_str());
        let old = diff.against.map_or(Wanted::BuiltIn, Wanted::Version);
        let old = self.get(name, locale, old).await?;
        let (new_name, new) = match &diff.file {
            Some(file) => (file.display().to_string(), source::read(file)?),
            None => {
                let new = diff.at.map_or(Wanted::InForce, Wanted::Version);
                let new = self.get(name, locale, new).await?;
                (named(&new), new.parts.unwrap_or_default())
            }
        };
        let old_name = named(&old);
        let text = unified(&old.parts.unwrap_or_default(), &new, [&old_name, &new_name]);
        let data = json!({ "from": old_name, "to": new_name, "differs": !text.is_empty(), "diff": text });
        output.data(&data, |_| text.clone())
    }

    async fn versions(mut self, on: OnTemplate, output: Output) -> anyhow::Result<()> {
        let request =
            ListTemplateVersionsRequest { tenant_id: self.tenant_id, name: on.template, locale: on.locale };
        let versions = self.client.list_template_versions(request).await?.into_inner().versions;
        let data: Vec<Value> = versions.iter().map(shown::version).collect();
        output.data(&data, |_| shown::versions(&versions))
    }

    async fn roll_back(mut self, on: OnTemplate, version: i32, output: Output) -> anyhow::Result<()> {
        let etag = self.get(&on.template, &on.locale, Wanted::InForce).await?.etag;
        let request = RollbackTemplateRequest {
            tenant_id: self.tenant_id,
            name: on.template,
            locale: on.locale,
            version,
            etag,
            request_id: request_id(),
        };
        let text = self.client.rollback_template(request).await?.into_inner().template;
        let text = text.context("the answer holds no text")?;
        output.data(&shown::text(&text), |_| shown::origin(&text))
    }

    async fn reset(mut self, on: OnTemplate, output: Output) -> anyhow::Result<()> {
        let etag = self.get(&on.template, &on.locale, Wanted::InForce).await?.etag;
        let request = ResetTemplateRequest {
            tenant_id: self.tenant_id,
            name: on.template,
            locale: on.locale,
            etag,
            request_id: request_id(),
        };
        let text = self.client.reset_template(request).await?.into_inner().template;
        let text = text.context("the answer holds no text")?;
        output.data(&shown::text(&text), |_| shown::origin(&text))
    }
}

/// What a text is called in the head of a comparison.
fn named(text: &TemplateText) -> String {
    match text.origin() {
        TemplateOrigin::Tenant => format!("{}/{} version {}", text.source_locale, text.name, text.version),
        _ => format!("{}/{} built-in", text.source_locale, text.name),
    }
}

/// What differs, as `diff -u` prints it; empty where nothing does.
fn unified(old: &TemplateParts, new: &TemplateParts, names: [&str; 2]) -> String {
    let (old, new) = (source::written(old), source::written(new));
    let [old_name, new_name] = names;
    TextDiff::from_lines(&old, &new).unified_diff().context_radius(3).header(old_name, new_name).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(sms: &str) -> TemplateParts {
        let (subject, text) = ("A code".to_owned(), "{{ code }}".to_owned());
        TemplateParts { subject, text, sms: sms.to_owned() }
    }

    #[test]
    fn a_comparison_shows_lines_as_diff_does_and_nothing_where_nothing_differs() {
        let differing = unified(&parts("old {{ code }}"), &parts("new {{ code }}"), ["a", "b"]);

        assert!(differing.starts_with("--- a\n+++ b\n@@ "), "{differing}");
        assert!(differing.contains("\n-old {{ code }}\n+new {{ code }}\n"), "{differing}");
        assert_eq!(unified(&parts("x"), &parts("x"), ["a", "b"]), "");
    }
}

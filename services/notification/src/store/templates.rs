//! The texts of tenants and their versions: what is in force, and what was before. Changes stand in `template_changes`.

use rekey_database::{Connection, Failure, Fragment, fragment, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::TenantId;

use super::Store;
use crate::domain::scope::CallerScope;
use crate::domain::template::TemplateName;
use crate::domain::template_text::{
    TemplateParts, TextKey, TextOverride, TextVersion, VERSIONS, VersionAction, VersionInfo,
};

pub(super) const OF_KEY: Fragment = fragment!(" where tenant_id = $1 and template = $2 and locale = $3");

/// A version with its parts.
pub(super) const WHOLE: Fragment = fragment!(
    "select template, locale, version, action, restored, subject is null as is_built_in, author, created_at,
        subject, body, sms from template_version"
);
/// The same without them: a list of versions is looked through, not read.
const BRIEF: Fragment = fragment!(
    "select template, locale, version, action, restored, subject is null as is_built_in, author, created_at,
        null as subject, null as body, null as sms from template_version"
);
/// The newest of what a tenant has for a template and locale, where that is a text of its own.
const IN_FORCE: Fragment = fragment!(
    " and subject is not null and version = (
            select max(version) from template_version newest
            where newest.tenant_id = template_version.tenant_id and newest.template = template_version.template
              and newest.locale = template_version.locale)"
);

statements! {
    const NEWEST = WHOLE, OF_KEY, " order by version desc limit 1";

    const EXACTLY = WHOLE, OF_KEY, " and version = $4";

    const VERSIONS_OF = BRIEF, OF_KEY, " order by version desc limit $4";

    const OVERRIDES = BRIEF, " where tenant_id = $1", IN_FORCE, " order by template, locale";

    const TEXTS = WHOLE, " where tenant_id = $1 and template = $2 and locale ",
        (postgres: "= any($3)", sqlite: "in (select value from json_each($3))"), IN_FORCE;
}

impl Store {
    /// The newest version of what the tenant has for exactly this template and locale.
    pub(crate) async fn newest_text(
        &self,
        scope: &CallerScope,
        key: &TextKey,
    ) -> Result<Option<TextVersion>, Failure> {
        newest(&mut self.database.reader().await?, scope, key).await
    }

    /// One version of it.
    pub(crate) async fn text_version(
        &self,
        scope: &CallerScope,
        key: &TextKey,
        version: i32,
    ) -> Result<Option<TextVersion>, Failure> {
        exactly(&mut self.database.reader().await?, scope, key, version).await
    }

    /// All versions of it that are kept, newest first.
    pub(crate) async fn text_versions(
        &self,
        scope: &CallerScope,
        key: &TextKey,
    ) -> Result<Vec<VersionInfo>, Failure> {
        let values = values![scope.tenant_id(), key.template.as_str(), &key.locale, VERSIONS];
        let rows: Vec<VersionRow> = self.database.all(VERSIONS_OF, values).await?;
        Ok(rows.iter().filter_map(|row| legible(row.info())).collect())
    }

    /// The templates and locales for which the tenant has a text of its own in force.
    pub(crate) async fn text_overrides(&self, scope: &CallerScope) -> Result<Vec<TextOverride>, Failure> {
        let rows: Vec<VersionRow> = self.database.all(OVERRIDES, values![scope.tenant_id()]).await?;
        let read = |row: VersionRow| {
            let info = legible(row.info())?;
            Some(TextOverride { template: row.template, locale: row.locale, info })
        };
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// The texts that a tenant has in force for a template in one of these locales, each with its locale. For whoever writes a
    /// message of that tenant, which no caller stands behind any more.
    pub(crate) async fn texts_in_force(
        &self,
        tenant_id: TenantId,
        template: TemplateName,
        locales: &[String],
    ) -> Result<Vec<(String, TextVersion)>, Failure> {
        let locales: Vec<&str> = locales.iter().map(String::as_str).collect();
        let values = values![tenant_id, template.as_str(), locales];
        let rows: Vec<VersionRow> = self.database.all(TEXTS, values).await?;
        rows.into_iter().map(|row| Ok((row.locale.clone(), row.version()?))).collect()
    }
}

/// A row of a list. One that does not read must not take the list with it.
fn legible(read: Result<VersionInfo, Failure>) -> Option<VersionInfo> {
    read.inspect_err(|failure| tracing::error!(%failure, "a version of a template is left out")).ok()
}

pub(super) async fn newest(
    connection: &mut Connection,
    scope: &CallerScope,
    key: &TextKey,
) -> Result<Option<TextVersion>, Failure> {
    let values = values![scope.tenant_id(), key.template.as_str(), &key.locale];
    let row: Option<VersionRow> = connection.optional(NEWEST, values).await?;
    row.as_ref().map(VersionRow::version).transpose()
}

pub(super) async fn exactly(
    connection: &mut Connection,
    scope: &CallerScope,
    key: &TextKey,
    version: i32,
) -> Result<Option<TextVersion>, Failure> {
    let values = values![scope.tenant_id(), key.template.as_str(), &key.locale, version];
    let row: Option<VersionRow> = connection.optional(EXACTLY, values).await?;
    row.as_ref().map(VersionRow::version).transpose()
}

/// A row of `template_version`.
#[derive(sqlx::FromRow)]
pub(super) struct VersionRow {
    pub(super) template: String,
    pub(super) locale: String,
    version: i32,
    action: i16,
    restored: Option<i32>,
    is_built_in: bool,
    author: String,
    created_at: i64,
    subject: Option<String>,
    body: Option<String>,
    sms: Option<String>,
}

impl VersionRow {
    fn info(&self) -> Result<VersionInfo, Failure> {
        let action = VersionAction::from_repr(self.action);
        Ok(VersionInfo {
            version: self.version,
            action: action.ok_or(Failure::Unreadable { what: "the action of a template's version" })?,
            restored: self.restored,
            is_built_in: self.is_built_in,
            author: self.author.clone(),
            created_at: Timestamp::from_unix_micros(self.created_at),
        })
    }

    pub(super) fn version(&self) -> Result<TextVersion, Failure> {
        let parts = match (&self.subject, &self.body, &self.sms) {
            (Some(subject), Some(text), Some(sms)) => {
                Some(TemplateParts { subject: subject.clone(), text: text.clone(), sms: sms.clone() })
            }
            _ => None,
        };
        Ok(TextVersion { info: self.info()?, parts })
    }
}

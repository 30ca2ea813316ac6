//! Changes of tenants' texts.
//!
//! A change inserts the version behind the newest one, which its caller has named. So of two that were made upon the same
//! version one finds the place taken, in either database and without a lock. Nothing updates a row. Only the first text for a
//! locale takes a lock, since it is counted with the others of its template.

use rekey_database::{Connection, Dialect, Failure, Finished, Sql, Transaction, statements, values};
use rekey_primitives::clock::Timestamp;
use rekey_primitives::id::RequestId;

use super::Store;
use super::templates::{OF_KEY, VersionRow, WHOLE, exactly, newest};
use crate::domain::scope::CallerScope;
use crate::domain::template_text::{
    LOCALES, TemplateParts, TextChange, TextKey, TextVersion, VERSIONS, VersionAction, VersionInfo,
};

statements! {
    const OF_REQUEST = WHOLE, " where tenant_id = $1 and request_id = $2";

    const OTHER_LOCALES_OF = "select count(distinct locale) from template_version
        where tenant_id = $1 and template = $2 and locale <> $3";

    const INSERT = "insert into template_version
            (tenant_id, template, locale, version, action, restored, subject, body, sms, author, created_at, request_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        on conflict do nothing";

    const FORGET = "delete from template_version", OF_KEY, " and version <= $4";
}

/// Postgres alone: whoever counts the locales of one template waits here until the one before has committed. SQLite has one
/// writer.
const LOCK_LOCALES: Sql =
    Sql::unlisted("select pg_advisory_xact_lock(hashtext('template locales'), hashtext($1))");

/// A change, asked for under a request id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextRequest {
    pub(crate) key: TextKey,
    pub(crate) change: TextChange,
    /// The newest version that its caller knows of; 0 for none.
    pub(crate) based_on: i32,
    /// What makes a repeated call the same call.
    pub(crate) request_id: RequestId,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextChangeOutcome {
    /// It was made, now or by the same request before: the version that it made.
    Made(TextVersion),
    /// The newest version is another one.
    Outdated,
    /// There is no such version to go back to.
    VersionNotFound,
    /// The built-in text is in force already.
    NotOverridden,
    /// The tenant has texts for as many locales as it may.
    LocalesFull,
    /// The request id was used for something else.
    RequestIdReused,
}

impl Store {
    /// Makes the version that a change asks for, in force from its commit on, and forgets versions beyond those that are
    /// kept. Of two changes upon the same version one is made. The same request again changes nothing and says the same, for
    /// as long as its version is kept.
    pub(crate) async fn change_text(
        &self,
        scope: &CallerScope,
        request: &TextRequest,
        now: Timestamp,
    ) -> Result<TextChangeOutcome, Failure> {
        self.database.step(|tx| take(tx, scope, request, now)).await
    }
}

async fn take(
    mut tx: Transaction,
    scope: &CallerScope,
    request: &TextRequest,
    now: Timestamp,
) -> Result<Finished<TextChangeOutcome>, Failure> {
    if let Some(answer) = earlier(&mut tx, scope, request).await? {
        return Ok(tx.roll_back(answer));
    }
    let next = match next(&mut tx, scope, request).await? {
        Ok(next) => next,
        // This very request may have been done since it was looked for.
        Err(refused) => {
            let answer = earlier(&mut tx, scope, request).await?.unwrap_or(refused);
            return Ok(tx.roll_back(answer));
        }
    };
    let key = &request.key;
    let info = VersionInfo {
        version: request.based_on.saturating_add(1),
        action: next.action,
        restored: next.restored,
        is_built_in: next.parts.is_none(),
        author: scope.caller().to_owned(),
        created_at: now,
    };
    let forgotten = info.version.saturating_sub(VERSIONS);
    let made = TextVersion { info, parts: next.parts };
    if !insert(&mut tx, scope, request, &made).await? {
        // Somebody was faster: with another change, or with this very one.
        let answer = earlier(&mut tx, scope, request).await?.unwrap_or(TextChangeOutcome::Outdated);
        return Ok(tx.roll_back(answer));
    }
    tx.execute(FORGET, values![scope.tenant_id(), key.template.as_str(), &key.locale, forgotten]).await?;
    Ok(tx.commit(TextChangeOutcome::Made(made)))
}

/// The version that a change would make.
struct Next {
    action: VersionAction,
    restored: Option<i32>,
    parts: Option<TemplateParts>,
}

/// What the change would make of the newest version, or why it cannot be made.
async fn next(
    tx: &mut Connection,
    scope: &CallerScope,
    request: &TextRequest,
) -> Result<Result<Next, TextChangeOutcome>, Failure> {
    let key = &request.key;
    let newest = newest(tx, scope, key).await?;
    if newest.as_ref().map_or(0, |newest| newest.info.version) != request.based_on {
        return Ok(Err(TextChangeOutcome::Outdated));
    }
    let is_overridden = newest.as_ref().is_some_and(|newest| newest.parts.is_some());
    let next = match &request.change {
        TextChange::Set(parts) => {
            Next { action: VersionAction::Set, restored: None, parts: Some(parts.clone()) }
        }
        TextChange::Reset if !is_overridden => return Ok(Err(TextChangeOutcome::NotOverridden)),
        TextChange::Reset => Next { action: VersionAction::Reset, restored: None, parts: None },
        TextChange::RollBack(version) => match exactly(tx, scope, key, *version).await? {
            Some(earlier) => {
                let parts = earlier.parts;
                Next { action: VersionAction::RolledBack, restored: Some(*version), parts }
            }
            None => return Ok(Err(TextChangeOutcome::VersionNotFound)),
        },
    };
    if newest.is_none() && !has_room(tx, scope, key).await? {
        return Ok(Err(TextChangeOutcome::LocalesFull));
    }
    Ok(Ok(next))
}

/// Whether the tenant may have a text of this template for one more locale. The count is a statement behind the lock, so that it
/// sees what was waited for.
async fn has_room(tx: &mut Connection, scope: &CallerScope, key: &TextKey) -> Result<bool, Failure> {
    let (tenant_id, template) = (scope.tenant_id(), key.template.as_str());
    if tx.dialect() == Dialect::Postgres {
        tx.execute(LOCK_LOCALES, values![format!("{tenant_id} {template}")]).await?;
    }
    let others: i64 = tx.scalar(OTHER_LOCALES_OF, values![tenant_id, template, &key.locale]).await?;
    Ok(others < LOCALES)
}

/// What a request with this id did before, as an answer to this one.
async fn earlier(
    tx: &mut Connection,
    scope: &CallerScope,
    request: &TextRequest,
) -> Result<Option<TextChangeOutcome>, Failure> {
    let values = values![scope.tenant_id(), request.request_id];
    let Some(row) = tx.optional::<VersionRow>(OF_REQUEST, values).await? else { return Ok(None) };
    let made = row.version()?;
    let key = &request.key;
    let is_same = row.template == key.template.as_str()
        && row.locale == key.locale
        && made.info.version == request.based_on.saturating_add(1)
        && match &request.change {
            TextChange::Set(parts) => {
                made.info.action == VersionAction::Set && made.parts.as_ref() == Some(parts)
            }
            TextChange::Reset => made.info.action == VersionAction::Reset,
            TextChange::RollBack(version) => {
                made.info.action == VersionAction::RolledBack && made.info.restored == Some(*version)
            }
        };
    let outcome = if is_same { TextChangeOutcome::Made(made) } else { TextChangeOutcome::RequestIdReused };
    Ok(Some(outcome))
}

async fn insert(
    tx: &mut Connection,
    scope: &CallerScope,
    request: &TextRequest,
    made: &TextVersion,
) -> Result<bool, Failure> {
    let TextVersion { info, parts } = made;
    let parts = parts.as_ref();
    let values = values![
        scope.tenant_id(),
        request.key.template.as_str(),
        &request.key.locale,
        info.version,
        info.action as i16,
        info.restored,
        parts.map(|parts| parts.subject.as_str()),
        parts.map(|parts| parts.text.as_str()),
        parts.map(|parts| parts.sms.as_str()),
        &info.author,
        info.created_at,
        request.request_id,
    ];
    Ok(tx.execute(INSERT, values).await? == 1)
}

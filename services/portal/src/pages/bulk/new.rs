//! "Reset many passwords": whom, and what they get. What is sent here starts the dry run and resets nothing.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;

use super::super::account_filters::{STATES, methods, roles, state_name};
use super::super::group_choice::{GroupChoice, GroupField, named};
use super::super::refusal_texts::refusal_text;
use super::draft::{
    ACCOUNTS, BY_FILTER, BY_LIST, Draft, DraftProblem, EVERYBODY, GROUP, METHOD, MODE, PACE, PREFIX, Plan,
    REQUIRE_CHANGE, ROLE, STATE, Selection, UNUSED_SINCE, WHO,
};
use super::{Chunk, add, begin, path};
use crate::domain::Refusal;
use crate::view::{Choice, Field, FieldKind, FormProblem, Html, Select, Values};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PageContext, PostedFields};
use crate::words::{BulkWords, interpolate};

const PATH: &str = "/administration/bulk-resets/new";

/// Most accounts of a chunk, by the contract.
const CHUNK: usize = 500;

pub(super) async fn show(user: CurrentUser) -> Result<Response, Fault> {
    let draft = Draft::read(|name| user.context.query(name));
    page(&user, &draft, None).await
}

pub(super) async fn start(user: CurrentUser, fields: PostedFields) -> Result<Response, Fault> {
    let mut draft = Draft::read(|name| fields.text(name).to_owned());
    if let Some(problem) = take_group(&user, &mut draft).await? {
        return page(&user, &draft, Some(problem)).await;
    }
    let Plan { selection, mode, pace } = match draft.plan() {
        Ok(plan) => plan,
        Err(problem) => {
            let problem = said(&user.context.texts().bulk, &problem);
            return page(&user, &draft, Some(problem)).await;
        }
    };
    let (filter, listed) = match selection {
        Selection::Filter(filter) => (Some(filter), Vec::new()),
        Selection::List(accounts) => (None, accounts),
    };
    let request = wire::StartBulkResetRequest {
        tenant_id: user.tenant().to_string(),
        mode: mode.into(),
        dry_run: true,
        accounts_per_second: pace,
        filter,
        request_id: fields.request_id()?,
        context: user.request_context(),
    };
    let job = match begin(&user, request).await? {
        Ok(job) => job,
        Err(refused) => {
            let problem = refused_start(&user.context, &refused)?;
            return page(&user, &draft, Some(problem)).await;
        }
    };
    let there = path(&job.bulk_reset_id);
    match hand_over(&user, &job.bulk_reset_id, listed).await? {
        None => Ok(PageContext::redirect(&there)),
        Some(refused) => user.context.redirect_with_flash(&there, &refused),
    }
}

/// Puts the group that was typed in the place of one that was chosen; what is wrong with it, where it is none.
async fn take_group(user: &CurrentUser, draft: &mut Draft) -> Result<Option<FormProblem>, Fault> {
    if draft.other_group.is_empty() || draft.who != BY_FILTER {
        return Ok(None);
    }
    match named(user, &draft.other_group).await? {
        Ok(group) => {
            draft.group = group.group_id;
            draft.other_group.clear();
            Ok(None)
        }
        Err(problem) => Ok(Some(problem)),
    }
}

/// Hands the list over, where there is one; why the job does not take it, where it does not.
async fn hand_over(user: &CurrentUser, job: &str, listed: Vec<String>) -> Result<Option<String>, Fault> {
    let chunks: Vec<Vec<String>> = listed.chunks(CHUNK).map(<[String]>::to_vec).collect();
    let count = chunks.len();
    for ((sequence, accounts), place) in (1..).zip(chunks).zip(1..) {
        let chunk = Chunk { sequence, accounts, is_last: place == count };
        if let Some(refused) = add(user, job, chunk).await? {
            return Ok(Some(refused));
        }
    }
    Ok(None)
}

/// What is wrong with the form.
fn said(words: &BulkWords, problem: &DraftProblem) -> FormProblem {
    match problem {
        DraftProblem::NobodyChosen => FormProblem::of(WHO, &words.who_missing),
        DraftProblem::FilterEmpty => FormProblem::of(PREFIX, &words.filter_empty),
        DraftProblem::DayInvalid => FormProblem::of(UNUSED_SINCE, &words.day_invalid),
        DraftProblem::ListEmpty => FormProblem::of(ACCOUNTS, &words.list_empty),
        DraftProblem::ListUnreadable(name) => {
            FormProblem::of(ACCOUNTS, interpolate(&words.list_unreadable, "name", name))
        }
        DraftProblem::PaceInvalid => FormProblem::of(PACE, &words.pace_invalid),
    }
}

/// What identity has against the job.
pub(super) fn refused_start(context: &PageContext, refused: &Refusal) -> Result<FormProblem, Fault> {
    let words = &context.texts().bulk;
    match refused {
        Refusal::Other(reason, _) if reason == "BULK_RESET_RUNNING" => {
            Ok(FormProblem { field: None, text: words.another_runs.clone() })
        }
        Refusal::FieldInvalid(fields) if fields.iter().any(|field| field == "filter.prefix") => {
            Ok(FormProblem::of(PREFIX, &words.prefix_invalid))
        }
        other => Ok(FormProblem { field: None, text: refusal_text(context, other)? }),
    }
}

async fn page(user: &CurrentUser, draft: &Draft, problem: Option<FormProblem>) -> Result<Response, Fault> {
    let context = &user.context;
    let words = &context.texts().bulk;
    let groups = GroupChoice::of(user, &draft.group).await?;
    let form = NewForm { context, words, draft, problem: problem.as_ref() };
    let groups = groups.fields(user, &form.group())?;
    let values = Values::default()
        .html("hidden", context.hidden_fields(PATH)?)
        .html("who", form.who()?)
        .html("filters", form.filters(groups)?)
        .html("accounts", form.accounts()?)
        .html("mode", form.mode()?)
        .html("pace", form.pace()?);
    let body = context.body("bulk_new", values)?;
    let problems = problem.into_iter().collect();
    user.page(MenuItem::Bulk, PageContent { problems, ..PageContent::new(&words.new_title, body) })
}

/// The form as it is shown.
struct NewForm<'a> {
    context: &'a PageContext,
    words: &'a BulkWords,
    draft: &'a Draft,
    problem: Option<&'a FormProblem>,
}

impl<'a> NewForm<'a> {
    fn wrong(&self, field: &str) -> Option<&'a str> {
        FormProblem::for_field(self.problem, field)
    }

    fn who(&self) -> Result<Html, Fault> {
        self.context.select(&Select {
            name: WHO,
            label: &self.words.who,
            hint: None,
            choices: vec![
                Choice { value: "", text: &self.words.who_choose },
                Choice { value: BY_FILTER, text: &self.words.who_filter },
                Choice { value: BY_LIST, text: &self.words.who_list },
                Choice { value: EVERYBODY, text: &self.words.who_everybody },
            ],
            chosen: &self.draft.who,
            problem: self.wrong(WHO),
        })
    }

    /// One of a few, or any.
    fn filter(
        &self,
        name: &'static str,
        label: &str,
        chosen: &str,
        choices: Vec<(&str, &str)>,
    ) -> Result<Html, Fault> {
        let any = Choice { value: "", text: &self.words.any };
        let choices = choices.into_iter().map(|(value, text)| Choice { value, text });
        let choices = std::iter::once(any).chain(choices).collect();
        self.context.select(&Select { name, label, hint: None, choices, chosen, problem: self.wrong(name) })
    }

    fn filters(&self, groups: Vec<Html>) -> Result<Html, Fault> {
        let (draft, words) = (self.draft, self.words);
        let prefix = self.context.field(&Field {
            name: PREFIX,
            label: &words.prefix,
            hint: Some(&words.prefix_hint),
            kind: FieldKind::Search,
            value: &draft.prefix,
            problem: self.wrong(PREFIX),
        })?;
        let day = self.context.field(&Field {
            name: UNUSED_SINCE,
            label: &words.unused_since,
            hint: Some(&words.unused_since_hint),
            kind: FieldKind::Day,
            value: &draft.unused_since,
            problem: self.wrong(UNUSED_SINCE),
        })?;
        let texts = self.context.texts();
        let roles = roles(&texts.administration);
        let roles = roles.iter().map(|(word, name)| (word.as_str(), *name)).collect();
        let groups = groups.into_iter().map(|field| Values::default().html("markup", field));
        let states = STATES.map(|(word, state)| (word, state_name(&texts.accounts, state)));
        let methods = methods(&texts.accounts);
        let values = Values::default()
            .html("prefix", prefix)
            .list("groups", groups.collect())
            .html("state", self.filter(STATE, &words.account_state, &draft.state, states.into())?)
            .html("role", self.filter(ROLE, &words.role, &draft.role, roles)?)
            .html("method", self.filter(METHOD, &words.method, &draft.method, methods.into())?)
            .html("unused_since", day);
        self.context.body("bulk_filters", values)
    }

    fn group(&self) -> GroupField<'a> {
        GroupField {
            name: GROUP,
            label: &self.words.group,
            hint: None,
            none: &self.words.any,
            chosen: &self.draft.group,
            typed: &self.draft.other_group,
            problem: self.problem,
        }
    }

    fn accounts(&self) -> Result<Html, Fault> {
        self.context.field(&Field {
            name: ACCOUNTS,
            label: &self.words.list,
            hint: Some(&self.words.list_hint),
            kind: FieldKind::LongText,
            value: &self.draft.accounts,
            problem: self.wrong(ACCOUNTS),
        })
    }

    fn mode(&self) -> Result<Html, Fault> {
        self.context.select(&Select {
            name: MODE,
            label: &self.words.mode,
            hint: Some(&self.words.mode_hint),
            choices: vec![
                Choice { value: "link", text: &self.words.mode_link },
                Choice { value: REQUIRE_CHANGE, text: &self.words.mode_require_change },
            ],
            chosen: &self.draft.mode,
            problem: None,
        })
    }

    fn pace(&self) -> Result<Html, Fault> {
        self.context.field(&Field {
            name: PACE,
            label: &self.words.pace,
            hint: Some(&self.words.pace_hint),
            kind: FieldKind::Number,
            value: &self.draft.pace,
            problem: self.wrong(PACE),
        })
    }
}

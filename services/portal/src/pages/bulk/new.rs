//! "Reset many passwords": whom, and what they get. What is sent here starts the dry run and resets nothing.

use axum::response::Response;
use rekey_wire::identity::v1 as wire;

use super::super::account_filters::{STATES, methods, roles, state_name};
use super::super::group_choice::{GroupChoice, GroupQuestion, named};
use super::super::sentences::sentence;
use super::draft::{
    ACCOUNTS, BY_FILTER, BY_LIST, Draft, DraftProblem, EVERYBODY, GROUP, METHOD, MODE, PACE, PREFIX, Plan,
    REQUIRE_CHANGE, ROLE, STATE, Selection, UNUSED_SINCE, WHO,
};
use super::{Chunk, add, begin, path};
use crate::domain::Refusal;
use crate::view::{Choice, Field, FieldKind, Html, Problem, Select, Values};
use crate::web::{Content, Fault, Member, Place, PostedFields, Visit};
use crate::words::{BulkWords, filled};

const PATH: &str = "/administration/bulk-resets/new";

/// Most accounts of a chunk, by the contract.
const CHUNK: usize = 500;

pub(super) async fn show(member: Member) -> Result<Response, Fault> {
    let draft = Draft::read(|name| member.visit.query(name));
    page(&member, &draft, None).await
}

pub(super) async fn start(member: Member, fields: PostedFields) -> Result<Response, Fault> {
    let mut draft = Draft::read(|name| fields.text(name).to_owned());
    if let Some(problem) = take_group(&member, &mut draft).await? {
        return page(&member, &draft, Some(problem)).await;
    }
    let Plan { selection, mode, pace } = match draft.plan() {
        Ok(plan) => plan,
        Err(problem) => {
            let problem = said(&member.visit.texts().bulk, &problem);
            return page(&member, &draft, Some(problem)).await;
        }
    };
    let (filter, listed) = match selection {
        Selection::Filter(filter) => (Some(filter), Vec::new()),
        Selection::List(accounts) => (None, accounts),
    };
    let request = wire::StartBulkResetRequest {
        tenant_id: member.tenant().to_string(),
        mode: mode.into(),
        dry_run: true,
        accounts_per_second: pace,
        filter,
        request_id: fields.request_id()?,
        context: member.context(),
    };
    let job = match begin(&member, request).await? {
        Ok(job) => job,
        Err(refused) => {
            let problem = refused_start(&member.visit, &refused)?;
            return page(&member, &draft, Some(problem)).await;
        }
    };
    let there = path(&job.bulk_reset_id);
    match hand_over(&member, &job.bulk_reset_id, listed).await? {
        None => Ok(Visit::redirect(&there)),
        Some(refused) => member.visit.redirect_saying(&there, &refused),
    }
}

/// Puts the group that was typed in the place of one that was chosen; what is wrong with it, where it is none.
async fn take_group(member: &Member, draft: &mut Draft) -> Result<Option<Problem>, Fault> {
    if draft.other_group.is_empty() || draft.who != BY_FILTER {
        return Ok(None);
    }
    match named(member, &draft.other_group).await? {
        Ok(group) => {
            draft.group = group.group_id;
            draft.other_group.clear();
            Ok(None)
        }
        Err(problem) => Ok(Some(problem)),
    }
}

/// Hands the list over, where there is one; why the job does not take it, where it does not.
async fn hand_over(member: &Member, job: &str, listed: Vec<String>) -> Result<Option<String>, Fault> {
    let chunks: Vec<Vec<String>> = listed.chunks(CHUNK).map(<[String]>::to_vec).collect();
    let count = chunks.len();
    for ((sequence, accounts), place) in (1..).zip(chunks).zip(1..) {
        let chunk = Chunk { sequence, accounts, is_last: place == count };
        if let Some(refused) = add(member, job, chunk).await? {
            return Ok(Some(refused));
        }
    }
    Ok(None)
}

/// What is wrong with the form.
fn said(words: &BulkWords, problem: &DraftProblem) -> Problem {
    match problem {
        DraftProblem::NobodyChosen => Problem::of(WHO, &words.who_missing),
        DraftProblem::FilterEmpty => Problem::of(PREFIX, &words.filter_empty),
        DraftProblem::DayInvalid => Problem::of(UNUSED_SINCE, &words.day_invalid),
        DraftProblem::ListEmpty => Problem::of(ACCOUNTS, &words.list_empty),
        DraftProblem::ListUnreadable(name) => {
            Problem::of(ACCOUNTS, filled(&words.list_unreadable, "name", name))
        }
        DraftProblem::PaceInvalid => Problem::of(PACE, &words.pace_invalid),
    }
}

/// What identity has against the job.
pub(super) fn refused_start(visit: &Visit, refused: &Refusal) -> Result<Problem, Fault> {
    let words = &visit.texts().bulk;
    match refused {
        Refusal::Other(reason, _) if reason == "BULK_RESET_RUNNING" => {
            Ok(Problem { field: None, text: words.another_runs.clone() })
        }
        Refusal::FieldInvalid(fields) if fields.iter().any(|field| field == "filter.prefix") => {
            Ok(Problem::of(PREFIX, &words.prefix_invalid))
        }
        other => Ok(Problem { field: None, text: sentence(visit, other)? }),
    }
}

async fn page(member: &Member, draft: &Draft, problem: Option<Problem>) -> Result<Response, Fault> {
    let visit = &member.visit;
    let words = &visit.texts().bulk;
    let groups = GroupChoice::of(member, &draft.group).await?;
    let form = NewForm { visit, words, draft, problem: problem.as_ref() };
    let groups = groups.fields(member, &form.group())?;
    let values = Values::default()
        .html("hidden", visit.hidden(PATH)?)
        .html("who", form.who()?)
        .html("filters", form.filters(groups)?)
        .html("accounts", form.accounts()?)
        .html("mode", form.mode()?)
        .html("pace", form.pace()?);
    let body = visit.body("bulk_new", values)?;
    let problems = problem.into_iter().collect();
    member.page(Place::Bulk, Content { problems, ..Content::new(&words.new_title, body) })
}

/// The form as it is shown.
struct NewForm<'a> {
    visit: &'a Visit,
    words: &'a BulkWords,
    draft: &'a Draft,
    problem: Option<&'a Problem>,
}

impl<'a> NewForm<'a> {
    fn wrong(&self, field: &str) -> Option<&'a str> {
        Problem::beside(self.problem, field)
    }

    fn who(&self) -> Result<Html, Fault> {
        self.visit.select(&Select {
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
        self.visit.select(&Select { name, label, hint: None, choices, chosen, problem: self.wrong(name) })
    }

    fn filters(&self, groups: Vec<Html>) -> Result<Html, Fault> {
        let (draft, words) = (self.draft, self.words);
        let prefix = self.visit.field(&Field {
            name: PREFIX,
            label: &words.prefix,
            hint: Some(&words.prefix_hint),
            kind: FieldKind::Search,
            value: &draft.prefix,
            problem: self.wrong(PREFIX),
        })?;
        let day = self.visit.field(&Field {
            name: UNUSED_SINCE,
            label: &words.unused_since,
            hint: Some(&words.unused_since_hint),
            kind: FieldKind::Day,
            value: &draft.unused_since,
            problem: self.wrong(UNUSED_SINCE),
        })?;
        let texts = self.visit.texts();
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
        self.visit.body("bulk_filters", values)
    }

    fn group(&self) -> GroupQuestion<'a> {
        GroupQuestion {
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
        self.visit.field(&Field {
            name: ACCOUNTS,
            label: &self.words.list,
            hint: Some(&self.words.list_hint),
            kind: FieldKind::LongText,
            value: &self.draft.accounts,
            problem: self.wrong(ACCOUNTS),
        })
    }

    fn mode(&self) -> Result<Html, Fault> {
        self.visit.select(&Select {
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
        self.visit.field(&Field {
            name: PACE,
            label: &self.words.pace,
            hint: Some(&self.words.pace_hint),
            kind: FieldKind::Number,
            value: &self.draft.pace,
            problem: self.wrong(PACE),
        })
    }
}

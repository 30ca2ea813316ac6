//! One message: what it is, and its journey until now and from here on.

use axum::extract::Path;
use axum::response::Response;
use rekey_primitives::id::NotificationId;
use rekey_wire::notification::v1 as wire;
use rekey_wire::notification::v1::NotificationState;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;

use super::super::listing::address;
use super::{named, naming, notification, path};
use crate::domain::EventSearch;
use crate::peers::{PeerFailure, timestamp_from_wire};
use crate::view::{Badge, Cell, Fact, FormProblem, Values, moment};
use crate::web::{CurrentUser, Fault, MenuItem, PageContent};
use crate::words::{MessageWords, interpolate};

pub(super) async fn show(user: CurrentUser, Path(message): Path<String>) -> Result<Response, Fault> {
    let message = find(&user, named(&message)?).await?;
    page(&user, &message, None)
}

/// The message, if it is of the person's tenant.
pub(super) async fn find(user: &CurrentUser, message: NotificationId) -> Result<wire::Notification, Fault> {
    let request = wire::GetNotificationRequest {
        tenant_id: user.tenant().to_string(),
        notification_id: message.to_string(),
    };
    let mut client = NotificationServiceClient::new(notification(user).await?);
    let found = client.get_notification(request).await?.into_inner().notification;
    Ok(found.ok_or_else(|| PeerFailure::unexpected("no notification"))?)
}

/// Its page; with what was wrong, where something was asked of it in vain.
pub(super) fn page(
    user: &CurrentUser,
    message: &wire::Notification,
    problem: Option<String>,
) -> Result<Response, Fault> {
    let (context, words) = (&user.context, &user.context.texts().messages);
    let path = path(&message.notification_id);
    let may_replay = matches!(message.state(), NotificationState::Dead | NotificationState::Unknown);
    let is_traced = !message.support_code.is_empty() && user.has_any(MenuItem::Audit.roles());
    let asked = [(EventSearch::SUPPORT_CODE, message.support_code.as_str())];
    let values = Values::default()
        .html("facts", context.facts(facts(words, message))?)
        .list("stages", journey(words, message))
        .optional("cancel", (message.state() == NotificationState::Queued).then(|| format!("{path}/cancel")))
        .optional("replay", may_replay.then(|| format!("{path}/replay")))
        .optional("events", is_traced.then(|| address(MenuItem::Audit.path(), &asked)));
    let title = interpolate(&words.message_title, "to", &message.masked_destination);
    let content = PageContent::new(&title, context.body("message", values)?);
    let problems = problem.map(|text| FormProblem { field: None, text }).into_iter().collect();
    user.page(MenuItem::Messages, PageContent { problems, ..content })
}

/// What is known of it; what is empty is left out.
fn facts<'a>(words: &'a MessageWords, message: &wire::Notification) -> Vec<Fact<'a>> {
    let known = [
        (&words.template, message.template.as_str()),
        (&words.to, message.masked_destination.as_str()),
        (&words.channel, naming::channel(words, message.channel())),
        (&words.lane, naming::lane(words, message.lane())),
        (&words.language, message.locale.as_str()),
        (&words.provider, message.provider.as_str()),
        (&words.reference, message.reference.as_str()),
        (&words.support_code, message.support_code.as_str()),
        (&words.message_id, message.notification_id.as_str()),
    ];
    let said = known.into_iter().filter(|(_, text)| !text.is_empty());
    said.map(|(term, text)| Fact { term, cell: Cell::Text(text.to_owned()) }).collect()
}

/// A stage of the journey: when, what, and how it stands where it is known.
struct Stage<'a> {
    at: Option<&'a prost_types::Timestamp>,
    text: String,
    badge: Badge,
}

/// Everything that is known of the journey, in its order; what has no time belongs to the stage before it.
fn journey(words: &MessageWords, message: &wire::Notification) -> Vec<Values> {
    let stages = past(words, message).into_iter().chain(future(words, message));
    let stage = |stage: Stage<'_>| {
        let values = Values::default()
            .text("text", &stage.text)
            .flag("is_good", stage.badge == Badge::Good)
            .flag("is_bad", stage.badge == Badge::Bad);
        match timestamp_from_wire(stage.at) {
            Some(at) => values.part("at", moment(at)),
            None => values.flag("at", false),
        }
    };
    stages.map(stage).collect()
}

fn past<'a>(words: &MessageWords, message: &'a wire::Notification) -> Vec<Stage<'a>> {
    let plain = |at, text: String| Stage { at, text, badge: Badge::Plain };
    let mut stages = vec![plain(message.create_time.as_ref(), words.accepted.clone())];
    if message.fallbacks_used > 0 {
        stages.push(plain(None, interpolate(&words.fallbacks_used, "count", message.fallbacks_used)));
    }
    if message.tries > 0 {
        let text = interpolate(&words.tried, "count", message.tries);
        stages.push(plain(None, interpolate(&text, "provider", &message.provider)));
    }
    if let Some(failure) = naming::failure(words, message.last_failure()) {
        let text = interpolate(&words.last_failed, "reason", failure);
        stages.push(Stage { at: None, text, badge: Badge::Bad });
    }
    let (badge, state) = naming::state(words, message.state());
    stages.push(Stage { at: message.update_time.as_ref(), text: state.to_owned(), badge });
    if let Some((badge, heard)) = naming::receipt(words, message.receipt_state()) {
        let detail = &message.receipt_detail;
        let text = if detail.is_empty() { heard.to_owned() } else { format!("{heard} ({detail})") };
        stages.push(Stage { at: message.receipt_time.as_ref(), text, badge });
    }
    stages
}

/// What comes next, for a message that has not come to its end.
fn future<'a>(words: &MessageWords, message: &'a wire::Notification) -> Vec<Stage<'a>> {
    let is_waiting = matches!(message.state(), NotificationState::Queued | NotificationState::Sending);
    let end = message.not_after_time.as_ref().filter(|_| is_waiting);
    let all = [
        (message.next_try_time.as_ref(), &words.next_try),
        (message.fallback_time.as_ref(), &words.next_fallback),
        (end, &words.ends),
    ];
    let due = all.into_iter().filter(|(at, _)| at.is_some());
    due.map(|(at, text)| Stage { at, text: text.clone(), badge: Badge::Plain }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Catalogue, UiLocale};

    fn at(seconds: i64) -> Option<prost_types::Timestamp> {
        Some(prost_types::Timestamp { seconds, nanos: 0 })
    }

    fn texts(stages: &[Stage<'_>]) -> Vec<String> {
        stages.iter().map(|stage| stage.text.clone()).collect()
    }

    #[test]
    fn a_waiting_message_says_what_was_tried_and_what_comes_next() {
        let catalogue = Catalogue::load().unwrap();
        let words = &catalogue.of(UiLocale::En).messages;
        let message = wire::Notification {
            state: NotificationState::Queued.into(),
            tries: 2,
            provider: "relay".to_owned(),
            last_failure: wire::FailureClass::Transient.into(),
            create_time: at(1),
            next_try_time: at(60),
            not_after_time: at(600),
            ..wire::Notification::default()
        };

        let (before, after) = (past(words, &message), future(words, &message));

        let tried = interpolate(&interpolate(&words.tried, "count", 2), "provider", "relay");
        let failed = interpolate(&words.last_failed, "reason", &words.failure_transient);
        let expected = [words.accepted.clone(), tried, failed, words.state_queued.clone()];
        assert_eq!(texts(&before), expected);
        assert_eq!(texts(&after), [words.next_try.clone(), words.ends.clone()]);
    }

    #[test]
    fn a_message_that_bounced_ends_with_what_was_heard_of_it() {
        let catalogue = Catalogue::load().unwrap();
        let words = &catalogue.of(UiLocale::En).messages;
        let message = wire::Notification {
            state: NotificationState::Delivered.into(),
            receipt_state: wire::ReceiptState::Failed.into(),
            receipt_detail: "5.1.1".to_owned(),
            not_after_time: at(600),
            ..wire::Notification::default()
        };

        let (before, after) = (past(words, &message), future(words, &message));

        assert_eq!(before.last().unwrap().text, format!("{} (5.1.1)", words.receipt_failed));
        assert_eq!(before.last().unwrap().badge, Badge::Bad);
        assert!(after.is_empty(), "{:?}", texts(&after));
    }
}

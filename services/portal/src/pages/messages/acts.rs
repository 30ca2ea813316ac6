//! Withdrawing a message that waits, and sending one again that did not go out: each is asked for first.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::notification::v1 as wire;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;

use super::super::sentences::{refusal, sentence};
use super::{named, notification, one, path};
use crate::view::Confirmation;
use crate::web::{Content, Fault, Member, Place, PostedFields, Visit};
use crate::words::{MessageWords, filled};

/// What can be asked of a message.
#[derive(Clone, Copy)]
enum Act {
    Cancel,
    Replay,
}

impl Act {
    fn path(self, message: &str) -> String {
        let act = match self {
            Self::Cancel => "cancel",
            Self::Replay => "replay",
        };
        format!("{}/{act}", path(message))
    }

    /// The question, what follows from a yes, and the button.
    fn question(self, words: &MessageWords) -> [&String; 3] {
        match self {
            Self::Cancel => [&words.cancel_title, &words.cancel_text, &words.cancel_button],
            Self::Replay => [&words.replay_title, &words.replay_text, &words.replay_button],
        }
    }
}

pub(super) async fn ask_cancel(member: Member, Path(message): Path<String>) -> Result<Response, Fault> {
    ask(&member, &message, Act::Cancel).await
}

pub(super) async fn ask_replay(member: Member, Path(message): Path<String>) -> Result<Response, Fault> {
    ask(&member, &message, Act::Replay).await
}

async fn ask(member: &Member, message: &str, act: Act) -> Result<Response, Fault> {
    let message = one::find(member, named(message)?).await?;
    let visit = &member.visit;
    let [title, text, button] = act.question(&visit.texts().messages);
    let action = act.path(&message.notification_id);
    let subject = match message.template.as_str() {
        "" => message.masked_destination.clone(),
        template => format!("{template}: {}", message.masked_destination),
    };
    let body = visit.confirmation(Confirmation {
        text,
        subjects: &[subject],
        action: &action,
        hidden: visit.hidden(&action)?,
        fields: &[],
        questions: None,
        button: &filled(button, "to", &message.masked_destination),
        is_loss: matches!(act, Act::Cancel),
        back: &path(&message.notification_id),
    })?;
    member.page(Place::Messages, Content::new(title, body))
}

pub(super) async fn cancel(
    member: Member,
    Path(message): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let message = named(&message)?;
    let request = wire::CancelNotificationRequest {
        tenant_id: member.tenant().to_string(),
        notification_id: message.to_string(),
        request_id: fields.request_id()?,
    };
    let mut client = NotificationServiceClient::new(notification(&member).await?);
    match client.cancel_notification(request).await {
        Ok(_) => done(&member.visit, &message.to_string(), &member.visit.texts().messages.cancelled),
        Err(status) => refused(&member, &message.to_string(), status).await,
    }
}

pub(super) async fn replay(
    member: Member,
    Path(message): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let message = named(&message)?;
    let request = wire::ReplayNotificationRequest {
        tenant_id: member.tenant().to_string(),
        notification_id: message.to_string(),
        request_id: fields.request_id()?,
    };
    let mut client = NotificationServiceClient::new(notification(&member).await?);
    match client.replay_notification(request).await {
        Ok(_) => done(&member.visit, &message.to_string(), &member.visit.texts().messages.replayed),
        Err(status) => refused(&member, &message.to_string(), status).await,
    }
}

fn done(visit: &Visit, message: &str, text: &str) -> Result<Response, Fault> {
    visit.redirect_saying(&path(message), text)
}

/// The message as it stands now, and why nothing was done.
async fn refused(member: &Member, message: &str, status: tonic::Status) -> Result<Response, Fault> {
    let text = sentence(&member.visit, &refusal(status.into())?)?;
    one::page(member, &one::find(member, named(message)?).await?, Some(text))
}

//! Withdrawing a message that waits, and sending one again that did not go out: each is asked for first.

use axum::extract::Path;
use axum::response::Response;
use rekey_wire::notification::v1 as wire;
use rekey_wire::notification::v1::notification_service_client::NotificationServiceClient;

use super::super::refusal_texts::{refusal, refusal_text};
use super::{named, notification, one, path};
use crate::view::Confirmation;
use crate::web::{CurrentUser, Fault, MenuItem, PageContent, PageContext, PostedFields};
use crate::words::{MessageWords, interpolate};

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

pub(super) async fn ask_cancel(user: CurrentUser, Path(message): Path<String>) -> Result<Response, Fault> {
    ask(&user, &message, Act::Cancel).await
}

pub(super) async fn ask_replay(user: CurrentUser, Path(message): Path<String>) -> Result<Response, Fault> {
    ask(&user, &message, Act::Replay).await
}

async fn ask(user: &CurrentUser, message: &str, act: Act) -> Result<Response, Fault> {
    let message = one::find(user, named(message)?).await?;
    let context = &user.context;
    let [title, text, button] = act.question(&context.texts().messages);
    let action = act.path(&message.notification_id);
    let subject = match message.template.as_str() {
        "" => message.masked_destination.clone(),
        template => format!("{template}: {}", message.masked_destination),
    };
    let body = context.confirmation(Confirmation {
        text,
        subjects: &[subject],
        action: &action,
        hidden: context.hidden_fields(&action)?,
        fields: &[],
        extra_fields: None,
        button: &interpolate(button, "to", &message.masked_destination),
        is_loss: matches!(act, Act::Cancel),
        back: &path(&message.notification_id),
    })?;
    user.page(MenuItem::Messages, PageContent::new(title, body))
}

pub(super) async fn cancel(
    user: CurrentUser,
    Path(message): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let message = named(&message)?;
    let request = wire::CancelNotificationRequest {
        tenant_id: user.tenant().to_string(),
        notification_id: message.to_string(),
        request_id: fields.request_id()?,
    };
    let mut client = NotificationServiceClient::new(notification(&user).await?);
    match client.cancel_notification(request).await {
        Ok(_) => done(&user.context, &message.to_string(), &user.context.texts().messages.cancelled),
        Err(status) => refused(&user, &message.to_string(), status).await,
    }
}

pub(super) async fn replay(
    user: CurrentUser,
    Path(message): Path<String>,
    fields: PostedFields,
) -> Result<Response, Fault> {
    let message = named(&message)?;
    let request = wire::ReplayNotificationRequest {
        tenant_id: user.tenant().to_string(),
        notification_id: message.to_string(),
        request_id: fields.request_id()?,
    };
    let mut client = NotificationServiceClient::new(notification(&user).await?);
    match client.replay_notification(request).await {
        Ok(_) => done(&user.context, &message.to_string(), &user.context.texts().messages.replayed),
        Err(status) => refused(&user, &message.to_string(), status).await,
    }
}

fn done(context: &PageContext, message: &str, text: &str) -> Result<Response, Fault> {
    context.redirect_with_flash(&path(message), text)
}

/// The message as it stands now, and why nothing was done.
async fn refused(user: &CurrentUser, message: &str, status: tonic::Status) -> Result<Response, Fault> {
    let text = refusal_text(&user.context, &refusal(status.into())?)?;
    one::page(user, &one::find(user, named(message)?).await?, Some(text))
}

//! Steps to other channels.

use rekey_wire::notification::v1 as wire;
use rekey_wire::time;

use super::delivery_event::delivery_event;
use super::{Fields, destination};
use crate::domain::destination::Destination;
use crate::domain::fallback::{Fallback, Fallbacks, InvalidFallbacks};
use crate::domain::template::TemplateName;

/// The steps of a message, or notes of all that is wrong with them.
pub(super) fn fallbacks(
    fields: &mut Fields,
    template: TemplateName,
    first: Option<&Destination>,
    sent: Vec<wire::Fallback>,
) -> Option<Fallbacks> {
    // Those that are too many are not read.
    let read: Vec<Option<Fallback>> = sent
        .into_iter()
        .take(Fallbacks::MOST + 1)
        .enumerate()
        .map(|(place, step)| {
            let field = format!("message.fallbacks[{place}]");
            let destination = destination(fields, step.destination, &format!("{field}.destination"));
            let after = step.after.as_ref().and_then(time::std_duration);
            let after = fields.take(after, &format!("{field}.after"), "is no length of time");
            let told = delivery_event(fields, step.delivery_event, &format!("{field}.delivery_event"));
            Some(Fallback { destination: destination?, after: after?, delivery_event: told })
        })
        .collect();
    let steps: Vec<Fallback> = read.into_iter().collect::<Option<_>>()?;
    match Fallbacks::new(template, first?, steps) {
        Ok(fallbacks) => Some(fallbacks),
        Err(wrong) => {
            let (field, what) = match wrong {
                InvalidFallbacks::Count => ("message.fallbacks".to_owned(), "holds more than 3"),
                InvalidFallbacks::Template => {
                    ("message.fallbacks".to_owned(), "is not for what resets a password")
                }
                InvalidFallbacks::SameChannel(place) => (
                    format!("message.fallbacks[{place}].destination"),
                    "is of the channel of the destination before",
                ),
                InvalidFallbacks::Webhook(place) => {
                    (format!("message.fallbacks[{place}].destination"), "is a webhook")
                }
                InvalidFallbacks::After(place) => {
                    (format!("message.fallbacks[{place}].after"), "is not 10 seconds to 10 minutes")
                }
            };
            fields.take(None, &field, what)
        }
    }
}

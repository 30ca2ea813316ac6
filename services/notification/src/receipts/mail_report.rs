//! A mail as a report of another mail. Pure.
//!
//! What counts is structure: a delivery status (RFC 3464; RFC 6533 in UTF-8) or a feedback report (RFC 5965) among the parts of
//! the mail itself, and not of what it encloses. Words are not read: they are in any language and quote addresses. A mail
//! without structure that comes with the null reverse-path says by its address alone that something failed, unless it says
//! that a person's program answered; what comes with another reverse-path is an answer, and no report.

use std::collections::HashMap;
use std::panic::{UnwindSafe, catch_unwind};

use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders as _};

use crate::domain::receipt::{ReceiptDetail, ReceiptState, Report};

/// The most recipients of a delivery status that are read: ours have one.
const RECIPIENTS: usize = 32;

/// What a mail reports of the one that its address names.
pub(super) fn of_bounce(mail: &[u8], has_null_sender: bool) -> Option<Report> {
    let message = read(mail)?;
    let bare = |state| Some(Report { state, detail: ReceiptDetail::default() });
    if let Some(part) = feedback(&message) {
        return if complains(part) { bare(ReceiptState::Complained) } else { None };
    }
    match message.parts.iter().find(|part| is_delivery_status(part)) {
        Some(status) => of_delivery_status(status.contents()),
        None if has_null_sender && !is_other_report(&message) && !is_automatic_answer(&message) => {
            bare(ReceiptState::Failed)
        }
        None => None,
    }
}

/// The return path of the mail that a feedback report complains about: as the report says it, or as the enclosed mail shows.
pub(super) fn of_complaint(mail: &[u8]) -> Option<String> {
    let message = read(mail)?;
    let report = feedback(&message).filter(|part| complains(part))?;
    let said = fields(report.contents()).remove("original-mail-from");
    let path = said.or_else(|| message.parts.iter().find_map(enclosed_return_path))?;
    Some(path.trim().trim_start_matches('<').trim_end_matches('>').to_owned())
}

/// The mail in its parts; none where it does not read.
fn read(mail: &[u8]) -> Option<Message<'_>> {
    guarded(|| MessageParser::default().parse(mail))
}

/// What a mail that is broken on purpose makes of the parser may be a panic, which must not end the connection that the mail
/// came by: it is a mail that does not read. The parser is handed nothing that a panic could leave half done.
fn guarded<T>(parse: impl FnOnce() -> Option<T> + UnwindSafe) -> Option<T> {
    catch_unwind(parse).ok().flatten()
}

/// The feedback report of a mail.
fn feedback<'a>(message: &'a Message<'_>) -> Option<&'a MessagePart<'a>> {
    message.parts.iter().find(|part| part.is_content_type("message", "feedback-report"))
}

/// Whether a feedback report calls a mail unwanted: some say that one was wanted after all, or talk of signatures.
fn complains(report: &MessagePart<'_>) -> bool {
    let kind = fields(report.contents()).remove("feedback-type").unwrap_or_default();
    ["abuse", "fraud", "virus", "other"].iter().any(|known| kind.eq_ignore_ascii_case(known))
}

/// A report (RFC 6522) of something that is no delivery, such as of a mail that was read.
fn is_other_report(message: &Message<'_>) -> bool {
    let root = message.root_part();
    let kind = root.content_type().and_then(|kind| kind.attribute("report-type"));
    root.is_content_type("multipart", "report")
        && kind.is_some_and(|kind| !kind.eq_ignore_ascii_case("delivery-status"))
}

fn is_delivery_status(part: &MessagePart<'_>) -> bool {
    ["delivery-status", "global-delivery-status"].iter().any(|kind| part.is_content_type("message", kind))
}

/// RFC 3834: what answers by itself says so, and does not bounce.
fn is_automatic_answer(message: &Message<'_>) -> bool {
    let says = |name: &'static str| message.header_raw(name).map(|value| value.trim().to_ascii_lowercase());
    let is_reply = says("Auto-Submitted").is_some_and(|value| value.starts_with("auto-replied"));
    is_reply || says("X-Autoreply").is_some() || says("X-Autorespond").is_some()
}

/// The part that says most of the recipients' groups, which follow one of the whole message (RFC 3464, 2.1).
fn of_delivery_status(status: &[u8]) -> Option<Report> {
    let groups = groups(status);
    let reports = groups.iter().take(RECIPIENTS).filter_map(|group| of_recipient(&fields(group)));
    reports.max_by_key(|report| report.state)
}

/// RFC 3464, 2.3.3. `relayed` and `expanded` mean that a system took it that reports no more: nothing is known by them.
fn of_recipient(fields: &HashMap<String, String>) -> Option<Report> {
    let state = match first_word(fields.get("action")?).to_ascii_lowercase().as_str() {
        "failed" => ReceiptState::Failed,
        "delayed" => ReceiptState::Delayed,
        "delivered" => ReceiptState::Delivered,
        _ => return None,
    };
    let detail = fields.get("status").and_then(|status| ReceiptDetail::of_status(status));
    Some(Report { state, detail: detail.unwrap_or_default() })
}

/// Before a comment or a parameter.
fn first_word(value: &str) -> &str {
    value
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ';'))
        .find(|word| !word.is_empty())
        .unwrap_or("")
}

/// The groups of fields of a part, which blank lines part.
fn groups(part: &[u8]) -> Vec<Vec<u8>> {
    let mut groups = vec![Vec::new()];
    for line in part.split_inclusive(|byte| *byte == b'\n') {
        match groups.last_mut() {
            Some(group) if !line.trim_ascii().is_empty() => group.extend_from_slice(line),
            Some(group) if group.is_empty() => {}
            _ => groups.push(Vec::new()),
        }
    }
    groups
}

/// The fields of a group by their names in lower case, unfolded. The first of a name counts. None where they do not read: they
/// are parsed here for the first time, so what is enclosed in a mail can break the parser as the mail itself can.
fn fields(group: &[u8]) -> HashMap<String, String> {
    let read = guarded(|| {
        let read = MessageParser::default().parse_headers(group)?;
        let mut fields = HashMap::new();
        for (name, value) in read.headers_raw() {
            let value = value.split_whitespace().collect::<Vec<_>>().join(" ");
            fields.entry(name.to_ascii_lowercase()).or_insert(value);
        }
        Some(fields)
    });
    read.unwrap_or_default()
}

/// The return path that the enclosed mail, or what is left of its header, shows.
fn enclosed_return_path(part: &MessagePart<'_>) -> Option<String> {
    let is_enclosed = [("message", "rfc822"), ("message", "global"), ("text", "rfc822-headers")]
        .iter()
        .any(|(kind, subkind)| part.is_content_type(kind, subkind));
    is_enclosed.then(|| fields(part.contents()).remove("return-path")).flatten()
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod fuzz;

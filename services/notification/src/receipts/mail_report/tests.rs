//! Mails as servers and mailboxes write them.

use super::*;

/// A bounce of Postfix, as far as it counts.
pub(super) const POSTFIX: &str = "Return-Path: <>\r\n\
    From: MAILER-DAEMON@mx.example.com (Mail Delivery System)\r\n\
    Subject: Undelivered Mail Returned to Sender\r\n\
    Auto-Submitted: auto-replied\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"B/mx\"\r\n\
    \r\n\
    --B/mx\r\n\
    Content-Type: text/plain; charset=us-ascii\r\n\
    \r\n\
    <anna@example.com>: host mx said: 550 5.1.1 no such user\r\n\
    \r\n\
    --B/mx\r\n\
    Content-Type: message/delivery-status\r\n\
    \r\n\
    Reporting-MTA: dns; mx.example.com\r\n\
    Arrival-Date: Mon, 30 Nov 2026 02:00:00 +0000 (UTC)\r\n\
    \r\n\
    Final-Recipient: rfc822; anna@example.com\r\n\
    Action: failed\r\n\
    Status: 5.1.1\r\n\
    Diagnostic-Code: smtp; 550 5.1.1 <anna@example.com>: no\r\n such user\r\n\
    \r\n\
    --B/mx\r\n\
    Content-Type: text/rfc822-headers\r\n\
    \r\n\
    Return-Path: <bounce+token@bounces.example.com>\r\n\
    Subject: your code\r\n\
    \r\n\
    --B/mx--\r\n";

/// A complaint as RFC 5965 shows one.
pub(super) const COMPLAINT: &str = "From: <abusedesk@example.net>\r\n\
    Subject: FW: Reminder\r\n\
    MIME-Version: 1.0\r\n\
    Content-Type: multipart/report; report-type=feedback-report; boundary=\"part\"\r\n\
    \r\n\
    --part\r\n\
    Content-Type: text/plain\r\n\
    \r\n\
    This is an email abuse report.\r\n\
    \r\n\
    --part\r\n\
    Content-Type: message/feedback-report\r\n\
    \r\n\
    Feedback-Type: abuse\r\n\
    User-Agent: SomeGenerator/1.0\r\n\
    Version: 1\r\n\
    \r\n\
    --part\r\n\
    Content-Type: message/rfc822\r\n\
    \r\n\
    Return-Path: <bounce+token@bounces.example.com>\r\n\
    From: <no-reply@example.com>\r\n\
    Subject: Reminder\r\n\
    \r\n\
    Hello.\r\n\
    \r\n\
    --part--\r\n";

fn read(mail: &str) -> Option<(ReceiptState, String)> {
    let report = of_bounce(mail.as_bytes(), true)?;
    Some((report.state, report.detail.as_str().to_owned()))
}

fn failed(code: &str) -> Option<(ReceiptState, String)> {
    Some((ReceiptState::Failed, code.to_owned()))
}

#[test]
fn a_bounce_says_that_it_failed_and_by_which_code() {
    assert_eq!(read(POSTFIX), failed("5.1.1"));
    assert_eq!(of_bounce(POSTFIX.as_bytes(), false).map(|one| one.state), Some(ReceiptState::Failed));
}

#[test]
fn a_delay_is_told_from_a_failure() {
    let delayed = POSTFIX
        .replace("Action: failed", "action: Delayed (no comment)")
        .replace("Status: 5.1.1", "STATUS: 4.4.1");

    assert_eq!(read(&delayed), Some((ReceiptState::Delayed, "4.4.1".to_owned())));
}

#[test]
fn a_delivery_that_somebody_confirms_is_one_and_what_was_relayed_says_nothing() {
    let delivered =
        POSTFIX.replace("Action: failed", "Action: delivered").replace("Status: 5.1.1", "Status: 2.1.5");
    let relayed = POSTFIX.replace("Action: failed", "Action: relayed");

    assert_eq!(read(&delivered), Some((ReceiptState::Delivered, "2.1.5".to_owned())));
    assert_eq!(read(&relayed), None);
}

#[test]
fn of_several_recipients_the_worst_counts() {
    let both = POSTFIX.replace(
        "Final-Recipient: rfc822; anna@example.com\r\n",
        "Final-Recipient: rfc822; a@example.com\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\nFinal-Recipient: rfc822; b@example.com\r\n",
    );

    assert_eq!(read(&both), failed("5.1.1"));
}

#[test]
fn a_code_that_is_none_is_left_out_and_the_failure_stays() {
    assert_eq!(read(&POSTFIX.replace("Status: 5.1.1", "Status: no such user anna@example.com")), failed(""));
    assert_eq!(read(&POSTFIX.replace("Status: 5.1.1\r\n", "")), failed(""));
}

#[test]
fn a_status_in_base64_reads_the_same() {
    use base64::prelude::{BASE64_STANDARD, Engine as _};

    let (head, rest) = POSTFIX.split_once("Content-Type: message/delivery-status\r\n\r\n").unwrap();
    let (status, tail) = rest.split_once("\r\n--B/mx").unwrap();
    let encoded = BASE64_STANDARD.encode(status);
    let mail = format!(
        "{head}Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--B/mx{tail}"
    );

    assert_eq!(read(&mail), failed("5.1.1"));
}

#[test]
fn a_bounce_without_structure_says_by_its_address_that_something_failed() {
    let plain =
        "From: postmaster@example.com\r\nSubject: failure notice\r\n\r\nSorry, it did not work out.\r\n";

    assert_eq!(read(plain), failed(""));
    assert_eq!(of_bounce(plain.as_bytes(), false), None);
}

#[test]
fn a_holiday_notice_and_a_read_receipt_are_no_bounces() {
    let notice =
        "From: anna@example.com\r\nAuto-Submitted: auto-replied (vacation)\r\nSubject: away\r\n\r\nAway.\r\n";
    let read_receipt = "From: anna@example.com\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n\
        --b\r\nContent-Type: message/disposition-notification\r\n\r\nDisposition: manual-action; displayed\r\n\r\n--b--\r\n";

    assert_eq!(read(notice), None);
    assert_eq!(read(read_receipt), None);
}

#[test]
fn a_status_inside_an_enclosed_mail_is_not_of_this_one() {
    let forwarded = format!(
        "From: anna@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n\
         --outer\r\nContent-Type: message/rfc822\r\n\r\n{POSTFIX}\r\n--outer--\r\n"
    );

    assert_eq!(of_bounce(forwarded.as_bytes(), false), None);
}

#[test]
fn a_complaint_names_the_return_path_of_the_mail_that_was_unwanted() {
    let said = COMPLAINT
        .replace("Version: 1\r\n", "Version: 1\r\nOriginal-Mail-From: <bounce+said@bounces.example.com>\r\n");

    assert_eq!(of_complaint(COMPLAINT.as_bytes()).as_deref(), Some("bounce+token@bounces.example.com"));
    assert_eq!(of_complaint(said.as_bytes()).as_deref(), Some("bounce+said@bounces.example.com"));
    assert_eq!(read(COMPLAINT), Some((ReceiptState::Complained, String::new())));
}

#[test]
fn who_says_that_a_mail_was_wanted_after_all_does_not_complain() {
    for kind in ["not-spam", "auth-failure"] {
        let other = COMPLAINT.replace("Feedback-Type: abuse", &format!("Feedback-Type: {kind}"));

        assert_eq!(of_complaint(other.as_bytes()), None);
        assert_eq!(read(&other), None);
    }
}

#[test]
fn a_bounce_is_no_complaint_and_nothing_is_nothing() {
    assert_eq!(of_complaint(POSTFIX.as_bytes()), None);
    assert_eq!(read(""), None);
}

#[test]
fn what_the_parser_breaks_on_does_not_read() {
    assert_eq!(guarded(|| Some(7)), Some(7));
    assert_eq!(guarded::<u8>(|| panic!("broken on purpose")), None);
}

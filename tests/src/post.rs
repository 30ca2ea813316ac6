//! What a mail server took, looked at as the people who wait for it.

use std::collections::BTreeMap;

use rekey_testing::{Mail, SmtpServer};

use crate::waiting::eventually;
use crate::world::code_in;

/// The first mail to an address that fits, as soon as there is one.
pub async fn mail_to(server: &SmtpServer, address: &str, fits: impl Fn(&Mail) -> bool) -> Mail {
    let is_it = |mail: &Mail| mail.recipients.iter().any(|to| to == address) && fits(mail);
    let look = async || server.mails_that(&is_it).await.into_iter().next();
    eventually(&format!("a mail for {address} arrives"), look).await
}

/// The `number`-th code that was sent to an address, counted from 1; copies of a mail count once.
pub async fn code_to(server: &SmtpServer, address: &str, number: usize) -> String {
    let is_to_them = |mail: &Mail| mail.recipients.iter().any(|to| to == address);
    let look = async || codes_to(&server.mails_that(&is_to_them).await, address).into_iter().nth(number - 1);
    eventually(&format!("code {number} for {address} arrives"), look).await
}

/// The codes that were sent to an address, in the order of their first arrival.
pub fn codes_to(mails: &[Mail], address: &str) -> Vec<String> {
    let mut seen: Vec<&str> = Vec::new();
    let mut codes = Vec::new();
    for mail in mails.iter().filter(|mail| mail.recipients.iter().any(|to| to == address)) {
        let id = mail.header("Message-ID").unwrap_or_default();
        if let Some(code) = mail.text.as_deref().and_then(code_in)
            && !seen.contains(&id)
        {
            seen.push(id);
            codes.push(code);
        }
    }
    codes
}

/// How often each message arrived, by its `Message-ID`.
pub fn copies(mails: &[Mail]) -> BTreeMap<String, usize> {
    let mut copies = BTreeMap::new();
    for mail in mails {
        *copies.entry(mail.header("Message-ID").unwrap_or_default().to_owned()).or_default() += 1;
    }
    copies
}

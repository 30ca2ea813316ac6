//! Values to show a template with: in previews, in the judgement of a tenant's text and in the golden files.

use std::collections::BTreeMap;

use rekey_primitives::secret::Zeroizing;

use crate::domain::links::LinkHosts;
use crate::domain::message::Variables;
use crate::domain::template::TemplateName;

/// As long as real values are, so that the segments of a text message come out as they will.
pub(super) fn of(template: TemplateName, hosts: &LinkHosts) -> Variables {
    let of_variable = |name: &&'static str| (*name, Zeroizing::new(value(name, hosts)));
    Variables::trusted(template.variables().iter().map(of_variable).collect::<BTreeMap<_, _>>())
}

fn value(name: &str, hosts: &LinkHosts) -> String {
    match name {
        "organisation" => "Acme Works",
        "code" => "271828",
        "minutes" => "10",
        "amount" => "EUR 149.90",
        "payee" => "Globex Ltd",
        "name" => "Zoe Doe",
        "login" => "zoe@acme.example",
        "time" => "2026-07-25 16:40 UTC",
        "place" => "192.0.2.0/24, Firefox",
        "other" => "Globex",
        "link" => return link(hosts),
        "change" => "added",
        "method" => "email z•••••@a•••••",
        "message" => "My phone is broken.\nPlease call me.",
        "count" => "3",
        "requests" => "Zoe Doe (zoe@acme.example)\nTim Roe (tim@acme.example)\nKim Poe (kim@acme.example)",
        "days" => "7",
        _ => "…",
    }
    .to_owned()
}

/// Without hosts no link is sent, and no text is to blame for that.
fn link(hosts: &LinkHosts) -> String {
    let to = |host| format!("https://{host}/not-me#AbCdEfGhIjKlMnOpQrStUvWxYz0123456789_-AbCdE");
    hosts.first().map_or_else(|| "the link".to_owned(), to)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::fixtures::link_hosts;

    #[test]
    fn a_sample_is_a_value_that_a_message_may_have() {
        for &template in TemplateName::ALL {
            let samples = of(template, &link_hosts());
            let sent: HashMap<_, _> =
                samples.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();

            assert!(Variables::fitting(template, sent, &link_hosts()).is_ok(), "{template:?}");
            assert!(samples.iter().all(|(_, value)| value != "…"), "{template:?}");
        }
    }
}

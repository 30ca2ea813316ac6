//! The name by which a notice is remembered, so that the same one is not said twice.

use rekey_sealing::MacKeys;

use crate::domain::message::Message;

/// What the keyed digest is for.
const LABEL: &str = "rekey notification deduplication";

/// The name under which a message is remembered: the same for messages that are the same, and to nobody without the key a hint
/// at the address. A decoy is never the same as a message. None where the message has no key.
pub(super) fn name(keys: &MacKeys, sender: &str, message: &Message) -> Option<[u8; 32]> {
    let key = message.deduplication_key.as_ref()?;
    let Message { destination, decoy, .. } = message;
    let template = message.template?;
    let mailbox = destination.canonical();
    let parts: [&[u8]; 6] = [
        sender.as_bytes(),
        template.as_str().as_bytes(),
        destination.channel().as_str().as_bytes(),
        mailbox.as_bytes(),
        &[u8::from(*decoy)],
        key.as_str().as_bytes(),
    ];
    Some(keys.tag(LABEL, &parts))
}

#[cfg(test)]
mod tests {
    use crate::domain::destination::{Channel, Destination};

    use super::*;
    use crate::domain::deduplication::DeduplicationKey;
    use crate::domain::template::TemplateName;
    use crate::fixtures::{key_text, message};

    #[test]
    fn messages_are_the_same_by_sender_template_mailbox_and_key() {
        let keys = MacKeys::from_text(&key_text()).unwrap();
        let with_key = || Message { deduplication_key: DeduplicationKey::parse("7"), ..message() };
        let of = |sender, message: &Message| name(&keys, sender, message);
        let to = |text| Destination::parse(Channel::Email, text).unwrap();
        let first = of("shop", &with_key()).unwrap();

        let same = Message { destination: to("Anna@Example.com"), ..with_key() };
        let others = [
            Message { destination: to("berta@example.com"), ..with_key() },
            Message { template: Some(TemplateName::PasswordChangedNotice), ..with_key() },
            Message { deduplication_key: DeduplicationKey::parse("8"), ..with_key() },
            Message { decoy: true, ..with_key() },
        ];

        assert_eq!(of("shop", &same), Some(first));
        assert!(others.iter().all(|other| of("shop", other).is_some_and(|name| name != first)));
        assert_ne!(of("bank", &with_key()), Some(first));
        assert_eq!(of("shop", &message()), None);
    }
}

//! What whoever has a code sent should tell the person of the way it goes.

use rekey_primitives::contact::Channel;

/// Something to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The channel is a restricted one: a number can be moved to another SIM and a text be read on its way. NIST SP
    /// 800-63B-4 (3.1.3.3, 3.2.9) has the person told, and offered another way.
    ChannelRestricted,
}

/// The notices of a code by this channel. They follow from the channel alone, so they tell nothing of the person.
pub(crate) fn notices_of(channel: Channel) -> &'static [Notice] {
    if channel == Channel::Sms { &[Notice::ChannelRestricted] } else { &[] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_telephone_network_is_restricted_and_mail_is_not() {
        assert_eq!(notices_of(Channel::Sms), [Notice::ChannelRestricted]);
        assert!(notices_of(Channel::Email).is_empty());
    }
}

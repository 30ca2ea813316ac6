//! Page tokens of suppressions, as those of messages are: where a list goes on, bound to what was asked.

use crate::domain::destination::Channel;
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use rekey_primitives::clock::Timestamp;
use rekey_sealing::{codec, digest};
use serde::{Deserialize, Serialize};

use crate::domain::scope::CallerScope;
use crate::domain::suppression::{AddressHash, Reason, Stream};
use crate::store::{SuppressionFilter, SuppressionPosition};

const VERSION: u8 = 1;

/// A mark of the arguments of a list call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Arguments([u8; 8]);

#[derive(Serialize, Deserialize)]
struct PageToken {
    created_at_micros: i64,
    address_hash: AddressHash,
    stream: i16,
    arguments: Arguments,
}

impl Arguments {
    pub(super) fn of(scope: &CallerScope, filter: SuppressionFilter) -> Self {
        let whole = digest(&[
            b"suppression list",
            scope.tenant_id().as_uuid().as_bytes(),
            scope.caller().as_bytes(),
            filter.channel.map_or("", Channel::as_str).as_bytes(),
            &filter.reason.map_or(0, Reason::number).to_be_bytes(),
        ]);
        let mut mark = [0; 8];
        mark.copy_from_slice(&whole[..8]);
        Self(mark)
    }
}

/// The token, URL-safe.
pub(super) fn write(position: SuppressionPosition, arguments: Arguments) -> String {
    let SuppressionPosition { created_at, address_hash, stream } = position;
    let token = PageToken {
        created_at_micros: created_at.unix_micros(),
        address_hash,
        stream: stream.number(),
        arguments,
    };
    BASE64_URL_SAFE_NO_PAD.encode(codec::encode(VERSION, &token))
}

/// Reads a token made for the same arguments.
pub(super) fn read(token: &str, arguments: Arguments) -> Option<SuppressionPosition> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
    let token: PageToken = codec::decode(VERSION, &bytes).ok()?;
    (token.arguments == arguments).then_some(SuppressionPosition {
        created_at: Timestamp::from_unix_micros(token.created_at_micros),
        address_hash: token.address_hash,
        stream: Stream::from_number(token.stream)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::lane::Lane;

    fn position() -> SuppressionPosition {
        let created_at = Timestamp::from_unix_micros(-5);
        SuppressionPosition { created_at, address_hash: [7; 32], stream: Stream::Of(Lane::Bulk) }
    }

    #[test]
    fn a_token_reads_back_for_the_same_arguments_only() {
        let (own, other) = (Arguments([1; 8]), Arguments([2; 8]));

        let token = write(position(), own);

        assert_eq!(read(&token, own), Some(position()));
        assert_eq!(read(&token, other), None);
        assert_eq!(read(&token[1..], own), None);
        assert_eq!(read("not a token", own), None);
    }

    mod fuzz {
        use super::*;

        #[test]
        fn a_token_of_suppressions_that_reads_is_of_these_arguments_and_says_the_same_again() {
            let (own, other) = (Arguments([1; 8]), Arguments([2; 8]));
            rekey_testing::fuzz(&[write(position(), own).as_bytes()], |bytes: &[u8]| {
                let token = String::from_utf8_lossy(bytes);
                if let Some(position) = read(&token, own) {
                    assert_eq!(read(&write(position, own), own), Some(position));
                    assert_eq!(read(&token, other), None);
                }
            });
        }
    }
}

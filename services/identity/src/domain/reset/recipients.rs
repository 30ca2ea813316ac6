//! Whom a code for a kind of method goes to, where a reset offers kinds and not methods.
//!
//! A code by mail goes to every address that counts, the default first; one by text to the default number. A code that nobody
//! sends may be of any authenticator that counts, or of the saved list, a signature of any passkey. They are written
//! into the token when the reset begins: a code goes to them and to nobody else, and a proof counts while every one of them
//! does, so that no proof stands on an address that policy stopped trusting meanwhile.

use rekey_primitives::id::SecurityInfoId;
use rekey_primitives::method::MethodKind;

use crate::domain::security_info::{SecurityInfo, most_of};

/// As many as an account may hold of a kind.
const MOST: usize = most_of(MethodKind::Email);
/// Enough of an id to tell the few entries of an account apart.
const TAIL: usize = 3;

/// Entries of one kind of one account, by the ends of their ids, in the order in which they are written to. None for whoever
/// has nothing of that kind.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Recipients {
    count: u8,
    tails: [[u8; TAIL]; MOST],
}

impl Recipients {
    /// Of what counts, in the order of offering.
    pub(crate) fn of<'a>(kind: MethodKind, counting: impl IntoIterator<Item = &'a SecurityInfo>) -> Self {
        let most = match kind {
            MethodKind::Email => MOST,
            MethodKind::Authenticator | MethodKind::Passkey => most_of(kind).min(MOST),
            MethodKind::Phone | MethodKind::RecoveryCode => 1,
        };
        let mut recipients = Self::default();
        let of_kind = counting.into_iter().filter(|entry| entry.kind() == kind).take(most);
        for (slot, entry) in recipients.tails.iter_mut().zip(of_kind) {
            *slot = tail(entry.id);
            recipients.count += 1;
        }
        recipients
    }

    pub(crate) fn is_nobody(&self) -> bool {
        self.count == 0
    }

    /// Those of them among these entries, in their order.
    pub(crate) fn among<'a>(
        &self,
        kind: MethodKind,
        held: &'a [SecurityInfo],
    ) -> impl Iterator<Item = &'a SecurityInfo> {
        let find = move |tail: [u8; TAIL]| {
            held.iter().find(|entry| entry.kind() == kind && self::tail(entry.id) == tail)
        };
        self.present().filter_map(find)
    }

    /// Whether there are any and all of them are among these.
    pub(crate) fn are_all_among(&self, counting: &[SecurityInfoId]) -> bool {
        !self.is_nobody() && self.present().all(|tail| counting.iter().any(|id| self::tail(*id) == tail))
    }

    fn present(&self) -> impl Iterator<Item = [u8; TAIL]> + use<> {
        self.tails.into_iter().take(usize::from(self.count))
    }

    /// The bytes, for the token.
    pub(super) fn to_bytes(self) -> [u8; 16] {
        let mut out = [0; 16];
        out[0] = self.count;
        out[1..].copy_from_slice(self.tails.as_flattened());
        out
    }

    /// Reads what [`Self::to_bytes`] wrote.
    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        let mut read = Self { count: bytes[0], ..Self::default() };
        read.tails.as_flattened_mut().copy_from_slice(&bytes[1..]);
        read
    }
}

fn tail(id: SecurityInfoId) -> [u8; TAIL] {
    let [.., a, b, c] = *id.as_uuid().as_bytes();
    [a, b, c]
}

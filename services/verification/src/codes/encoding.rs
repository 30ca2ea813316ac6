//! Routes and grants as bytes, to be sealed or signed. Says nothing about who wrote them: open the seal or verify the
//! signature first.

mod grants;
mod routes;

use rekey_sealing::codec;
use serde::{Deserialize, Serialize};

pub(super) use self::grants::{decode_grant, encode_grant};
pub(super) use self::routes::{decode_route, encode_route, encode_route_as_content};
use crate::domain::transaction::Transaction;

/// The layout of [`EncodedTransaction`].
const TRANSACTION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct EncodedTransaction {
    amount: String,
    payee: String,
}

/// A transaction as part of what a code is bound to and of what makes two starts the same.
pub(super) fn encode_transaction(transaction: &Transaction) -> Vec<u8> {
    codec::encode(TRANSACTION, &encoded_transaction(transaction)).to_vec()
}

fn encoded_transaction(transaction: &Transaction) -> EncodedTransaction {
    let (amount, payee) = (transaction.amount().to_owned(), transaction.payee().to_owned());
    EncodedTransaction { amount, payee }
}

impl From<EncodedTransaction> for Transaction {
    fn from(encoded: EncodedTransaction) -> Self {
        Self::from_stored(encoded.amount, encoded.payee)
    }
}

//! MACs, seals and signatures, each with everything it is bound to.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{Entropy, array};
use rekey_primitives::id;
use rekey_primitives::secret::{SecretString, Zeroizing};
use rekey_sealing::{AeadKeys, KeyId, MacKeys, NotOpened, SigningKeys, codec, digest};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::encoding::{decode_grant, decode_route, encode_grant, encode_route, encode_transaction};
use crate::domain::abuse::Standings;
use crate::domain::code::Code;
use crate::domain::grant::Grant;
use crate::domain::mac::{Mac, MacSet};
use crate::domain::names::{Binding, Purpose, Subject};
use crate::domain::route::Route;
use crate::domain::scope::{RunId, ScopedId, TenantScope};
use crate::domain::transaction::Transaction;
use crate::store::{PendingMessage, SealedCode};

const CODE: &str = "rekey verification code";
const DECOY: &str = "rekey verification decoy";
const REQUEST: &str = "rekey verification request";
const MESSAGE: &str = "rekey verification message";
const DELIVERY_EVENT: &str = "rekey verification delivery event";
const DESTINATION: &str = "rekey verification destination";
const STANDING: &str = "rekey verification standing";

/// The layout of [`Signed`].
const SIGNED: u8 = 1;
/// The layout of the bytes under a code's MAC.
const BOUND: u8 = 1;
/// The same for a code that approves a transaction.
const PAYMENT_BOUND: u8 = 2;
/// The layout of a seal's associated data.
const SEAL_CONTEXT: u8 = 1;

/// The keys of this service.
#[derive(Debug)]
pub(crate) struct CodeKeys {
    pub(crate) macs: MacKeys,
    pub(crate) seals: AeadKeys,
    pub(crate) grants: SigningKeys,
}

/// A grant as callers carry it.
#[derive(Debug, Clone)]
pub(crate) struct SignedGrant {
    pub(crate) text: SecretString,
    pub(crate) expires_at: Timestamp,
}

/// The bytes of a grant, and who signed them.
#[derive(Serialize, Deserialize)]
struct Signed {
    key: String,
    grant: Vec<u8>,
    signature: Vec<u8>,
}

/// What a code is bound to: it is right nowhere else.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeBinding<'a> {
    pub(super) id: &'a ScopedId,
    pub(super) purpose: &'a Purpose,
    pub(super) subject: &'a Subject,
    /// What the code approves, where the message shows it.
    pub(super) transaction: Option<&'a Transaction>,
    pub(super) run_id: &'a RunId,
}

impl CodeKeys {
    /// MACs of what a request contains.
    pub(super) fn content_macs(&self, parts: &[&[u8]]) -> MacSet {
        self.mac_set(REQUEST, parts)
    }

    /// MACs of a typed code.
    pub(super) fn code_macs(&self, binding: &CodeBinding<'_>, code: &Code) -> MacSet {
        self.mac_set(CODE, &[&bound(binding, code.expose().as_bytes())])
    }

    /// A code as it is stored.
    pub(super) fn seal_code(
        &self,
        binding: &CodeBinding<'_>,
        code: &Code,
        entropy: &dyn Entropy,
    ) -> SealedCode {
        let mac = self.macs.named_tag(CODE, &[&bound(binding, code.expose().as_bytes())]);
        self.sealed(binding, code, &mac, entropy)
    }

    /// A decoy's code as it is stored: its MAC is of random bytes, so that no code that somebody types is right.
    pub(super) fn seal_decoy_code(
        &self,
        binding: &CodeBinding<'_>,
        code: &Code,
        entropy: &dyn Entropy,
    ) -> SealedCode {
        let random: [u8; 32] = array(entropy);
        let mac = self.macs.named_tag(DECOY, &[&bound(binding, &random)]);
        self.sealed(binding, code, &mac, entropy)
    }

    fn sealed(
        &self,
        binding: &CodeBinding<'_>,
        code: &Code,
        (key, mac): &(KeyId, [u8; 32]),
        entropy: &dyn Entropy,
    ) -> SealedCode {
        SealedCode {
            mac: Mac::new(key.as_str(), mac),
            sealed: self.seals.seal(entropy, &seal_context("code", binding.id), code.expose().as_bytes()),
        }
    }

    pub(super) fn open_code(&self, id: &ScopedId, sealed: &[u8]) -> Result<Code, NotOpened> {
        let opened = self.seals.open(&seal_context("code", id), sealed)?;
        let text = std::str::from_utf8(&opened).map_err(|_| NotOpened)?;
        Code::parse(text).map_err(|_| NotOpened)
    }

    pub(super) fn seal_route(&self, entropy: &dyn Entropy, id: &ScopedId, route: &Route) -> Vec<u8> {
        self.seals.seal(entropy, &seal_context("route", id), &encode_route(route))
    }

    pub(super) fn open_route(&self, id: &ScopedId, sealed: &[u8]) -> Result<Route, NotOpened> {
        let opened = self.seals.open(&seal_context("route", id), sealed)?;
        decode_route(&opened).ok_or(NotOpened)
    }

    pub(super) fn sign_grant(&self, grant: &Grant) -> SignedGrant {
        let bytes = encode_grant(grant);
        let (key, signature) = self.grants.sign(&bytes);
        let signed = Signed { key: key.as_str().to_owned(), grant: bytes, signature: signature.to_vec() };
        let text =
            SecretString::from(BASE64_URL_SAFE_NO_PAD.encode(codec::encode(SIGNED, &signed).as_slice()));
        SignedGrant { text, expires_at: grant.expires_at }
    }

    /// What a grant says, if its signature is ours.
    pub(super) fn verify_grant(&self, text: &str) -> Option<Grant> {
        let signed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let Signed { key, grant, signature } = codec::decode(SIGNED, &signed).ok()?;
        let is_ours = self.grants.verify(&KeyId::parse(&key).ok()?, &grant, &signature);
        if is_ours { decode_grant(&grant) } else { None }
    }

    /// The id by which notification recognises a message that is handed over twice, by the place of its destination.
    /// Nobody else can compute it, so nobody else's message can be taken for ours.
    pub(super) fn message_id(
        &self,
        id: &ScopedId,
        run_id: &RunId,
        message: &PendingMessage,
        place: usize,
    ) -> Uuid {
        let (number, sent_at) = (message.number.to_be_bytes(), message.sent_at.unix_micros().to_be_bytes());
        let (tenant, verification) = (id.scope.tenant.as_uuid(), id.verification.as_uuid());
        let nth = (place as u64).to_be_bytes();
        let parts: [&[u8]; 7] = [
            tenant.as_bytes(),
            id.scope.caller.as_str().as_bytes(),
            verification.as_bytes(),
            run_id.as_str().as_bytes(),
            &number,
            &sent_at,
            &nth,
        ];
        // The version before knew one destination and had no part for its place.
        let parts = if place == 0 { &parts[..6] } else { &parts[..] };
        id::from_digest(&self.macs.tag(MESSAGE, parts))
    }

    /// The id of the event that tells of the message's delivery after so many steps of its fallbacks.
    pub(super) fn delivery_event_id(&self, message_id: Uuid, step: u8) -> Uuid {
        id::from_digest(&self.macs.tag(DELIVERY_EVENT, &[message_id.as_bytes(), &[step]]))
    }

    /// A name for a destination in the keys of budgets: the same for every tenant, and no address to whoever lists
    /// them. After a rotation of the MAC key, destinations start with a fresh hour.
    pub(super) fn destination_name(&self, address: &str) -> String {
        hex::encode(&self.macs.tag(DESTINATION, &[address.as_bytes()])[..16])
    }

    /// What a verification may have for a standing, under every accepted key.
    pub(super) fn standings(&self, id: &ScopedId) -> Standings {
        let of = |kind: &[u8]| self.mac_set(STANDING, &[kind, &seal_context("standing", id)]);
        Standings { ordinary: of(b"ordinary"), spared: of(b"spared") }
    }

    /// The standing of a decoy: a MAC of random bytes, so that it has none.
    pub(super) fn decoy_standing(&self, id: &ScopedId, entropy: &dyn Entropy) -> Mac {
        let random: [u8; 32] = array(entropy);
        let (key, mac) = self.macs.named_tag(STANDING, &[&random, &seal_context("standing", id)]);
        Mac::new(key.as_str(), &mac)
    }

    fn mac_set(&self, label: &str, parts: &[&[u8]]) -> MacSet {
        let mut tags =
            self.macs.every_tag(label, parts).into_iter().map(|(key, tag)| Mac::new(key.as_str(), &tag));
        let active = tags.next().expect("the active key made one");
        MacSet { active, others: tags.collect() }
    }
}

/// A digest of what a grant is bound to.
pub(super) fn binding_digest(binding: &Binding) -> [u8; 32] {
    digest(&[b"rekey grant binding", binding.as_bytes()])
}

/// What a code is bound to, and the code, as the bytes under its MAC.
fn bound(binding: &CodeBinding<'_>, code: &[u8]) -> Zeroizing<Vec<u8>> {
    let CodeBinding { id, purpose, subject, transaction, run_id } = binding;
    let TenantScope { tenant, caller } = &id.scope;
    let scope = (tenant.as_uuid(), caller.as_str(), id.verification.as_uuid());
    let bound = (scope, purpose.as_str(), subject.as_str(), run_id.as_str(), code);
    match transaction {
        Some(transaction) => codec::encode(PAYMENT_BOUND, &(bound, encode_transaction(transaction))),
        None => codec::encode(BOUND, &bound),
    }
}

/// The associated data of a seal: it opens for this verification only.
fn seal_context(what: &str, id: &ScopedId) -> Zeroizing<Vec<u8>> {
    let TenantScope { tenant, caller } = &id.scope;
    codec::encode(SEAL_CONTEXT, &(what, tenant.as_uuid(), caller.as_str(), id.verification.as_uuid()))
}

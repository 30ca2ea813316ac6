//! Digests, seals and signatures, each with everything it is bound to.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rekey_primitives::clock::Timestamp;
use rekey_primitives::entropy::{Entropy, array};
use rekey_primitives::secret::{SecretString, Zeroizing};
use rekey_sealing::{AeadKeys, KeyId, MacKeys, NotOpened, SigningKeys, digest};
use uuid::Uuid;

use crate::domain::code::Code;
use crate::domain::encoding::{Reader, Writer};
use crate::domain::grant::Grant;
use crate::domain::names::{Binding, Purpose, Subject};
use crate::domain::route::Route;
use crate::domain::scope::{Generation, Place};
use crate::domain::tag::{Tag, Tags};
use crate::flows::check::CheckOrder;
use crate::store::KeptCode;

const CODE: &str = "rekey verification code";
const NOTHING: &str = "rekey verification decoy";
const REQUEST: &str = "rekey verification request";
const MESSAGE: &str = "rekey verification message";
const DESTINATION: &str = "rekey verification destination";
const SIGNED: &str = "rekey signed grant 1";

/// The keys of this service.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Digests.
    pub(crate) digests: MacKeys,
    /// Seals.
    pub(crate) seals: AeadKeys,
    /// Signatures of grants.
    pub(crate) grants: SigningKeys,
}

/// A grant with its text, as callers carry it.
#[derive(Debug, Clone)]
pub(crate) struct GivenGrant {
    /// The signed text.
    pub(crate) text: SecretString,
    /// When it dies.
    pub(crate) expires_at: Timestamp,
}

impl Keys {
    /// A content under every accepted key.
    pub(super) fn content(&self, parts: &[&[u8]]) -> Tags {
        self.tags(REQUEST, parts)
    }

    /// A code under every accepted key, bound to all that it must not be right for elsewhere.
    pub(super) fn typed(&self, order: &CheckOrder, generation: &Generation) -> Tags {
        let CheckOrder { place, purpose, subject, code, .. } = order;
        self.tags(CODE, &[&bound(place, purpose, subject, generation, code.expose().as_bytes())])
    }

    /// A code as it is kept. That of a decoy is the digest of nothing anybody could type.
    pub(super) fn keep(
        &self,
        code: &Code,
        decoy: bool,
        place: &Place,
        names: (&Purpose, &Subject),
        generation: &Generation,
        entropy: &dyn Entropy,
    ) -> KeptCode {
        let nothing: [u8; 32] = array(entropy);
        let (label, what) = if decoy { (NOTHING, &nothing[..]) } else { (CODE, code.expose().as_bytes()) };
        let digest = self.digests.tag(label, &[&bound(place, names.0, names.1, generation, what)]);
        KeptCode {
            tag: Tag::new(self.digests.active_id().as_str(), &digest),
            sealed: self.seals.seal(entropy, &sealed_for("code", place), code.expose().as_bytes()),
        }
    }

    /// The code that was kept.
    pub(super) fn open_code(&self, place: &Place, sealed: &[u8]) -> Result<Code, NotOpened> {
        let opened = self.seals.open(&sealed_for("code", place), sealed)?;
        let text = std::str::from_utf8(&opened).map_err(|_| NotOpened)?;
        Code::typed(text).map_err(|_| NotOpened)
    }

    /// Seals where messages go.
    pub(super) fn seal_route(&self, entropy: &dyn Entropy, place: &Place, route: &Route) -> Vec<u8> {
        self.seals.seal(entropy, &sealed_for("route", place), &route.encode())
    }

    /// Where messages go.
    pub(super) fn open_route(&self, place: &Place, sealed: &[u8]) -> Result<Route, NotOpened> {
        let opened = self.seals.open(&sealed_for("route", place), sealed)?;
        Route::decode(&opened).ok_or(NotOpened)
    }

    /// Signs a grant.
    pub(super) fn give(&self, grant: &Grant) -> GivenGrant {
        let payload = grant.encode();
        let (key, signature) = self.grants.sign(&payload);
        let signed = Writer::new(SIGNED).field(key.as_str()).field(&payload).field(signature).finish();
        let text = SecretString::from(BASE64_URL_SAFE_NO_PAD.encode(signed.as_slice()));
        GivenGrant { text, expires_at: grant.expires_at }
    }

    /// What a grant's text says, if we signed it.
    pub(super) fn verify_grant(&self, text: &str) -> Option<Grant> {
        let signed = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let mut fields = Reader::new(SIGNED, &signed)?;
        let key = KeyId::parse(fields.text()?).ok()?;
        let payload = fields.field()?;
        let signature = fields.field()?;
        let is_ours = fields.is_done() && self.grants.verify(&key, payload, signature);
        if is_ours { Grant::decode(payload) } else { None }
    }

    /// The id under which notification recognises a message handed over twice. Nobody else can compute it, so
    /// nobody else's message can be taken for ours.
    pub(super) fn message_id(
        &self,
        place: &Place,
        generation: &Generation,
        number: u32,
        sent_at: Timestamp,
    ) -> Uuid {
        let scope = &place.scope;
        let tag = self.digests.tag(
            MESSAGE,
            &[
                scope.tenant.as_uuid().as_bytes(),
                scope.caller.as_str().as_bytes(),
                place.id.as_uuid().as_bytes(),
                generation.as_str().as_bytes(),
                &number.to_be_bytes(),
                &sent_at.unix_micros().to_be_bytes(),
            ],
        );
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&tag[..16]);
        uuid::Builder::from_custom_bytes(bytes).into_uuid()
    }

    /// A name for a destination in the keys of budgets: the same for every tenant, and no address to whoever lists
    /// them. When the digest key rotates, destinations start with a fresh hour.
    pub(super) fn destination_name(&self, address: &str) -> String {
        let tag = self.digests.tag(DESTINATION, &[address.as_bytes()]);
        Uuid::from_slice(&tag[..16]).unwrap_or_default().simple().to_string()
    }

    fn tags(&self, label: &str, parts: &[&[u8]]) -> Tags {
        let active = self.digests.active_id();
        let others = self.digests.accepted().filter(|id| *id != active);
        Tags {
            active: Tag::new(active.as_str(), &self.digests.tag(label, parts)),
            others: others
                .filter_map(|id| Some(Tag::new(id.as_str(), &self.digests.tag_by(id, label, parts)?)))
                .collect(),
        }
    }
}

/// A digest of what a grant is bound to.
pub(super) fn binding_digest(binding: &Binding) -> [u8; 32] {
    digest(&[b"rekey grant binding", binding.as_bytes()])
}

/// Everything a code belongs to, and the code, as one part of a digest.
fn bound(
    place: &Place,
    purpose: &Purpose,
    subject: &Subject,
    generation: &Generation,
    what: &[u8],
) -> Zeroizing<Vec<u8>> {
    Writer::new("rekey code 1")
        .field(place.scope.tenant.as_uuid().as_bytes())
        .field(place.scope.caller.as_str())
        .field(purpose.as_str())
        .field(subject.as_str())
        .field(place.id.as_uuid().as_bytes())
        .field(generation.as_str())
        .field(what)
        .finish()
}

fn sealed_for(what: &str, place: &Place) -> Vec<u8> {
    Writer::new("rekey verification seal 1")
        .field(what)
        .field(place.scope.tenant.as_uuid().as_bytes())
        .field(place.scope.caller.as_str())
        .field(place.id.as_uuid().as_bytes())
        .finish()
        .to_vec()
}

//! From the wire into values that cannot be wrong: who is asking, and fields, of which every bad one is named at once.

use std::borrow::Cow;
use std::net::IpAddr;

use rekey_primitives::contact::{Destination, EmailAddress, PhoneNumber};
use rekey_primitives::id::{AccountId, RequestId, SecurityInfoId, SessionId, TenantId};
use rekey_primitives::locale::Locale;
use rekey_primitives::login::{LOGIN_CHARACTERS, Login};
use rekey_primitives::method::MethodKind;
use rekey_primitives::secret::{ExposeSecret, SecretString};
use rekey_primitives::text::{character_count, is_blank};
use rekey_runtime::TraceId;
use rekey_runtime::access::{Caller as Gated, Person as Signed, TokenState as SignedState};
use rekey_wire::identity::v1 as wire;
use rekey_wire::options::v1 as options;
use tonic::{Request, Status};

use super::refusal;
use crate::directory::Reach;
use crate::domain::account::CredentialEpoch;
use crate::domain::authority::Role;
use crate::domain::refusal::{FieldInvalid, Refusal};
use crate::domain::session::TokenState;
use crate::domain::tenant::display_name;
use crate::domain::totp::{Totp, TotpHash};
use crate::operation::{Administrator, Caller, Context, Homes, Owner, Person};
use crate::sessions::SESSIONS_MAX;
use crate::sign_in::ChallengeAnswer;
use crate::tokens::AskedPage;

/// Longest text of an etag, in bytes.
const ETAG_MAX: usize = 64;

/// Longest text of a token, in bytes.
const TOKEN_MAX: usize = 4 * 1024;

/// Longest password taken at all, in characters; the tenant's rules ask for less.
const PASSWORD_MAX: usize = 256;

/// Longest text that could be a `method_id`, in bytes.
const METHOD_ID_MAX: usize = 16;

/// Longest `User-Agent` kept, in code points.
const USER_AGENT_MAX: usize = 512;

/// Longest code, in characters.
const CODE_MAX: usize = 32;

/// Who is asking, as the gate let them pass.
pub(super) struct Asking {
    gated: Gated,
    homes: Homes,
    trace_id: Option<[u8; 16]>,
}

impl Asking {
    /// Takes a request apart. The gate puts the caller in; without one nothing is known, so nothing is allowed.
    pub(super) fn open<T>(request: Request<T>) -> Result<(Self, T), Status> {
        let (_, extensions, message) = request.into_parts();
        let caller = extensions.get::<Gated>().cloned();
        let gated = caller.ok_or_else(|| lacks("methods"))?;
        let trace_id = extensions.get::<TraceId>().and_then(TraceId::bytes);
        let homes = extensions.get::<Homes>().cloned().unwrap_or_default();
        Ok((Self { gated, homes, trace_id }, message))
    }

    /// The calling backend.
    pub(super) fn caller(&self) -> Caller {
        let gated = self.gated.clone();
        let reaches = move |tenant| gated.may_reach(tenant);
        Caller::new(self.gated.name().to_owned(), reaches).knowing(self.homes.clone())
    }

    /// The tenants it may name.
    pub(super) fn reach(&self) -> Reach {
        self.gated.tenants().map_or(Reach::Everywhere, Reach::Only)
    }

    /// Whether the caller may call this administrators' RPC in its own name.
    pub(super) fn may_administer(&self, path: &str) -> bool {
        self.gated.may_administer(path)
    }

    /// The person whose access token came along.
    pub(super) fn person(&self) -> Option<Person> {
        self.gated.person().map(person)
    }

    /// The person, where the contract demands one.
    pub(super) fn signed_in(&self) -> Result<Person, Status> {
        self.person().ok_or_else(|| lacks("methods"))
    }

    /// The person at their own account.
    pub(super) fn owner(&self, context: Context) -> Result<Owner, Status> {
        Ok(Owner { caller: self.caller(), person: self.signed_in()?, context })
    }

    /// Whoever administers: the person, or the backend in its own name.
    pub(super) fn administrator(&self, context: Context) -> Administrator {
        Administrator { caller: self.caller(), person: self.person(), context }
    }

    /// What is known of a call that carries no context of a person.
    pub(super) fn no_context(&self) -> Context {
        Context { trace_id: self.trace_id, ..Context::default() }
    }
}

/// What the entry of the caller does not allow.
fn lacks(missing: &'static str) -> Status {
    refusal::refused(&Refusal::CallerNotAllowed { missing })
}

fn person(signed: &Signed) -> Person {
    Person {
        backend: signed.backend.clone(),
        tenant_id: signed.tenant_id,
        account_id: signed.account_id,
        session_id: signed.session_id,
        epoch: CredentialEpoch(signed.epoch),
        roles: signed.roles.iter().filter_map(|name| Role::parse(name)).collect(),
        auth_time: signed.auth_time,
        token_expires_at: signed.token_expires_at,
        token_state: match signed.token_state {
            SignedState::Live => TokenState::Live,
            SignedState::Expired => TokenState::Expired,
            SignedState::Dead => TokenState::Dead,
        },
    }
}

/// The fields of one request, and what is wrong with them so far.
#[derive(Default)]
pub(crate) struct Fields {
    wrong: Vec<FieldInvalid>,
    /// The caller sent a context and may not.
    context_refused: bool,
}

impl Fields {
    /// The request, if every field of it was right. `build` puts it together from what the fields gave; it has all of
    /// it when nothing is wrong.
    pub(crate) fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, Status> {
        if self.context_refused {
            return Err(lacks("may_assert_context"));
        }
        match build() {
            Some(request) if self.wrong.is_empty() => Ok(request),
            _ => Err(refusal::refused(&Refusal::FieldsInvalid(self.wrong))),
        }
    }

    /// The same of a record among many: what was read, or the first field that is wrong.
    pub(super) fn finish_record<T>(mut self, build: impl FnOnce() -> Option<T>) -> Result<T, FieldInvalid> {
        let read = build();
        let wrong = (!self.wrong.is_empty()).then(|| self.wrong.swap_remove(0));
        match (read, wrong) {
            (Some(record), None) => Ok(record),
            (_, wrong) => Err(wrong.unwrap_or(FieldInvalid { field: "record".into(), must_be: "whole" })),
        }
    }

    /// Takes what was read, or notes what the field must be.
    pub(crate) fn take<T>(
        &mut self,
        field: impl Into<Cow<'static, str>>,
        read: Option<T>,
        must_be: &'static str,
    ) -> Option<T> {
        if read.is_none() {
            self.wrong.push(FieldInvalid { field: field.into(), must_be });
        }
        read
    }

    /// Notes what the field must be, unless it is.
    pub(crate) fn demand(&mut self, holds: bool, field: &'static str, must_be: &'static str) {
        self.take(field, holds.then_some(()), must_be);
    }

    pub(super) fn tenant_id(&mut self, text: &str) -> Option<TenantId> {
        self.take("tenant_id", TenantId::parse(text).ok(), "a UUID")
    }

    pub(super) fn account_id(&mut self, text: &str) -> Option<AccountId> {
        self.take("account_id", AccountId::parse(text).ok(), "a UUID")
    }

    pub(super) fn security_info_id(&mut self, text: &str) -> Option<SecurityInfoId> {
        self.take("security_info_id", SecurityInfoId::parse(text).ok(), "a UUID")
    }

    /// Sessions to end.
    pub(super) fn session_ids(&mut self, sent: &[String]) -> Option<Vec<SessionId>> {
        self.demand(sent.len() <= SESSIONS_MAX, "session_ids", "at most 100");
        let named = sent.iter().take(SESSIONS_MAX).enumerate();
        let read = named.map(|(index, text)| {
            self.take(format!("session_ids[{index}]"), SessionId::parse(text).ok(), "a UUID")
        });
        read.collect()
    }

    pub(super) fn request_id(&mut self, text: &str) -> Option<RequestId> {
        self.take("request_id", RequestId::parse(text).ok(), "a UUID")
    }

    /// The version that an etag stands for. One that is not of ours is of no version, which has changed since.
    pub(super) fn etag(&mut self, text: &str) -> Option<i64> {
        let given = (1..=ETAG_MAX).contains(&text.len()).then_some(text);
        let given = self.take("etag", given, "the etag that was read")?;
        let digits = given.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        Some(digits.and_then(|digits| i64::from_str_radix(digits, 16).ok()).unwrap_or_default())
    }

    /// The same where nothing need be sent.
    pub(super) fn optional_etag(&mut self, text: &str) -> Option<Option<i64>> {
        if text.is_empty() { Some(None) } else { self.etag(text).map(Some) }
    }

    /// What a person typed as a login; whether it is one, nobody is told here.
    pub(super) fn typed_login(&mut self, text: String) -> Option<String> {
        let fits = (1..=LOGIN_CHARACTERS).contains(&character_count(&text));
        self.take("login", fits.then_some(text), "1 to 256 characters")
    }

    /// A name that is shown; the refusal says what is wrong with it.
    pub(crate) fn display_name(&mut self, field: &'static str, text: &str) -> Option<String> {
        match display_name(text) {
            Ok(()) => Some(text.to_owned()),
            Err(must_be) => self.take(field, None, must_be),
        }
    }

    /// A login that must be one.
    pub(crate) fn login(&mut self, field: impl Into<Cow<'static, str>>, text: &str) -> Option<Login> {
        self.take(
            field,
            Login::parse(text).ok(),
            "a login of at most 256 characters, by RFC 8265 or an e-mail address",
        )
    }

    /// A password, old or new.
    pub(super) fn password(&mut self, field: &'static str, text: String) -> Option<SecretString> {
        let fits = (1..=PASSWORD_MAX).contains(&character_count(&text));
        self.secret(field, text, fits, "1 to 256 characters")
    }

    /// What a person answers to a challenge: one of three. Which of them was asked for, the challenge says.
    pub(super) fn answer(
        &mut self,
        new_password: String,
        verdict: i32,
        factor: Option<wire::SecondFactor>,
    ) -> Option<ChallengeAnswer> {
        use wire::SecurityInfoVerdict as Verdict;
        if let Some(factor) = factor {
            let is_alone = new_password.is_empty() && verdict == i32::from(Verdict::Unspecified);
            self.demand(is_alone, "second_factor", "alone, without another answer");
            return self.second_factor(factor);
        }
        let is_still_right = match Verdict::try_from(verdict) {
            Ok(Verdict::Unspecified) if new_password.is_empty() => {
                for field in ["new_password", "security_info_verdict", "second_factor"] {
                    self.demand(false, field, "given where the challenge asks for it");
                }
                return None;
            }
            Ok(Verdict::Unspecified) => {
                return self.password("new_password", new_password).map(ChallengeAnswer::NewPassword);
            }
            Ok(Verdict::StillRight) => Some(true),
            Ok(Verdict::NeedsChange) => Some(false),
            Err(_) => None,
        };
        self.demand(new_password.is_empty(), "new_password", "absent beside a verdict on security info");
        let said = self.take("security_info_verdict", is_still_right, "one of the published verdicts");
        said.map(|is_still_right| ChallengeAnswer::SecurityInfo { is_still_right })
    }

    fn second_factor(&mut self, sent: wire::SecondFactor) -> Option<ChallengeAnswer> {
        use wire::second_factor::Factor;
        let (field, kind, code) = match sent.factor {
            Some(Factor::AuthenticatorCode(code)) => {
                ("second_factor.authenticator_code", MethodKind::Authenticator, code)
            }
            Some(Factor::RecoveryCode(code)) => {
                ("second_factor.recovery_code", MethodKind::RecoveryCode, code)
            }
            Some(Factor::PasskeyCredentialJson(json)) => {
                let response = self.passkey_response("second_factor.passkey_credential_json", json);
                return response.map(|response| ChallengeAnswer::Passkey(Box::new(response)));
            }
            Some(Factor::SentCode(code)) => {
                return self.code_in("second_factor.sent_code", code).map(ChallengeAnswer::SentCode);
            }
            None => return self.take("second_factor", None, "one of the published factors"),
        };
        self.code_in(field, code).map(|code| ChallengeAnswer::SecondFactor { kind, code })
    }

    /// An authenticator to add.
    pub(super) fn authenticator(&mut self, sent: &wire::NewAuthenticator) -> Option<Totp> {
        use wire::AuthenticatorHash as Hash;
        let hash = match Hash::try_from(sent.hash) {
            Ok(Hash::Unspecified | Hash::Sha1) => Some(TotpHash::Sha1),
            Ok(Hash::Sha256) => Some(TotpHash::Sha256),
            Ok(Hash::Sha512) => Some(TotpHash::Sha512),
            Err(_) => None,
        };
        let digits = match sent.digits {
            0 | 6 => Some(6),
            8 => Some(8),
            _ => None,
        };
        let hash = self.take("authenticator.hash", hash, "one of the published hashes");
        let digits = self.take("authenticator.digits", digits, "6 or 8");
        Some(Totp { hash: hash?, digits: digits? })
    }

    /// A token of ours; what is none of them is the use case's to refuse.
    pub(super) fn token(&mut self, field: &'static str, text: String) -> Option<SecretString> {
        let fits = (1..=TOKEN_MAX).contains(&text.len());
        self.secret(field, text, fits, "a token of at most 4096 bytes")
    }

    /// A token that may be missing: the outer option says whether it was right, the inner one whether it was there.
    pub(super) fn optional_token(
        &mut self,
        field: &'static str,
        text: String,
    ) -> Option<Option<SecretString>> {
        if text.is_empty() { Some(None) } else { self.token(field, text).map(Some) }
    }

    /// A position in a reset; which there are, the reset says.
    pub(super) fn method_id(&mut self, text: String) -> Option<String> {
        let fits = (1..=METHOD_ID_MAX).contains(&text.len());
        self.take("method_id", fits.then_some(text), "one of the offered methods")
    }

    /// A code as it was typed.
    pub(super) fn code(&mut self, text: String) -> Option<SecretString> {
        self.code_in("code", text)
    }

    fn code_in(&mut self, field: &'static str, text: String) -> Option<SecretString> {
        let shown = text.chars().filter(|c| !is_blank(*c)).take(CODE_MAX + 1).count();
        let fits = (1..=CODE_MAX).contains(&shown);
        self.secret(field, text, fits, "1 to 32 characters")
    }

    fn secret(
        &mut self,
        field: &'static str,
        text: String,
        fits: bool,
        must_be: &'static str,
    ) -> Option<SecretString> {
        // Made a secret before it is judged, so that it is wiped either way.
        let secret = SecretString::from(text);
        self.take(field, fits.then_some(secret), must_be)
    }

    /// Where a page begins and how long it is.
    pub(super) fn page(&mut self, size: i32, token: String) -> Option<AskedPage> {
        let size = self.take("page_size", u32::try_from(size).ok(), "0 or more");
        let token = Some(SecretString::from(token)).filter(|token| !token.expose_secret().is_empty());
        Some(AskedPage { size: size?, token })
    }

    /// One address of the contract's two kinds.
    pub(super) fn address(&mut self, address: Option<wire::SecurityInfoAddress>) -> Option<Destination> {
        use wire::security_info_address::Address;
        match address.and_then(|address| address.address) {
            Some(Address::EmailAddress(text)) => self.email("address.email_address", &text),
            Some(Address::PhoneNumber(text)) => self.phone("address.phone_number", &text),
            None => self.take("address", None, "an e-mail address or a phone number"),
        }
    }

    pub(super) fn email(&mut self, field: impl Into<Cow<'static, str>>, text: &str) -> Option<Destination> {
        let address = EmailAddress::parse(text).ok().map(Destination::Email);
        self.take(field, address, "an e-mail address of at most 254 bytes")
    }

    pub(super) fn phone(&mut self, field: impl Into<Cow<'static, str>>, text: &str) -> Option<Destination> {
        // Decoys have numbers that nobody can have; a person's must be one that somebody can.
        let number =
            PhoneNumber::parse(text).ok().filter(|number| !number.is_nobodys()).map(Destination::Phone);
        self.take(field, number, "a phone number in E.164, such as +15005550100")
    }

    /// A role of the contract.
    pub(super) fn role(&mut self, number: i32) -> Option<Role> {
        self.role_in("role", number)
    }

    /// The same in another field.
    pub(super) fn role_in(&mut self, field: &'static str, number: i32) -> Option<Role> {
        let named = options::Role::try_from(number).ok().filter(|role| *role != options::Role::Unspecified);
        let role = named.and_then(|role| Role::parse(&rekey_wire::access::role_word(role)));
        self.take(field, role, "one of the published roles")
    }

    /// Where the person is, as the caller says; a caller that may not say so is refused.
    pub(super) fn context(&mut self, asking: &Asking, sent: Option<wire::RequestContext>) -> Option<Context> {
        let Some(sent) = sent else { return Some(asking.no_context()) };
        let says_something =
            [&sent.ip_address, &sent.user_agent, &sent.locale].iter().any(|text| !text.is_empty());
        if says_something && !asking.gated.may_assert_context() {
            self.context_refused = true;
            return None;
        }
        let ip = self.optional("context.ip_address", &sent.ip_address, |text| text.parse::<IpAddr>().ok(), {
            "an IPv4 or IPv6 address"
        });
        let locale = self.optional("context.locale", &sent.locale, |text| Locale::parse(text).ok(), {
            "a BCP 47 language tag"
        });
        let user_agent = Some(sent.user_agent).filter(|text| !text.is_empty());
        Some(Context {
            ip: ip?,
            user_agent: user_agent.map(|text| text.chars().take(USER_AGENT_MAX).collect()),
            locale: locale?,
            trace_id: asking.trace_id,
        })
    }

    /// A field that may be empty: the outer option says whether it was right, the inner one whether it was there.
    pub(super) fn optional<T>(
        &mut self,
        field: &'static str,
        text: &str,
        read: impl FnOnce(&str) -> Option<T>,
        must_be: &'static str,
    ) -> Option<Option<T>> {
        if text.is_empty() { Some(None) } else { self.take(field, read(text), must_be).map(Some) }
    }
}

#[cfg(test)]
mod tests;

//! The parts that use cases borrow, and the use cases put together of them.

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::clock::SharedClock;
use rekey_primitives::entropy::SharedEntropy;
use rekey_primitives::method::MethodKind;
use rekey_throttle::Throttle;

use crate::administration::Administration;
use crate::audit::{Audit, AuditBuffer};
use crate::audit_log::AuditLog;
use crate::audit_log::webhooks::Webhooks;
use crate::authorisation::Authorisation;
use crate::config::Settings;
use crate::credentials::Credentials;
use crate::directory::{DeletedLife, Directory};
use crate::domain::audit::commitment::Sealer;
use crate::domain::webhook::url::UrlRules;
use crate::grpc::{UseCases, WatchSettings};
use crate::hashing::Hasher;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::notices::Notices;
use crate::operation::Homes;
use crate::operation::idempotency::Idempotency;
use crate::passwords::{ExpiryNotices, Passwords};
use crate::peers::Verification;
use crate::policies::Policies;
use crate::resets::help::Help;
use crate::resets::{MethodShares, Resets};
use crate::response_timing::ResponseTiming;
use crate::security_info::SecurityInfoEntries;
use crate::sessions::Sessions;
use crate::sign_in::SignIns;
use crate::store::Store;
use crate::tokens::Tokens;

/// What everything is made of.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) verification: Arc<dyn Verification>,
    pub(crate) hasher: Hasher,
    /// Fails closed: resets stop while it is away.
    pub(crate) strict_throttle: Arc<dyn Throttle>,
    /// Goes on with this process's share: sign-in does not stop.
    pub(crate) lenient_throttle: Arc<dyn Throttle>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) clock: SharedClock,
    pub(crate) entropy: SharedEntropy,
    pub(crate) audit_buffer: Arc<AuditBuffer>,
    /// Which tenants are at home in other regions.
    pub(crate) homes: Homes,
    /// What is left of the time of the call under way; `None` outside a call.
    pub(crate) remaining: fn() -> Option<Duration>,
}

impl Parts {
    /// What the RPCs are answered by.
    pub(crate) fn use_cases(&self) -> UseCases {
        UseCases {
            resets: self.resets(),
            help: self.help(),
            sign_ins: self.sign_ins(),
            sessions: self.sessions(),
            passwords: self.passwords(),
            security_info: self.security_info(),
            directory: self.directory(),
            administration: self.administration(),
            audit_log: self.audit_log(),
            watching: self.watching(),
            webhooks: self.webhooks(),
        }
    }

    pub(crate) fn audit_log(&self) -> AuditLog {
        AuditLog { store: self.store.clone(), authorisation: self.authorisation(), tokens: self.tokens() }
    }

    fn webhooks(&self) -> Webhooks {
        Webhooks {
            store: self.store.clone(),
            keys: Arc::clone(&self.keys),
            entropy: Arc::clone(&self.entropy),
            audit: self.audit(),
            authorisation: self.authorisation(),
            idempotency: self.idempotency(),
            tokens: self.tokens(),
            urls: self.webhook_urls(),
        }
    }

    pub(super) fn webhook_urls(&self) -> UrlRules {
        UrlRules { allow_http: !self.settings.production, guard: self.settings.webhooks.guard() }
    }

    fn watching(&self) -> WatchSettings {
        let audit = &self.settings.audit;
        WatchSettings {
            poll: Duration::from_millis(audit.watch_poll_ms),
            heartbeat: Duration::from_millis(audit.watch_heartbeat_ms),
            watchers: audit.watchers,
        }
    }

    fn resets(&self) -> Resets {
        Resets {
            store: self.store.clone(),
            verification: Arc::clone(&self.verification),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            keys: Arc::clone(&self.keys),
            tokens: self.tokens(),
            credentials: self.credentials(),
            policies: self.policies(),
            limits: self.limits(),
            notices: self.notices(),
            audit: self.audit(),
            idempotency: self.idempotency(),
            timing: self.timing(),
            shares: MethodShares::new(self.store.clone(), self.settings.resets.shares_life()),
            portal_url: self.settings.portal_url.clone(),
        }
    }

    pub(crate) fn help(&self) -> Help {
        Help {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            keys: Arc::clone(&self.keys),
            tokens: self.tokens(),
            policies: self.policies(),
            limits: self.limits(),
            notices: self.notices(),
            audit: self.audit(),
            idempotency: self.idempotency(),
            timing: self.timing(),
        }
    }

    fn sign_ins(&self) -> SignIns {
        SignIns {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            keys: Arc::clone(&self.keys),
            tokens: self.tokens(),
            credentials: self.credentials(),
            policies: self.policies(),
            limits: self.limits(),
            notices: self.notices(),
            audit: self.audit(),
            idempotency: self.idempotency(),
            timing: self.timing(),
            verification: Arc::clone(&self.verification),
        }
    }

    pub(crate) fn sessions(&self) -> Sessions {
        Sessions {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            tokens: self.tokens(),
            policies: self.policies(),
            notices: self.notices(),
            audit: self.audit(),
            idempotency: self.idempotency(),
        }
    }

    fn passwords(&self) -> Passwords {
        Passwords {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            keys: Arc::clone(&self.keys),
            tokens: self.tokens(),
            credentials: self.credentials(),
            policies: self.policies(),
            limits: self.limits(),
            notices: self.notices(),
            audit: self.audit(),
            idempotency: self.idempotency(),
            resets: self.resets(),
            sign_ins: self.sign_ins(),
        }
    }

    pub(crate) fn expiry_notices(&self) -> ExpiryNotices {
        ExpiryNotices {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            policies: self.policies(),
            notices: self.notices(),
        }
    }

    fn security_info(&self) -> SecurityInfoEntries {
        SecurityInfoEntries {
            store: self.store.clone(),
            verification: Arc::clone(&self.verification),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            keys: Arc::clone(&self.keys),
            credentials: self.credentials(),
            policies: self.policies(),
            notices: self.notices(),
            audit: self.audit(),
            authorisation: self.authorisation(),
            idempotency: self.idempotency(),
            tokens: self.tokens(),
        }
    }

    pub(crate) fn directory(&self) -> Directory {
        Directory {
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            tokens: self.tokens(),
            credentials: self.credentials(),
            limits: self.limits(),
            policies: self.policies(),
            audit: self.audit(),
            authorisation: self.authorisation(),
            idempotency: self.idempotency(),
            deleted_life: DeletedLife(self.settings.directory.deleted_life()),
            homes: self.homes.clone(),
        }
    }

    /// What the chain of the log is sealed with.
    pub(crate) fn sealer(&self) -> Sealer {
        self.keys.sealer(&self.entropy)
    }

    pub(crate) fn administration(&self) -> Administration {
        Administration {
            store: self.store.clone(),
            keys: Arc::clone(&self.keys),
            entropy: Arc::clone(&self.entropy),
            credentials: self.credentials(),
            policies: self.policies(),
            limits: self.limits(),
            notices: self.notices(),
            audit: self.audit(),
            authorisation: self.authorisation(),
            verification: Arc::clone(&self.verification),
            tokens: self.tokens(),
            idempotency: self.idempotency(),
            portal_url: self.settings.portal_url.clone(),
            bulk: self.settings.bulk_resets.clone(),
        }
    }

    pub(crate) fn tokens(&self) -> Tokens {
        Tokens {
            keys: Arc::clone(&self.keys),
            entropy: Arc::clone(&self.entropy),
            settings: self.settings.tokens.clone(),
        }
    }

    fn credentials(&self) -> Credentials {
        Credentials {
            store: self.store.clone(),
            keys: Arc::clone(&self.keys),
            hasher: self.hasher.clone(),
            entropy: Arc::clone(&self.entropy),
            audit: self.audit(),
            relying_party: self.settings.passkeys.relying_party().map(Arc::new),
            patience: Duration::from_millis(self.settings.hashing.patience_ms),
            remaining: self.remaining,
        }
    }

    fn policies(&self) -> Policies {
        let mut carried_kinds = self.settings.resets.kinds();
        if self.settings.passkeys.relying_party().is_some() {
            carried_kinds.insert(MethodKind::Passkey);
        }
        Policies { store: self.store.clone(), carried_kinds }
    }

    fn limits(&self) -> Limits {
        Limits {
            strict: Arc::clone(&self.strict_throttle),
            lenient: Arc::clone(&self.lenient_throttle),
            settings: self.settings.limits.clone(),
            audit: self.audit(),
        }
    }

    fn notices(&self) -> Notices {
        Notices {
            store: self.store.clone(),
            keys: Arc::clone(&self.keys),
            entropy: Arc::clone(&self.entropy),
            life: Duration::from_secs(self.settings.notices.life_seconds),
        }
    }

    pub(crate) fn audit(&self) -> Audit {
        Audit {
            buffer: Arc::clone(&self.audit_buffer),
            store: self.store.clone(),
            entropy: Arc::clone(&self.entropy),
        }
    }

    pub(crate) fn authorisation(&self) -> Authorisation {
        Authorisation { store: self.store.clone(), audit: self.audit(), clock: Arc::clone(&self.clock) }
    }

    fn idempotency(&self) -> Idempotency {
        Idempotency {
            store: self.store.clone(),
            keys: Arc::clone(&self.keys),
            entropy: Arc::clone(&self.entropy),
            life: Duration::from_secs(self.settings.tokens.answer_life_seconds),
        }
    }

    fn timing(&self) -> ResponseTiming {
        ResponseTiming { floor: self.settings.answer_floor() }
    }
}

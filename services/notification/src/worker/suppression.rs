//! What is asked of a message's address before anybody is given the message, and where reports of it are to go.
//!
//! Suppression is looked up here and not when a message is accepted: a caller that was told at once would learn which
//! addresses bounce. A decoy is asked about like a message, so that both end alike for one address. Where the list cannot be
//! asked nothing is sent: the message waits.

use std::collections::BTreeSet;

use crate::domain::destination::{Channel, Destination};

use super::dispatch::Dispatcher;
use crate::domain::delivery::Outcome;
use crate::domain::lane::Lane;
use crate::domain::suppression::{AddressHash, Candidate};
use crate::domain::template::TemplateName;
use crate::payload::{Payload, PayloadRow};
use crate::providers::{ConfiguredProvider, Outgoing};
use crate::receipt_keys::ReceiptKeys;
use crate::store::{Claim, Lease, SuppressedAddress, in_time};

/// By what addresses are known and messages named to others.
#[derive(Debug, Clone)]
pub(crate) struct Correspondence {
    pub(crate) keys: ReceiptKeys,
    /// The domain that bounces are addressed to; without one they go to the sender.
    pub(crate) return_path_domain: Option<String>,
    /// Where gateways reach us, without a slash at the end.
    pub(crate) callback_url: Option<String>,
    /// The gateways whose reports can be verified.
    pub(crate) callback_providers: BTreeSet<String>,
}

impl Correspondence {
    /// Where reports of a message that this provider carries go, if they can.
    fn report_to(&self, lease: Lease, provider: &str, channel: Channel) -> Option<String> {
        let token = || self.keys.token(lease.tenant_id, lease.id);
        match channel {
            Channel::Email => {
                self.return_path_domain.as_ref().map(|domain| format!("bounce+{}@{domain}", token()))
            }
            Channel::Sms => {
                let url =
                    self.callback_url.as_ref().filter(|_| self.callback_providers.contains(provider))?;
                Some(format!("{url}/receipts/sms/{provider}?message={}", token()))
            }
            // Its answer says all there is to say.
            Channel::Webhook => None,
        }
    }
}

impl Dispatcher {
    /// Where reports of a message that this provider carries go.
    pub(super) fn report_to(
        &self,
        lease: Lease,
        provider: &ConfiguredProvider,
        to: &Destination,
    ) -> Option<String> {
        self.correspondence.as_ref()?.report_to(lease, &provider.name, to.channel())
    }

    /// What is kept of the address of a message of which somebody may report.
    pub(super) fn reported_address(&self, lease: Lease, outgoing: &Outgoing) -> Option<AddressHash> {
        outgoing.report_to.as_ref()?;
        Some(self.correspondence.as_ref()?.keys.address_hash(lease.tenant_id, &outgoing.destination))
    }

    /// How a message ends that must not go to its address, or that waits because nobody can say; none where it may go.
    pub(super) async fn stopped(&self, lane: Lane, claim: &Claim, to: &Destination) -> Option<Outcome> {
        let keys = &self.correspondence.as_ref()?.keys;
        if to.channel() == Channel::Webhook {
            return None;
        }
        let tenant_id = claim.lease.tenant_id;
        let address =
            SuppressedAddress { channel: to.channel(), address_hash: keys.address_hash(tenant_id, to) };
        let candidate = Candidate { lane, template: TemplateName::parse(&claim.template) };
        let now = self.clock.now();
        match in_time(self.store.stopped_by(tenant_id, &address, candidate, now)).await {
            Ok(reason) => reason.map(|reason| Outcome::Suppressed { reason }),
            Err(failure) => {
                tracing::warn!(error = %failure, "cannot look whether the address is suppressed");
                Some(self.postponed(claim, now))
            }
        }
    }

    /// The same for a decoy, whose payload nobody else opens. One that does not open has no address to ask about.
    pub(super) async fn decoy_stopped(&self, lane: Lane, claim: &Claim) -> Option<Outcome> {
        self.correspondence.as_ref()?;
        let row = PayloadRow { tenant_id: claim.lease.tenant_id, id: claim.lease.id };
        let template = TemplateName::parse(&claim.template)?;
        let payload = Payload::open(&self.keys, row, template, &claim.payload).ok()?;
        self.stopped(lane, claim, payload.destination_after(claim.fallbacks_used)).await
    }
}

#[cfg(test)]
mod tests {
    use rekey_primitives::id::NotificationId;

    use super::*;
    use crate::fixtures::{NOW, entropy, receipt_keys, tenant};

    fn correspondence() -> Correspondence {
        Correspondence {
            keys: receipt_keys(),
            return_path_domain: Some("bounces.example.com".to_owned()),
            callback_url: Some("https://id.example.com".to_owned()),
            callback_providers: BTreeSet::from(["texts".to_owned()]),
        }
    }

    fn lease() -> Lease {
        let id = NotificationId::generate(entropy().as_ref(), NOW);
        Lease { tenant_id: tenant(), id, created_at: NOW, fence: 1, in_doubt: false }
    }

    #[test]
    fn every_mail_has_a_return_path_of_its_own_that_an_address_may_be() {
        let path = correspondence().report_to(lease(), "relay", Channel::Email).unwrap();

        let (local, domain) = path.split_once('@').unwrap();
        let token = local.strip_prefix("bounce+").unwrap();
        assert_eq!(domain, "bounces.example.com");
        assert!(local.len() <= 64 && receipt_keys().open(token).is_some(), "{path}");
    }

    #[test]
    fn a_gateway_is_asked_to_report_only_where_its_reports_can_be_verified() {
        let url = correspondence().report_to(lease(), "texts", Channel::Sms).unwrap();
        let other = correspondence().report_to(lease(), "other", Channel::Sms);
        let nowhere = Correspondence { callback_url: None, ..correspondence() };

        let token = url.strip_prefix("https://id.example.com/receipts/sms/texts?message=").unwrap();
        assert!(receipt_keys().open(token).is_some());
        assert_eq!(other, None);
        assert_eq!(nowhere.report_to(lease(), "texts", Channel::Sms), None);
    }

    #[test]
    fn without_a_domain_for_them_bounces_go_where_they_went() {
        let without = Correspondence { return_path_domain: None, ..correspondence() };

        assert_eq!(without.report_to(lease(), "relay", Channel::Email), None);
    }
}

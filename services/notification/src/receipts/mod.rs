//! What others report of messages after they were handed over: bounces and complaints by LMTP, status callbacks of gateways
//! by HTTP.
//!
//! Whoever reports names the message by a token that was made for it, so a report cannot be forged and needs no look-up table.
//! It is never answered by a message, only by a reply of its protocol, and hearing it twice changes nothing.
//!
//! | File | Does |
//! |---|---|
//! | `mail_report` | reads a mail as a report: RFC 3464, RFC 5965, or a bounce without structure |
//! | `lmtp` | the port that a mail server delivers them to (RFC 2033) |
//! | `callbacks` | the port that gateways post to |

pub(crate) mod callbacks;
pub(crate) mod lmtp;
mod mail_report;

use std::time::Duration;

use rekey_primitives::clock::SharedClock;

use crate::domain::destination::Channel;
use crate::domain::receipt::{Report, SuppressionLives};
use crate::metrics;
use crate::receipt_keys::{ReceiptKeys, ReceiptToken};
use crate::store::{Failure, ReceiptOutcome, Reported, Store, in_time};

/// Takes reports, whatever way they come.
#[derive(Clone)]
pub(crate) struct Receipts {
    pub(crate) store: Store,
    pub(crate) keys: ReceiptKeys,
    pub(crate) lives: SuppressionLives,
    /// How long after it was accepted a message is reported of.
    pub(crate) life: Duration,
    pub(crate) clock: SharedClock,
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The message shows it, now or already.
    Taken,
    /// There is no such message, or it was purged.
    UnknownMessage,
    /// It comes too late.
    Expired,
}

/// Why a report moved nothing, as the metric says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum Ignored {
    UnknownMessage,
    Expired,
    Forged,
    NoReport,
    TooLarge,
    Malformed,
}

impl Ignored {
    fn count(self, channel: Channel) {
        metrics::REPORTS_IGNORED.add(1, [channel.as_str(), self.into()]);
    }
}

impl Receipts {
    /// Reads a token, unless it was not made here.
    fn open(&self, token: &str) -> Option<ReceiptToken> {
        self.keys.open(token)
    }

    /// Records what is reported of the message that a token names.
    async fn take(&self, token: &ReceiptToken, channel: Channel, report: &Report) -> Result<Heard, Failure> {
        let now = self.clock.now();
        if now.since(token.accepted_at()) > self.life {
            Ignored::Expired.count(channel);
            return Ok(Heard::Expired);
        }
        let tenant_id = token.tenant_id();
        let candidates = in_time(self.store.accepted_in(tenant_id, token.millisecond())).await?;
        let Some(id) = candidates.into_iter().find(|id| self.keys.names(token, *id)) else {
            Ignored::UnknownMessage.count(channel);
            return Ok(Heard::UnknownMessage);
        };
        let reported = Reported { tenant_id, id, channel };
        let outcome = in_time(self.store.record_receipt(reported, report, self.lives, now)).await?;
        match outcome {
            ReceiptOutcome::NotFound => {
                Ignored::UnknownMessage.count(channel);
                return Ok(Heard::UnknownMessage);
            }
            ReceiptOutcome::Known => {}
            ReceiptOutcome::Recorded { suppressed } => {
                let class = report.class(channel);
                tracing::info!(
                    notification_id = %id,
                    %tenant_id,
                    state = report.state.as_str(),
                    class = class.as_str(),
                    detail = report.detail.as_str(),
                    "a receipt came"
                );
                metrics::RECEIPTS.add(1, [channel.as_str(), report.state.as_str(), class.as_str()]);
                if let Some(reason) = suppressed {
                    metrics::SUPPRESSIONS.add(1, [channel.as_str(), reason.as_str()]);
                }
            }
        }
        Ok(Heard::Taken)
    }
}

#[cfg(test)]
mod tests;

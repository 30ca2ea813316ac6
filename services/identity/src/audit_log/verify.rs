//! Following the chain of a log, a portion a call.

use rekey_primitives::id::TenantId;
use rekey_primitives::secret::SecretString;

use super::{AuditLog, VERIFY};
use crate::domain::audit::chain::{ChainBreak, ChainPlace, Walk};
use crate::domain::audit::erasure;
use crate::domain::scope::TenantScope;
use crate::operation::{Administrator, Error};
use crate::tokens::{AskedPage, List};

/// How many events are read at once; what was moved is looked for among as many.
const BATCH: u32 = 1_000;

/// How many batches one call follows: a second or two.
const BATCHES: usize = 10;

/// How far a chain was followed.
#[derive(Debug, Clone)]
pub(crate) struct Verified {
    pub broken: Option<ChainBreak>,
    /// The oldest event that is kept.
    pub first_position: i64,
    /// The last event that held.
    pub at: ChainPlace,
    /// In how many of the events that this call followed something is erased.
    pub erased_events: u64,
    /// Leads on; `None` at the end.
    pub next: Option<SecretString>,
}

/// The position that a walk reached, and its link.
type Reached = (i64, Option<[u8; 32]>);

/// How a portion of a walk ended.
enum Portion {
    /// There is more.
    GoesOn,
    /// At the end of the chain, or at a break.
    Over(Option<ChainBreak>),
}

impl AuditLog {
    /// Follows the chain of a tenant's log from its oldest event, or from where the call before ended.
    pub(crate) async fn verify(
        &self,
        administrator: &Administrator,
        tenant_id: TenantId,
        token: Option<&SecretString>,
    ) -> Result<Verified, Error> {
        let operation = self.judged(VERIFY, administrator, tenant_id).await?;
        let tenant = tenant_id.as_uuid();
        let list = List { name: "walk of a chain", arguments: &[tenant.as_bytes()] };
        let asked = AskedPage { token: token.cloned(), ..AskedPage::default() };
        let begins: Option<Reached> = self.tokens.search_goes_on_at(list, &asked, operation.now)?;
        let begins = begins.map(|(position, link)| ChainPlace { position, link });
        let forgotten = self.store.chain_ends(&operation.scope).await?.forgotten;
        let mut walk = Walk::from(later(begins, forgotten));
        let portion = self.follow(&operation.scope, &mut walk).await?;
        let next = matches!(portion, Portion::GoesOn).then(|| {
            let reached: Reached = (walk.at.position, walk.at.link);
            self.tokens.search_page_token(list, reached, operation.now)
        });
        let broken = match portion {
            Portion::GoesOn => None,
            Portion::Over(broken) => broken,
        };
        let Walk { at, erased_events } = walk;
        Ok(Verified { broken, first_position: forgotten.position + 1, at, erased_events, next })
    }

    async fn follow(&self, scope: &TenantScope, walk: &mut Walk) -> Result<Portion, Error> {
        let last = self.store.chain_ends(scope).await?.last;
        for _ in 0..BATCHES {
            let rows = self.store.chain_behind(scope, walk.at.position, last.position, BATCH).await?;
            let is_end = rows.len() < BATCH as usize;
            let erased = self.store.told_erased(scope, &erasure::claimed(&rows)).await?;
            let followed = walk.follow(&rows, rekey_sealing::digest, &erased);
            let followed = followed.and_then(|()| if is_end { walk.ends_at(last) } else { Ok(()) });
            match followed {
                Ok(()) if is_end => return Ok(Portion::Over(None)),
                Ok(()) => {}
                Err(broken) => match self.forgotten_meanwhile(scope, broken).await? {
                    Some(forgotten) => walk.at = forgotten,
                    None => return Ok(Portion::Over(Some(broken))),
                },
            }
        }
        Ok(Portion::GoesOn)
    }

    /// Where the chain begins now, if what is missing was forgotten by policy since the walk began.
    async fn forgotten_meanwhile(
        &self,
        scope: &TenantScope,
        broken: ChainBreak,
    ) -> Result<Option<ChainPlace>, Error> {
        let ChainBreak::Missing { from, .. } = broken else { return Ok(None) };
        let forgotten = self.store.chain_ends(scope).await?.forgotten;
        Ok(Some(forgotten).filter(|forgotten| forgotten.position >= from))
    }
}

/// Where to begin: what was forgotten meanwhile cannot be followed.
fn later(begins: Option<ChainPlace>, forgotten: ChainPlace) -> ChainPlace {
    begins.filter(|begins| begins.position >= forgotten.position).unwrap_or(forgotten)
}

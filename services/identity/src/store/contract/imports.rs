//! Imports: a chunk is taken once, in its turn and whole.

use rekey_primitives::id::EventId;
use rekey_primitives::login::Login;

use super::world::{NOW, World, after, idempotent};
use crate::domain::account::Account;
use crate::domain::account_import::{
    AccountImport, ChunkReport, Draft, DuplicateHandling, Flaw, ImportId, ImportOptions, ImportState,
    OPEN_IMPORTS_MAX, RejectionReason,
};
use crate::domain::audit::{AuditEvent, EventKind};
use crate::domain::group::{Group, GroupId};
use crate::domain::scope::TenantScope;
use crate::store::accounts::AccountKey;
use crate::store::imports::{ChunkRefused, EndImport, NewChunk, NotBegun, NotEnded};
use crate::store::{IdempotentRequest, StepOutcome};

const REJECTING: ImportOptions =
    ImportOptions { duplicates: DuplicateHandling::Reject, confirmations_trusted: false, dry_run: false };

impl World {
    async fn begin(&self, scope: &TenantScope, options: ImportOptions) -> Result<AccountImport, NotBegun> {
        let id = ImportId::generate(self.entropy(), NOW);
        let import = AccountImport::new(id, scope.tenant_id(), "a file".to_owned(), options, NOW);
        let event = self.event(scope, EventKind::Import);
        let request =
            IdempotentRequest { key: rekey_primitives::entropy::array(self.entropy()), ..idempotent(1, 1) };
        match self.store.begin_import(scope, &import, &event, request).await.unwrap() {
            StepOutcome::Done(begun) => Ok(begun),
            StepOutcome::Refused(why) => Err(why),
            other => panic!("{other:?}"),
        }
    }

    /// A draft of an account by this login.
    fn draft(&self, scope: &TenantScope, login: &str) -> Draft {
        self.draft_in(scope, login, &[])
    }

    fn draft_in(&self, scope: &TenantScope, login: &str, groups: &[GroupId]) -> Draft {
        let account = Account { display_name: login.to_owned(), ..self.unborn_account(scope, login) };
        Draft { masked_login: login[..1].to_owned(), account: Ok((account, groups.to_vec())) }
    }

    async fn take(
        &self,
        scope: &TenantScope,
        import: &AccountImport,
        sequence: i64,
        drafts: &[Draft],
    ) -> Result<ChunkReport, ChunkRefused> {
        let content = u8::try_from(sequence).unwrap();
        self.take_with(scope, import, sequence, [content; 32], drafts).await
    }

    async fn take_with(
        &self,
        scope: &TenantScope,
        import: &AccountImport,
        sequence: i64,
        content: [u8; 32],
        drafts: &[Draft],
    ) -> Result<ChunkReport, ChunkRefused> {
        let event = |draft: &Draft| {
            let (account, _) = draft.account.as_ref().ok()?;
            let id = EventId::generate(self.entropy(), NOW);
            let subject = crate::domain::audit::Subject::Account(account.id);
            Some(AuditEvent { id, subject, ..self.event(scope, EventKind::AccountCreated) })
        };
        let chunk =
            NewChunk { import_id: import.id, sequence, content, drafts, event: &event, now: after(1) };
        match self.store.take_chunk(scope, &chunk).await.unwrap() {
            StepOutcome::Done(report) => Ok(report),
            StepOutcome::Refused(why) => Err(why),
            other => panic!("{other:?}"),
        }
    }

    async fn import(&self, scope: &TenantScope, import: &AccountImport) -> AccountImport {
        self.store.find_import(scope, import.id).await.unwrap().unwrap()
    }

    async fn end(
        &self,
        scope: &TenantScope,
        import: &AccountImport,
        state: ImportState,
    ) -> Result<AccountImport, NotEnded> {
        let ended = |import: &AccountImport| import.ended(state, after(9));
        let event = |ended: &AccountImport| AuditEvent {
            reason: Some(ended.said().into()),
            ..self.event(scope, EventKind::Import)
        };
        let end = EndImport { id: import.id, ended: &ended, event: &event, now: after(9) };
        let request =
            IdempotentRequest { key: rekey_primitives::entropy::array(self.entropy()), ..idempotent(1, 1) };
        match self.store.end_import(scope, &end, request).await.unwrap() {
            StepOutcome::Done(ended) => Ok(ended),
            StepOutcome::Refused(why) => Err(why),
            other => panic!("{other:?}"),
        }
    }

    /// How many accounts a tenant has.
    async fn accounts(&self, scope: &TenantScope) -> usize {
        self.store.list_accounts(scope, None, 1_000).await.unwrap().len()
    }
}

pub(super) async fn imported_accounts_are_as_created_ones_are(world: World) {
    let scope = world.tenant().await;
    let event = world.event(&scope, EventKind::GroupChanged);
    let group = Group {
        id: GroupId::generate(world.entropy(), NOW),
        tenant_id: scope.tenant_id(),
        display_name: "Staff".to_owned(),
        created_at: NOW,
        updated_at: NOW,
        version: 1,
    };
    world.store.create_group(&scope, &group, &event, idempotent(7, 7)).await.unwrap();
    let import = world.begin(&scope, REJECTING).await.unwrap();
    let mut whole = world.unborn_account(&scope, "anna");
    whole.external_id = Some("e-1".to_owned());
    whole.logins.push(Login::parse("anna.b").unwrap());
    whole.blocked = true;
    whole.security_info.push(world.entry("+4312345"));
    let bare = Account { password: None, security_info: Vec::new(), ..world.unborn_account(&scope, "berta") };
    let drafts = [
        Draft { masked_login: String::new(), account: Ok((whole.clone(), vec![group.id])) },
        Draft { masked_login: String::new(), account: Ok((bare.clone(), Vec::new())) },
    ];

    let report = world.take(&scope, &import, 1, &drafts).await.unwrap();

    assert_eq!((report.created, report.first_record, report.next_sequence), (2, 1, 2));
    let read = world.read(&scope, whole.id).await;
    let sorted = |account: &Account| {
        let mut entries = account.security_info.clone();
        entries.sort_by_key(|entry| entry.id);
        Account { security_info: entries, ..account.clone() }
    };
    assert_eq!(sorted(&read), sorted(&whole));
    assert_eq!(world.read(&scope, bare.id).await, bare);
    let members = world.store.list_members(&scope, group.id, None, 50).await.unwrap();
    assert_eq!(members.iter().map(|member| member.id).collect::<Vec<_>>(), [whole.id.as_uuid()]);
    let events = world.log(&scope).await;
    let created = events.iter().filter(|event| event.kind == EventKind::AccountCreated);
    assert_eq!(created.count(), 2);
}

pub(super) async fn a_chunk_is_taken_once_and_in_its_turn(world: World) {
    let scope = world.tenant().await;
    let import = world.begin(&scope, REJECTING).await.unwrap();
    let flawed = Draft {
        masked_login: "z•".to_owned(),
        account: Err(Flaw {
            reason: RejectionReason::FieldInvalid,
            field: "external_id".to_owned(),
            problem: "shorter".to_owned(),
        }),
    };
    let first = [world.draft(&scope, "anna"), flawed.clone(), world.draft(&scope, "anna")];
    let second = [world.draft(&scope, "berta")];

    let early = world.take(&scope, &import, 2, &second).await;
    let taken = world.take(&scope, &import, 1, &first).await.unwrap();
    let again = world.take(&scope, &import, 1, &[world.draft(&scope, "carl")]).await.unwrap();
    let changed = world.take_with(&scope, &import, 1, [99; 32], &first).await;
    let next = world.take(&scope, &import, 2, &second).await.unwrap();
    let known = world.store.chunk_report(&scope, import.id, 1, &[1; 32]).await.unwrap();
    let unknown = world.store.chunk_report(&scope, import.id, 3, &[3; 32]).await.unwrap();

    assert_eq!(early, Err(ChunkRefused::Gap { expected: 1 }));
    assert_eq!((&again, &known), (&taken, &Some(Ok(taken.clone()))));
    assert_eq!((changed, unknown), (Err(ChunkRefused::Changed), None));
    let lines: Vec<_> = taken.rejections.iter().map(|line| (line.record, line.flaw.reason)).collect();
    assert_eq!(lines, [(2, RejectionReason::FieldInvalid), (3, RejectionReason::LoginTaken)]);
    assert_eq!((next.first_record, next.next_sequence), (4, 3));
    assert_eq!(world.accounts(&scope).await, 2);
    let now = world.import(&scope, &import).await;
    assert_eq!((now.records, now.created, now.rejected, now.next_sequence), (4, 2, 2, 3));
    let report = world.store.import_rejections(&scope, import.id, 2, 10).await.unwrap();
    assert_eq!(report, [taken.rejections[1].clone()]);
}

pub(super) async fn names_that_others_have_take_no_record_but_their_own(world: World) {
    let scope = world.tenant().await;
    let anna = world.unborn_account(&scope, "anna");
    world.create_account(&scope, &Account { external_id: Some("e-1".to_owned()), ..anna }).await;
    let rejecting = world.begin(&scope, REJECTING).await.unwrap();
    let skipping = world
        .begin(&scope, ImportOptions { duplicates: DuplicateHandling::Skip, ..REJECTING })
        .await
        .unwrap();
    let mut same_id = world.unborn_account(&scope, "berta");
    same_id.external_id = Some("e-1".to_owned());
    let nowhere = GroupId::generate(world.entropy(), NOW);
    let drafts = [
        world.draft(&scope, "anna"),
        Draft { masked_login: String::new(), account: Ok((same_id, Vec::new())) },
        world.draft_in(&scope, "carl", &[nowhere]),
        world.draft(&scope, "dora"),
    ];

    let rejected = world.take(&scope, &rejecting, 1, &drafts).await.unwrap();
    let skipped = world.take(&scope, &skipping, 1, &drafts).await.unwrap();

    let reasons = |report: &ChunkReport| -> Vec<RejectionReason> {
        report.rejections.iter().map(|line| line.flaw.reason).collect()
    };
    use RejectionReason::{ExternalIdTaken, GroupNotFound, LoginTaken};
    assert_eq!((rejected.created, reasons(&rejected)), (1, vec![LoginTaken, ExternalIdTaken, GroupNotFound]));
    assert_eq!((skipped.created, skipped.skipped, reasons(&skipped)), (0, 3, vec![GroupNotFound]));
}

pub(super) async fn a_dry_run_creates_nobody(world: World) {
    let scope = world.tenant().await;
    let import = world.begin(&scope, ImportOptions { dry_run: true, ..REJECTING }).await.unwrap();
    let drafts = [world.draft(&scope, "anna"), world.draft(&scope, "anna")];
    let before = world.log(&scope).await.len();

    let report = world.take(&scope, &import, 1, &drafts).await.unwrap();

    assert_eq!((report.created, report.rejections.len()), (1, 1));
    assert_eq!((world.accounts(&scope).await, world.log(&scope).await.len()), (0, before));
}

pub(super) async fn an_import_ends_once_and_takes_no_more(world: World) {
    let scope = world.tenant().await;
    let import = world.begin(&scope, REJECTING).await.unwrap();
    let drafts = [world.draft(&scope, "anna")];
    let taken = world.take(&scope, &import, 1, &drafts).await.unwrap();

    let ended = world.end(&scope, &import, ImportState::Finished).await.unwrap();
    let twice = world.end(&scope, &import, ImportState::Cancelled).await;
    let more = world.take(&scope, &import, 2, &[world.draft(&scope, "berta")]).await;
    let again = world.take(&scope, &import, 1, &drafts).await.unwrap();
    let other = world.create_tenant(&world.unborn_tenant("umbrella")).await;
    let elsewhere = world.store.find_import(&other, import.id).await.unwrap();

    assert_eq!((ended.state, ended.created, ended.ended_at), (ImportState::Finished, 1, Some(after(9))));
    assert_eq!(world.import(&scope, &import).await, ended);
    assert_eq!((twice, more), (Err(NotEnded::Over), Err(ChunkRefused::Ended)));
    assert_eq!((again, elsewhere), (taken, None));
    let said: Vec<_> = world.log(&scope).await.into_iter().filter_map(|event| event.reason).collect();
    assert!(said.contains(&ended.said().into()), "{said:?}");
}

pub(super) async fn a_tenant_has_so_many_open_imports_and_no_more(world: World) {
    let scope = world.tenant().await;
    let mut begun = Vec::new();
    for _ in 0..OPEN_IMPORTS_MAX {
        begun.push(world.begin(&scope, REJECTING).await.unwrap());
    }

    let refused = world.begin(&scope, REJECTING).await;
    world.end(&scope, &begun[0], ImportState::Cancelled).await.unwrap();
    let after_one_ended = world.begin(&scope, REJECTING).await;
    let nowhere =
        TenantScope::of(true, rekey_primitives::id::TenantId::generate(world.entropy(), NOW)).unwrap();
    let of_nobody = world.begin(&nowhere, REJECTING).await;
    let listed = world.store.list_imports(&scope, Some(begun[18].id.as_uuid()), 2).await.unwrap();

    assert_eq!((refused.err(), of_nobody.err()), (Some(NotBegun::TooMany), Some(NotBegun::UnknownTenant)));
    assert!(after_one_ended.is_ok());
    assert!(listed.len() <= 2);
}

pub(super) async fn an_import_is_forgotten_90_days_after_its_last_change(world: World) {
    const DAY: u64 = 86_400;
    let scope = world.tenant().await;
    let (old, young) =
        (world.begin(&scope, REJECTING).await.unwrap(), world.begin(&scope, REJECTING).await.unwrap());
    let drafts = [world.draft(&scope, "anna"), world.draft(&scope, "anna")];
    world.take(&scope, &old, 1, &drafts).await.unwrap();
    world.end(&scope, &young, ImportState::Finished).await.unwrap();
    // Answers to what began, and the marks of requests.
    world.store.sweep(after(DAY)).await.unwrap();

    let early = world.store.sweep(after(90 * DAY)).await.unwrap();
    let due = world.store.sweep(after(90 * DAY + 1)).await.unwrap();
    let rest = world.store.sweep(after(90 * DAY + 9)).await.unwrap();

    assert_eq!(
        (early, due, rest),
        (0, 3, 1),
        "a line of the report, a chunk and the import; then the other one"
    );
    assert_eq!(world.store.find_import(&scope, old.id).await.unwrap(), None);
    assert_eq!(world.accounts(&scope).await, 1);
}

pub(super) async fn of_many_equal_chunks_at_once_one_is_taken(world: World) {
    let scope = world.tenant().await;
    let import = world.begin(&scope, REJECTING).await.unwrap();
    let drafts: Vec<Vec<Draft>> =
        (0..6).map(|_| ["anna", "berta"].map(|login| world.draft(&scope, login)).to_vec()).collect();

    let (one, two, three, four, five, six) = tokio::join!(
        world.take(&scope, &import, 1, &drafts[0]),
        world.take(&scope, &import, 1, &drafts[1]),
        world.take(&scope, &import, 1, &drafts[2]),
        world.take(&scope, &import, 1, &drafts[3]),
        world.take(&scope, &import, 1, &drafts[4]),
        world.take(&scope, &import, 1, &drafts[5]),
    );

    let reports = [one, two, three, four, five, six].map(Result::unwrap);
    assert!(reports.iter().all(|report| *report == reports[0]), "{reports:?}");
    assert_eq!((reports[0].created, world.accounts(&scope).await), (2, 2));
}

pub(super) async fn a_name_that_is_taken_meanwhile_is_rejected_and_not_half_written(world: World) {
    let scope = world.tenant().await;
    let (one, two) =
        (world.begin(&scope, REJECTING).await.unwrap(), world.begin(&scope, REJECTING).await.unwrap());
    let logins: Vec<String> = (0..40).map(|number| format!("person{number}")).collect();
    let drafts =
        |world: &World| -> Vec<Draft> { logins.iter().map(|login| world.draft(&scope, login)).collect() };
    let (first, mut second) = (drafts(&world), drafts(&world));
    // In the other order, so that each holds what the other wants.
    second.reverse();

    let (one, two) = tokio::join!(world.take(&scope, &one, 1, &first), world.take(&scope, &two, 1, &second));

    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.created + two.created, 40, "{one:?} {two:?}");
    assert_eq!(world.accounts(&scope).await, 40);
    for login in &logins {
        let key = AccountKey::Login(Login::parse(login).unwrap());
        let found = world.store.find_account(&scope, &key).await.unwrap().unwrap();
        assert_eq!(found.logins.len(), 1);
    }
}

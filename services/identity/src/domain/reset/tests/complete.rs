use super::*;

#[test]
fn a_proved_reset_completes() {
    let (account, policy) = (holding(vec![email(1)]), masked());

    assert_eq!(completes(&passed(&state(&account, &policy), &[0]), &account, &policy), Ok(()));
}

#[test]
fn without_a_proof_every_account_and_none_get_one_answer() {
    let policy = masked();
    let blocked = Account { blocked: true, ..holding(vec![email(1)]) };
    let reset = state(&blocked, &policy);

    let nobody = may_complete(&ResetState { account_id: None, ..reset.clone() }, None, 0, &policy);

    assert_eq!(completes(&reset, &blocked, &policy), Err(Stopped::ProofsMissing { remaining: 1 }));
    assert_eq!(nobody, Err(Stopped::ProofsMissing { remaining: 1 }));
}

#[test]
fn a_token_says_how_many_proofs_are_missing() {
    let account = holding(vec![email(1), phone(2)]);
    let mut policy = masked();
    policy.reset.proofs_required = 2;
    let reset = state(&account, &policy);
    let missing = |remaining| Err(Stopped::ProofsMissing { remaining });

    assert_eq!(has_its_proofs(&reset, &CALLER, now()), missing(2));
    assert_eq!(has_its_proofs(&passed(&reset, &[0]), &CALLER, now()), missing(1));
    assert_eq!(has_its_proofs(&passed(&reset, &[0, 1]), &CALLER, now()), Ok(()));
    assert_eq!(has_its_proofs(&reset, &CALLER, reset.expires_at), Err(Stopped::Expired));
}

#[test]
fn whatever_changed_since_the_start_voids_the_reset() {
    let (account, policy) = (holding(vec![email(1)]), masked());
    let reset = passed(&state(&account, &policy), &[0]);
    let cases = [
        (Account { epoch: account.epoch.next(), ..account.clone() }, Stopped::EpochPassed),
        (
            Account { recovery_version: RecoveryVersion(account.recovery_version.0 + 1), ..account.clone() },
            Stopped::RecoveryVersionPassed,
        ),
        (Account { blocked: true, ..account.clone() }, Stopped::NotEligible(Ineligible::AccountBlocked)),
        (Account { frozen: true, ..account.clone() }, Stopped::NotEligible(Ineligible::AccountFrozen)),
        (Account { id: AccountId::from_uuid(Uuid::from_u128(99)), ..account }, Stopped::NoAccount),
    ];
    for (changed, stopped) in cases {
        assert_eq!(completes(&reset, &changed, &policy), Err(stopped));
        assert_eq!(stopped.refusal(), Refusal::ResetInvalid);
    }
}

#[test]
fn a_role_granted_meanwhile_asks_for_a_second_class() {
    let (account, policy) = (holding(vec![email(1), recovery_codes(2)]), masked());
    let reset = passed(&state(&account, &policy), &[0]);
    let promoted = Account { roles: RoleSet::of(&[Role::HelpdeskAdministrator]), ..account };

    assert_eq!(completes(&reset, &promoted, &policy), Err(Stopped::ProofsMissing { remaining: 1 }));
    assert_eq!(completes(&passed(&reset, &[0, 1]), &promoted, &policy), Ok(()));
}

#[test]
fn a_proof_by_a_method_that_no_longer_counts_is_none() {
    let account = holding(vec![email(1), phone(2)]);
    let reset = passed(&state(&account, &masked()), &[1]);
    let mut stricter = masked();
    stricter.reset.allowed_methods = [MethodKind::Email].into();

    assert_eq!(completes(&reset, &account, &stricter), Err(Stopped::ProofsMissing { remaining: 1 }));
}

#[test]
fn a_reset_belongs_to_its_caller_and_its_time() {
    let reset = state(&holding(vec![email(1)]), &masked());
    let life = Duration::from_secs(15 * 60);

    assert_eq!(may_continue(&reset, &[9; 32], now()), Err(Stopped::OtherCaller));
    assert_eq!(may_continue(&reset, &CALLER, now().plus(life).minus(Duration::from_micros(1))), Ok(()));
    assert_eq!(may_continue(&reset, &CALLER, now().plus(life)), Err(Stopped::Expired));
}

#[test]
fn the_eleventh_attempt_is_refused() {
    let (account, policy) = (holding(vec![email(1)]), masked());
    let reset = passed(&state(&account, &policy), &[0]);
    let judged = judged(&account, &policy);
    let attempt = |before| may_complete(&reset, Some(&judged), before, &policy);

    assert_eq!(attempt(9), Ok(()));
    assert_eq!(attempt(10), Err(Stopped::AttemptsExhausted));
}

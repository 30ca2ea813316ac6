use uuid::Uuid;

use super::*;
use crate::domain::fixtures::{account, days, hours, now};

fn session(strong: bool) -> Session {
    Session {
        id: SessionId::from_uuid(Uuid::from_u128(9)),
        tenant_id: account().tenant_id,
        account_id: account().id,
        epoch: account().epoch,
        auth_time: now(),
        strong,
        refresh: RefreshRecord::first([1; 32], now()).rotated([2; 32], now()),
        user_agent_family: "Firefox".to_owned(),
        backend: "shop".to_owned(),
        created_at: now(),
        refreshed_at: now(),
        expires_at: ends_at(&SessionRules::default(), strong, now()),
        ended: None,
    }
}

fn access(session: &Session, account: &Account, after: Duration) -> Result<(), SessionOver> {
    judge_access(session, account, &SessionRules::default(), now().plus(after))
}

fn refresh(presented: u8, after: Duration) -> RefreshVerdict {
    judge_refresh(&session(false), &account(), &[presented; 32], &SessionRules::default(), now().plus(after))
}

#[test]
fn a_session_by_password_lasts_thirty_days() {
    assert_eq!(access(&session(false), &account(), days(30) - Duration::from_micros(1)), Ok(()));
    assert_eq!(access(&session(false), &account(), days(30)), Err(SessionOver::Expired));
}

#[test]
fn a_strong_session_ends_after_an_idle_hour_or_a_day() {
    let busy = Session { refreshed_at: now().plus(hours(23)), ..session(true) };

    assert_eq!(access(&session(true), &account(), hours(1)), Err(SessionOver::Expired));
    assert_eq!(access(&busy, &account(), hours(23)), Ok(()));
    assert_eq!(access(&busy, &account(), hours(24)), Err(SessionOver::Expired));
}

#[test]
fn what_happens_to_the_account_ends_its_sessions() {
    let cases = [
        (Account { blocked: true, ..account() }, SessionOver::AccountClosed),
        (Account { frozen: true, ..account() }, SessionOver::AccountClosed),
        (Account { deleted_at: Some(now()), ..account() }, SessionOver::AccountClosed),
        (Account { epoch: account().epoch.next(), ..account() }, SessionOver::OlderEpoch),
        (Account { id: AccountId::from_uuid(Uuid::from_u128(77)), ..account() }, SessionOver::NotTheirs),
    ];
    for (account, over) in cases {
        assert_eq!(access(&session(false), &account, Duration::ZERO), Err(over));
    }
}

#[test]
fn a_session_that_was_ended_says_why() {
    let ended = Session { ended: Some((now(), Ending::Revoked)), ..session(false) };

    assert_eq!(access(&ended, &account(), Duration::ZERO), Err(SessionOver::Ended(Ending::Revoked)));
}

#[test]
fn the_current_refresh_token_rotates() {
    assert_eq!(refresh(2, hours(5)), RefreshVerdict::Rotate);
}

#[test]
fn a_lost_reply_is_repeated_and_a_late_reuse_ends_the_family() {
    assert_eq!(refresh(1, REUSE_GRACE), RefreshVerdict::Repeat);
    assert_eq!(refresh(1, REUSE_GRACE + Duration::from_micros(1)), RefreshVerdict::EndFamily);
    assert_eq!(refresh(7, Duration::ZERO), RefreshVerdict::EndFamily);
}

#[test]
fn every_token_of_the_last_seconds_gets_its_answer_again() {
    let second = |seconds| now().plus(Duration::from_secs(seconds));
    let refresh =
        RefreshRecord::first([1; 32], now()).rotated([2; 32], second(3)).rotated([3; 32], second(9));
    let session = Session { refresh, ..session(false) };
    let judge = |presented: u8, seconds| {
        judge_refresh(&session, &account(), &[presented; 32], &SessionRules::default(), second(seconds))
    };

    assert_eq!([judge(1, 13), judge(1, 14)], [RefreshVerdict::Repeat, RefreshVerdict::EndFamily]);
    assert_eq!([judge(2, 19), judge(2, 20)], [RefreshVerdict::Repeat, RefreshVerdict::EndFamily]);
    assert_eq!(judge(3, 20), RefreshVerdict::Rotate);
}

#[test]
fn replaced_tokens_are_forgotten_in_time_and_in_number() {
    let second = |seconds| now().plus(Duration::from_secs(seconds));
    let one = RefreshRecord::first([1; 32], now()).rotated([2; 32], now());
    let late = one.rotated([3; 32], second(11));
    let many = (2..20).fold(one, |record, number| record.rotated([number + 1; 32], now()));

    assert_eq!((late.previous, late.earlier.len()), (Some([2; 32]), 0));
    assert_eq!((many.previous, many.earlier.len()), (Some([19; 32]), EARLIER_MAX));
    assert_eq!(many.earlier[0], Replaced { hash: [18; 32], at: now() });
}

#[test]
fn a_token_stays_where_one_more_would_be_forgotten_too_early() {
    let full = (1..10)
        .fold(RefreshRecord::first([1; 32], now()), |record, number| record.rotated([number + 1; 32], now()));
    let session = Session { refresh: full, ..session(false) };
    let judge = |presented: u8, at| {
        judge_refresh(&session, &account(), &[presented; 32], &SessionRules::default(), at)
    };

    assert_eq!([judge(10, now()), judge(1, now())], [RefreshVerdict::Stay, RefreshVerdict::Repeat]);
    assert_eq!(judge(10, now().plus(Duration::from_secs(11))), RefreshVerdict::Rotate);
}

#[test]
fn a_reuse_is_noticed_also_when_the_clock_was_set_back() {
    let session = session(false);
    let rotated_at = session.refresh.rotated_at;
    let earlier = rotated_at.minus(REUSE_GRACE + Duration::from_micros(1));
    let judge = |at| judge_refresh(&session, &account(), &[1; 32], &SessionRules::default(), at);

    assert_eq!(judge(rotated_at.minus(REUSE_GRACE)), RefreshVerdict::Repeat);
    assert_eq!(judge(earlier), RefreshVerdict::EndFamily);
}

#[test]
fn a_dead_session_refreshes_nothing() {
    assert_eq!(refresh(2, days(30)), RefreshVerdict::Over(SessionOver::Expired));
}

#[test]
fn an_access_token_never_outlives_its_session() {
    let early = AccessClaims::issue(&session(false), RoleSet::EMPTY, now());
    let late = AccessClaims::issue(
        &session(false),
        RoleSet::EMPTY,
        now().plus(days(30)).minus(Duration::from_secs(1)),
    );

    assert_eq!(early.expires_at, now().plus(ACCESS_TOKEN_LIFE));
    assert_eq!(late.expires_at, now().plus(days(30)));
}

use std::sync::Arc;
use std::time::Duration;

use rekey_primitives::entropy::SeededEntropy;
use rekey_primitives::id::TenantId;

use super::*;
use crate::domain::{Organisation, ResetProgress};

const KEY: &str = "now active AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const NOW: Timestamp = Timestamp::from_unix_micros(1_785_000_000_000_000);

fn jar() -> CookieJar {
    CookieJar::new(AeadKeys::from_text(KEY).unwrap(), Arc::new(SeededEntropy::new(1)))
}

fn progress() -> ResetProgress {
    ResetProgress {
        tenant: TenantId::parse("0190c3a5-7e1c-7b2a-9f00-0123456789ab").unwrap(),
        login: "zoe@example.com".to_owned(),
        token: "t0ken".repeat(100),
        methods: Vec::new(),
        proofs_remaining: 1,
        expires_at: NOW.plus(Duration::from_secs(900)),
        sent: None,
    }
}

/// The request that a browser makes which was told to keep this.
fn kept(set: &HeaderValue) -> HeaderMap {
    let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
    HeaderMap::from_iter([(header::COOKIE, format!("other=1; {pair}").parse().unwrap())])
}

fn flow(text: &str) -> Option<FlowId> {
    Some(FlowId::parse(text).unwrap())
}

#[test]
fn a_cookie_is_of_this_host_alone_and_of_no_script() {
    let set = jar().set(&progress(), flow("AAAAAAAA").as_ref(), NOW).unwrap();

    let text = set.to_str().unwrap();
    assert!(text.starts_with("__Host-rekey-reset-AAAAAAAA="), "{text}");
    assert!(text.ends_with("; Path=/; Max-Age=900; Secure; HttpOnly; SameSite=Lax"), "{text}");
    assert!(!text.contains("t0ken") && set.is_sensitive());
}

#[test]
fn a_value_comes_back_until_it_ends() {
    let (jar, flow) = (jar(), flow("AAAAAAAA"));
    let sent = kept(&jar.set(&progress(), flow.as_ref(), NOW).unwrap());
    let read =
        |seconds| jar.read::<ResetProgress>(&sent, flow.as_ref(), NOW.plus(Duration::from_secs(seconds)));

    assert_eq!(read(899), Some(progress()));
    assert_eq!(read(900), None);
}

#[test]
fn a_cookie_opens_under_its_own_name_alone() {
    let (jar, one, two) = (jar(), flow("AAAAAAAA"), flow("BBBBBBBB"));
    let set = jar.set(&progress(), one.as_ref(), NOW).unwrap();
    let renamed: HeaderValue = set.to_str().unwrap().replace("AAAAAAAA=", "BBBBBBBB=").parse().unwrap();
    let choice = jar.set(&LocaleChoice { tag: "de".to_owned() }, None, NOW).unwrap();
    let other_kind: HeaderValue =
        choice.to_str().unwrap().replace("rekey-locale", "rekey-organisation").parse().unwrap();

    assert_eq!(jar.read::<ResetProgress>(&kept(&renamed), two.as_ref(), NOW), None);
    assert_eq!(jar.read::<Organisation>(&kept(&other_kind), None, NOW), None);
    assert!(jar.read::<LocaleChoice>(&kept(&choice), None, NOW).is_some());
}

#[test]
fn a_neighbours_cookie_hides_none_of_ours() {
    let jar = jar();
    let set = jar.set(&LocaleChoice { tag: "de".to_owned() }, None, NOW).unwrap();
    let pair = set.to_str().unwrap().split(';').next().unwrap().as_bytes();
    let line = HeaderValue::from_bytes(&[&b"theirs=caf\xe9; "[..], pair].concat()).unwrap();
    let sent = HeaderMap::from_iter([(header::COOKIE, line)]);

    let read = jar.read::<LocaleChoice>(&sent, None, NOW);

    assert_eq!(read, Some(LocaleChoice { tag: "de".to_owned() }));
}

#[test]
fn what_was_changed_or_is_none_does_not_open() {
    let jar = jar();
    let set = jar.set(&LocaleChoice { tag: "de".to_owned() }, None, NOW).unwrap();
    let shorter: HeaderValue = set.to_str().unwrap().split(';').next().unwrap()[..40].parse().unwrap();
    let no_base64 = HeaderValue::from_static("__Host-rekey-locale=%%%");

    assert_eq!(jar.read::<LocaleChoice>(&kept(&shorter), None, NOW), None);
    assert_eq!(jar.read::<LocaleChoice>(&kept(&no_base64), None, NOW), None);
    assert_eq!(jar.read::<LocaleChoice>(&HeaderMap::new(), None, NOW), None);
}

#[test]
fn what_browsers_would_not_keep_is_not_set() {
    let large = ResetProgress { login: "x".repeat(4096), ..progress() };

    assert!(jar().set(&large, None, NOW).is_err());
}

#[test]
fn a_flow_that_begins_leaves_room_for_what_its_pages_add() {
    let (jar, flow) = (jar(), flow("AAAAAAAA").unwrap());
    let of_length = |length| ResetProgress { login: "x".repeat(length), ..progress() };
    let is_set = |length: &usize| jar.set(&of_length(*length), Some(&flow), NOW).is_ok();
    let longest = (0..MAX_COOKIE_BYTES).rev().find(is_set).unwrap();

    let has_room = |length| jar.has_room(&of_length(length), &flow, NOW);

    assert_eq!([has_room(longest), has_room(longest - FLOW_GROWTH_BYTES)], [false, true]);
}

#[test]
fn flows_beyond_so_many_are_told_by_their_end_and_broken_ones_first() {
    let jar = jar();
    let pair = |name: &str, seconds| {
        let set = jar.set(&progress(), flow(name).as_ref(), NOW.plus(Duration::from_secs(seconds))).unwrap();
        set.to_str().unwrap().split(';').next().unwrap().to_owned()
    };
    let broken = "__Host-rekey-reset-DDDDDDDD=AAAA; __Host-rekey-sign-in-EEEEEEEE=AAAA".to_owned();
    let line = [pair("AAAAAAAA", 2), pair("BBBBBBBB", 0), pair("CCCCCCCC", 1), broken].join("; ");
    let sent = HeaderMap::from_iter([(header::COOKIE, line.parse().unwrap())]);

    let surplus = |kept| jar.excess_flows::<ResetProgress>(&sent, kept);

    assert_eq!(surplus(2), [flow("DDDDDDDD").unwrap(), flow("BBBBBBBB").unwrap()]);
    assert!(surplus(4).is_empty());
}

#[test]
fn only_eight_plain_characters_name_a_reset() {
    let drawn = FlowId::draw(&SeededEntropy::new(3));

    assert_eq!(FlowId::parse(drawn.as_str()), Some(drawn));
    for wrong in ["", "AAAAAAA", "AAAAAAAAA", "AAAA=AAA", "AAAA;AAA", "../../.."] {
        assert_eq!(FlowId::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn debug_shows_neither_token_nor_login() {
    let shown = format!("{:?} {:?}", progress(), FormSecret([7; 32]));

    assert!(!shown.contains("t0ken") && !shown.contains("zoe") && !shown.contains("7, 7"), "{shown}");
}

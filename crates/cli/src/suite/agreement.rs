//! What two parts must be told alike, where one document holds both.
//!
//! Identity answers for logins that nobody has as verification would have answered: by `[identity.codes]`. Another life
//! or ladder there would tell the one from the other. A document of one part alone says nothing of its neighbour.

use rekey_runtime::settings::{Document, Origin};

/// Refuses settings of identity and verification that would tell a decoy from a code.
pub(super) fn check(
    document: &Document,
    identity: &rekey_identity::config::Codes,
    verification: &rekey_verification::config::Settings,
) -> anyhow::Result<()> {
    if !["identity", "verification"].iter().all(|part| speaks_of(document, part)) {
        return Ok(());
    }
    if identity.life_seconds != verification.code.life_seconds {
        anyhow::bail!(
            "identity.codes.life_seconds is {} and verification.code.life_seconds is {}: they must be equal, or decoys \
             are told from codes by them",
            identity.life_seconds,
            verification.code.life_seconds
        );
    }
    if identity.ladder_seconds != verification.resend.ladder_seconds {
        anyhow::bail!(
            "identity.codes.ladder_seconds and verification.resend.ladder_seconds must be equal, or decoys are told \
             from codes by them"
        );
    }
    Ok(())
}

/// Whether the document sets anything of a part.
fn speaks_of(document: &Document, part: &str) -> bool {
    let is_its = |key: &str| key.split('.').next() == Some(part);
    document.settings().iter().any(|setting| is_its(&setting.key) && setting.origin != Origin::Default)
}

#[cfg(test)]
mod tests {
    use crate::suite;

    /// What the check says of a document with these settings.
    fn said(settings: &[(&str, &str)]) -> String {
        let settings = settings.iter().map(|(key, value)| (format!("REKEY__{key}"), (*value).to_owned()));
        let document = suite::builder().environment(settings).load().unwrap();
        suite::check(&document).err().map(|wrong| wrong.to_string()).unwrap_or_default()
    }

    #[test]
    fn lives_and_ladders_of_codes_must_be_equal_where_one_document_holds_both() {
        let life = said(&[("IDENTITY__CODES__LIFE_SECONDS", "300"), ("VERIFICATION__CODE__TRIES", "4")]);
        let ladder = said(&[("IDENTITY__CODES__LADDER_SECONDS", "7, 9"), ("VERIFICATION__CODE__TRIES", "4")]);

        assert!(life.contains("identity.codes.life_seconds is 300"), "{life}");
        assert!(ladder.contains("ladder_seconds must be equal"), "{ladder}");
    }

    #[test]
    fn equal_ones_and_a_document_of_one_part_are_in_order() {
        let equal =
            said(&[("IDENTITY__CODES__LIFE_SECONDS", "300"), ("VERIFICATION__CODE__LIFE_SECONDS", "300")]);
        let alone = said(&[("VERIFICATION__CODE__LIFE_SECONDS", "300")]);

        assert_eq!((equal, alone), (String::new(), String::new()));
    }
}

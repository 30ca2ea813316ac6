//! Why identity or notification refused something, as the end of a sentence: a text for each published reason, under its name in lower
//! case.

use super::words;

words! { ReasonWords:
    role_missing page_token_invalid etag_mismatch tenant_not_found tenant_taken account_not_found login_taken
    external_id_taken authority_missing not_on_yourself last_global_administrator throttled hashing_busy
    reset_invalid method_unknown_in_reset send_limited method_already_proved proofs_missing attempts_exhausted
    password_refused help_message_refused repudiation_invalid challenge_invalid refresh_token_invalid
    sign_in_not_recent security_info_not_found security_info_taken security_info_full reset_not_enabled
    reset_not_licensed account_not_in_scope too_few_methods account_managed_elsewhere account_blocked
    no_password store_not_empty group_not_found group_cycle group_too_deep group_in_policy
    policy_locks_out_administrators policy_revision_not_found resume_token_invalid events_forgotten
    watchers_full other_token_invalid tenant_not_linked link_suspended links_full password_managed_elsewhere
    help_request_not_found help_request_settled help_request_claimed import_not_found import_ended
    import_sequence_gap import_chunk_changed imports_full passkeys_not_configured passkey_refused
    passkey_sign_in_off reset_link_invalid no_address_for_link account_not_open bulk_reset_not_found
    bulk_reset_running bulk_reset_not_collecting bulk_reset_chunk_missing no_method_for_caller
    caller_code_invalid audit_webhook_not_found audit_webhooks_full notification_not_found template_not_found
    template_variables_wrong notification_not_queued notification_not_replayable channel_not_configured
    already_expired queue_full webhook_endpoint_not_found suppression_not_found suppression_not_configured
    template_parts_invalid template_version_not_found template_not_overridden template_locales_full
    changes_forgotten
}

#[cfg(test)]
mod tests {
    use rekey_wire::reason::Reason;
    use rekey_wire::{identity, notification};

    use crate::words::{Catalogue, UiLocale};

    /// Reasons below it can come from every RPC, and are the fault of nobody who reads a page; so many numbers behind it are looked at.
    const NUMBERS: std::ops::Range<i32> = 100..1_000;

    /// The published reasons of a package without a text.
    fn untold<R: Reason + TryFrom<i32>>(told: &[&str]) -> Vec<String> {
        let reasons = NUMBERS.filter_map(|number| R::try_from(number).ok());
        let keys = reasons.map(|reason| reason.word().to_ascii_lowercase());
        keys.filter(|key| !told.contains(&key.as_str())).collect()
    }

    #[test]
    fn every_reason_of_an_rpc_has_a_text() {
        let catalogue = Catalogue::load().unwrap();
        let entries = catalogue.of(UiLocale::En).reasons.entries();
        let told: Vec<&str> = entries.into_iter().map(|(key, _)| key).collect();

        assert_eq!(untold::<identity::v1::ErrorReason>(&told), Vec::<String>::new());
        assert_eq!(untold::<notification::v1::ErrorReason>(&told), Vec::<String>::new());
        assert!(told.contains(&"challenge_invalid") && told.contains(&"queue_full"));
    }
}

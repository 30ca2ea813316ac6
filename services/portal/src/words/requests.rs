//! Requests for help, and the check of a caller.

use super::words;

words! { RequestWords:
    title title_one who message proof proved not_proved proved_says not_proved_says state state_open state_claimed
    state_resolved state_denied state_expired handler asked_at expires_at none_open none to_list own caller
    caller_title caller_lead method method_default method_email method_phone send_code send_another code_sent code
    code_hint verify verified verified_says rejected help_title help_lead reset_password to_account close_title
    close_lead claim resolve deny claimed resolved denied
}

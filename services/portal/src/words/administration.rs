//! What stands around the pages of those who are signed in: sections and roles.

use super::words;

words! { AdministrationWords:
    title navigation accounts requests bulk groups policy templates audit messages overview security_info password sessions directories role_global_administrator role_user_administrator role_password_administrator role_helpdesk_administrator role_authentication_administrator role_policy_administrator role_reports_reader
}

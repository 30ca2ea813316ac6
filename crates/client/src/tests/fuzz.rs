//! What a server answers.

use tonic::{Code, Status};

use crate::Problem;

#[test]
fn details_of_a_status_are_read_or_left_out() {
    use tonic_types::{ErrorDetails, StatusExt as _};
    let mut details = ErrorDetails::with_error_info("REASON", "domain", [("a".to_owned(), "b".to_owned())]);
    details
        .set_retry_info(Some(std::time::Duration::from_secs(3)))
        .add_bad_request_violation("field", "what");
    let sample = Status::with_error_details(Code::InvalidArgument, "wrong", details).details().to_vec();
    rekey_testing::fuzz(&[sample.as_slice()], |bytes: &[u8]| {
        let status = Status::with_details(Code::InvalidArgument, "wrong", bytes.to_vec().into());
        assert_eq!(Problem::of(&status).code, Code::InvalidArgument);
    });
}

//! Which call a message came with.

/// The trace of a call, and the call's own span in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TraceContext {
    /// The support code that people read out.
    pub(crate) trace_id: [u8; 16],
    /// None where the call is not recorded: then nothing that follows from it is.
    pub(crate) span_id: Option<[u8; 8]>,
}

impl TraceContext {
    /// What a row holds; none where there is no trace, or one of another length.
    pub(crate) fn from_parts(trace_id: Option<&[u8]>, span_id: Option<&[u8]>) -> Option<Self> {
        let span_id = span_id.and_then(|span_id| span_id.try_into().ok());
        Some(Self { trace_id: trace_id?.try_into().ok()?, span_id })
    }

    /// The support code: 32 hexadecimal digits.
    pub(crate) fn support_code(self) -> String {
        format!("{:032x}", u128::from_be_bytes(self.trace_id))
    }

    /// Reads a support code.
    pub(crate) fn read_code(code: &str) -> Option<[u8; 16]> {
        let is_code = code.len() == 32 && code.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_code.then(|| u128::from_str_radix(code, 16).ok().map(u128::to_be_bytes)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_support_code_reads_back() {
        let code = "0af7651916cd43dd8448eb211c80319c";
        let trace_id = TraceContext::read_code(code).unwrap();

        assert_eq!(TraceContext { trace_id, span_id: None }.support_code(), code);
        assert_eq!(["", "0af7", "+af7651916cd43dd8448eb211c80319c"].map(TraceContext::read_code), [None; 3]);
    }
}

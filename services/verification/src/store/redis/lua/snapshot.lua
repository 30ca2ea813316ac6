-- Reads a verification and the run of the store. See Store::snapshot.
-- KEYS: verification.

return with_verification(KEYS[1], { current_run_id() })

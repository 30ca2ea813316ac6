-- Shows a verification and the run of the store. See Store::look.
-- KEYS: verification.

return show(KEYS[1], { present_generation() })

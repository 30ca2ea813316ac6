-- Records an event of a step that changed nothing else. See EventOutbox::record. KEYS: events. ARGV: the event.

record_event(take_events(), 1)
return 0

-- The journey of a message: where it goes when its channel fails, whether it waits for a provider, and the order in which messages
-- change. Notices that say what was just said are told by a table of their own.

-- How many steps of its fallbacks it has taken, and when it takes the next one unless somebody took it by then; null where no step is left.
alter table notification add column fallbacks_used integer not null default 0;
alter table notification add column fallback_at integer;
-- It waits because the providers of its channel were at fault or left alone, and leaves when one of them works again.
alter table notification add column waits_for_provider integer not null default 0;
-- Which change was its last: there is one writer, so changes are committed in the order of their numbers. 0 for rows that did not change
-- since there are numbers.
alter table notification add column change_number integer not null default 0;

create table change_counter (
    number integer not null
) strict;

insert into change_counter (number) values (0);

-- By the schema, so that no statement of any release forgets it.
create trigger notification_accepted after insert on notification begin
    update change_counter set number = number + 1;
    update notification set change_number = (select number from change_counter)
    where tenant_id = new.tenant_id and created_at = new.created_at and id = new.id;
end;

create trigger notification_changed after update of changed_at on notification begin
    update change_counter set number = number + 1;
    update notification set change_number = (select number from change_counter)
    where tenant_id = new.tenant_id and created_at = new.created_at and id = new.id;
end;

create index notification_waiting on notification (channel, lane, created_at) where state = 1 and waits_for_provider;
create index notification_changes on notification (tenant_id, change_number, id) where change_number > 0;

-- Notices by what makes two of them the same: a keyed digest, so that it shows no address.
create table deduplication (
    tenant_id blob not null,
    name blob not null,
    -- The message that was accepted first, and when.
    notification_id blob not null,
    created_at integer not null,
    expires_at integer not null,
    primary key (tenant_id, name)
) strict, without rowid;

create index deduplication_expiry on deduplication (expires_at);

update schema_version set version = 8;

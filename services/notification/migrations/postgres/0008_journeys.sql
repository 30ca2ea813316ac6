-- The journey of a message: where it goes when its channel fails, whether it waits for a provider, and the order in which messages
-- change. Notices that say what was just said are told by a table of their own.
-- The lock goes through all partitions, so it is waited for only briefly: a migration that meets a long statement is
-- started again instead of holding up everybody behind it.
set local lock_timeout = '5s';

-- How many steps of its fallbacks it has taken, and when it takes the next one unless somebody took it by then; null where no step is left.
alter table notification add column fallbacks_used smallint not null default 0;
alter table notification add column fallback_at bigint;
-- It waits because the providers of its channel were at fault or left alone, and leaves when one of them works again.
alter table notification add column waits_for_provider boolean not null default false;
-- The transaction that changed it last. What lies below the oldest one that is still open is final, whatever the clocks of those who
-- wrote it say. 0 for rows that did not change since there are numbers.
alter table notification add column change_number bigint not null default 0;

-- By the schema, so that no statement of any release forgets it.
create function number_notification_change() returns trigger language plpgsql as $$
begin
    new.change_number := pg_current_xact_id()::text::bigint;
    return new;
end
$$;

create trigger notification_change before insert or update of changed_at on notification
    for each row execute function number_notification_change();

-- In the order of release. Lanes are written out in the statement, so weeks behind us, which lack this index, use that of the lane.
create index notification_waiting on only notification (channel, lane, created_at)
    where state = 1 and waits_for_provider;
-- In the order of change. No row has a number yet, so building it holds up nobody for longer than reading this week takes.
create index notification_changes on only notification (tenant_id, change_number, id) where change_number > 0;

-- The weeks that are to come get both indexes when they are attached. Those behind us are not read in the order of change: a function, so
-- that a plan leaves them out.
do $$
declare
    weeks bigint[];
    week bigint;
begin
    select array_agg(number) into weeks from (
        select substring(child.relname from '\d+$')::bigint as number
        from pg_inherits join pg_class child on child.oid = pg_inherits.inhrelid
        where pg_inherits.inhparent = 'notification'::regclass
        order by 1 desc limit 5
    ) latest;
    foreach week in array coalesce(weeks, '{}') loop
        execute format(
            'create index on %I (channel, lane, created_at) where state = 1 and waits_for_provider',
            format('notification_w%s', week)
        );
        execute format(
            'create index on %I (tenant_id, change_number, id) where change_number > 0',
            format('notification_w%s', week)
        );
    end loop;
    execute format(
        'create function notification_watched_from() returns bigint language sql immutable as %L',
        format('select %s::bigint', coalesce((select min(number) from unnest(weeks) number), 0) * 604800000000)
    );
end
$$;

-- Notices by what makes two of them the same: a keyed digest, so that it shows no address.
create table deduplication (
    tenant_id uuid not null,
    name bytea not null,
    -- The message that was accepted first, and when.
    notification_id uuid not null,
    created_at bigint not null,
    expires_at bigint not null,
    primary key (tenant_id, name)
);

create index deduplication_expiry on deduplication (expires_at);

update schema_version set version = 8;

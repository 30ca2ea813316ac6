SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
CREATE FUNCTION public.drop_notification_weeks(horizon bigint) RETURNS bigint
    LANGUAGE plpgsql
    AS $_$
declare
    micros constant bigint := 604800000000;
    dropped bigint := 0;
    name text;
begin
    for name in
        select child.relname from pg_inherits
        join pg_class child on child.oid = pg_inherits.inhrelid
        where pg_inherits.inhparent = 'notification'::regclass
          and (substring(child.relname from '^notification_w(\d+)$')::bigint + 1) * micros <= horizon
    loop
        execute format('drop table %I', name);
        dropped := dropped + 1;
    end loop;
    return dropped;
end
$_$;
CREATE FUNCTION public.ensure_notification_week(week bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
    micros constant bigint := 604800000000;
    name constant text := format('notification_w%s', week);
begin
    if is_notification_partition(name) then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtext('notification weeks'));
    if is_notification_partition(name) then
        return false;
    end if;
    execute format('create table %I (like notification including defaults) with (fillfactor = 70)', name);
    execute format(
        'alter table notification attach partition %I for values from (%s) to (%s)',
        name, week * micros, (week + 1) * micros
    );
    return true;
end
$$;
CREATE FUNCTION public.is_notification_partition(name text) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
begin
    return exists (
        select from pg_inherits join pg_class child on child.oid = pg_inherits.inhrelid
        where pg_inherits.inhparent = 'notification'::regclass and child.relname = name
    );
end
$$;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public._sqlx_migrations (
    version bigint NOT NULL,
    description text NOT NULL,
    installed_on timestamp with time zone DEFAULT now() NOT NULL,
    success boolean NOT NULL,
    checksum bytea NOT NULL,
    execution_time bigint NOT NULL
);
CREATE TABLE public.notification (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    lane smallint NOT NULL,
    state smallint NOT NULL,
    template text NOT NULL,
    locale text NOT NULL,
    channel text NOT NULL,
    masked_destination text NOT NULL,
    reference text NOT NULL,
    decoy boolean NOT NULL,
    payload bytea,
    tries integer NOT NULL,
    fence bigint NOT NULL,
    lease_until bigint,
    next_try_at bigint,
    not_after bigint NOT NULL,
    last_failure smallint,
    provider text NOT NULL,
    in_doubt boolean DEFAULT false NOT NULL
)
PARTITION BY RANGE (created_at);
CREATE TABLE public.notification_w2969 (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    lane smallint NOT NULL,
    state smallint NOT NULL,
    template text NOT NULL,
    locale text NOT NULL,
    channel text NOT NULL,
    masked_destination text NOT NULL,
    reference text NOT NULL,
    decoy boolean NOT NULL,
    payload bytea,
    tries integer NOT NULL,
    fence bigint NOT NULL,
    lease_until bigint,
    next_try_at bigint,
    not_after bigint NOT NULL,
    last_failure smallint,
    provider text NOT NULL,
    in_doubt boolean DEFAULT false NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE public.notification_w2970 (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    lane smallint NOT NULL,
    state smallint NOT NULL,
    template text NOT NULL,
    locale text NOT NULL,
    channel text NOT NULL,
    masked_destination text NOT NULL,
    reference text NOT NULL,
    decoy boolean NOT NULL,
    payload bytea,
    tries integer NOT NULL,
    fence bigint NOT NULL,
    lease_until bigint,
    next_try_at bigint,
    not_after bigint NOT NULL,
    last_failure smallint,
    provider text NOT NULL,
    in_doubt boolean DEFAULT false NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE public.notification_w2971 (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    lane smallint NOT NULL,
    state smallint NOT NULL,
    template text NOT NULL,
    locale text NOT NULL,
    channel text NOT NULL,
    masked_destination text NOT NULL,
    reference text NOT NULL,
    decoy boolean NOT NULL,
    payload bytea,
    tries integer NOT NULL,
    fence bigint NOT NULL,
    lease_until bigint,
    next_try_at bigint,
    not_after bigint NOT NULL,
    last_failure smallint,
    provider text NOT NULL,
    in_doubt boolean DEFAULT false NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE public.notification_w2972 (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    lane smallint NOT NULL,
    state smallint NOT NULL,
    template text NOT NULL,
    locale text NOT NULL,
    channel text NOT NULL,
    masked_destination text NOT NULL,
    reference text NOT NULL,
    decoy boolean NOT NULL,
    payload bytea,
    tries integer NOT NULL,
    fence bigint NOT NULL,
    lease_until bigint,
    next_try_at bigint,
    not_after bigint NOT NULL,
    last_failure smallint,
    provider text NOT NULL,
    in_doubt boolean DEFAULT false NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE public.notification_w2973 (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    created_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    lane smallint NOT NULL,
    state smallint NOT NULL,
    template text NOT NULL,
    locale text NOT NULL,
    channel text NOT NULL,
    masked_destination text NOT NULL,
    reference text NOT NULL,
    decoy boolean NOT NULL,
    payload bytea,
    tries integer NOT NULL,
    fence bigint NOT NULL,
    lease_until bigint,
    next_try_at bigint,
    not_after bigint NOT NULL,
    last_failure smallint,
    provider text NOT NULL,
    in_doubt boolean DEFAULT false NOT NULL
)
WITH (fillfactor='70');
CREATE TABLE public.request (
    tenant_id uuid NOT NULL,
    request_id uuid NOT NULL,
    action smallint NOT NULL,
    notification_id uuid NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    fingerprint bytea NOT NULL
);
CREATE TABLE public.schema_version (
    version bigint NOT NULL,
    oldest_code bigint NOT NULL
);
ALTER TABLE ONLY public.notification ATTACH PARTITION public.notification_w2969 FOR VALUES FROM ('1795651200000000') TO ('1796256000000000');
ALTER TABLE ONLY public.notification ATTACH PARTITION public.notification_w2970 FOR VALUES FROM ('1796256000000000') TO ('1796860800000000');
ALTER TABLE ONLY public.notification ATTACH PARTITION public.notification_w2971 FOR VALUES FROM ('1796860800000000') TO ('1797465600000000');
ALTER TABLE ONLY public.notification ATTACH PARTITION public.notification_w2972 FOR VALUES FROM ('1797465600000000') TO ('1798070400000000');
ALTER TABLE ONLY public.notification ATTACH PARTITION public.notification_w2973 FOR VALUES FROM ('1798070400000000') TO ('1798675200000000');
INSERT INTO public._sqlx_migrations VALUES (1, 'notification', '2026-11-28 19:58:21.123533+00', true, '\x6281067090b18e290c28256dd2ba0e101029bb76100e5425a142280362db1047c6df6bff5e54a7527f8e6879e4400e8a', 8347420);
INSERT INTO public._sqlx_migrations VALUES (2, 'doubt', '2026-11-28 19:58:21.132231+00', true, '\x5f75948c8b4624bf92d84cbb7812d08574cfdce1709dbab35007d53e482c9c7330362de68a047bfa7cecadf2307fc962', 578515);
INSERT INTO public.notification_w2969 VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-c7e4-7b18-bc44-bcf8075c0a99', 1795895904228972, 1795895905857588, 1, 1, 'password_reset_code', '', 'email', 'b•••••@d•••••', '342997e8-5308-810e-9cbf-ba83b7303eb4', false, '\x012acd0a9450c6d7004ffc984793f5d950e7aff70b6a1c6e83c08075efdb8f88a573af9f7e1016ddd7cd2f5978be8f49ed20284ce16ea323403b72cb1ad7912479f8346d50864cd722a1d2dfe5266aba3e8129616bee05f0b017046e888b164e313a32f78270deb07823196ca91af8e8bc86e454280bf15d4ace2b19dd81', 2, 2, NULL, 1795895909635812, 1795896504228536, 2, 'smtp', false);
INSERT INTO public.request VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '738cf2f8-2865-85c3-9e42-5ddf56c1c237', 1, '01a223bc-c7e4-7b18-bc44-bcf8075c0a99', 1795895904228972, 1795982304228972, '\x012acd0a9433817f01a25f3a7b8330a0a5c2da20b2b219fcf3532cdcb2597aa04e6c240bd4772fe73fc7acfaed54cb9f8a881a8b31fe0cf23cedbafa8e8ea062dc260d84d18c743361f2be4aa0');
INSERT INTO public.schema_version VALUES (2, 1);
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.notification
    ADD CONSTRAINT notification_pkey PRIMARY KEY (tenant_id, created_at, id);
ALTER TABLE ONLY public.notification_w2969
    ADD CONSTRAINT notification_w2969_pkey PRIMARY KEY (tenant_id, created_at, id);
ALTER TABLE ONLY public.notification_w2970
    ADD CONSTRAINT notification_w2970_pkey PRIMARY KEY (tenant_id, created_at, id);
ALTER TABLE ONLY public.notification_w2971
    ADD CONSTRAINT notification_w2971_pkey PRIMARY KEY (tenant_id, created_at, id);
ALTER TABLE ONLY public.notification_w2972
    ADD CONSTRAINT notification_w2972_pkey PRIMARY KEY (tenant_id, created_at, id);
ALTER TABLE ONLY public.notification_w2973
    ADD CONSTRAINT notification_w2973_pkey PRIMARY KEY (tenant_id, created_at, id);
ALTER TABLE ONLY public.request
    ADD CONSTRAINT request_pkey PRIMARY KEY (tenant_id, request_id);
CREATE INDEX notification_bulk ON ONLY public.notification USING btree (next_try_at) WHERE ((state = 1) AND (lane = 3));
CREATE INDEX notification_critical ON ONLY public.notification USING btree (next_try_at) WHERE ((state = 1) AND (lane = 1));
CREATE INDEX notification_leases ON ONLY public.notification USING btree (lease_until) WHERE (state = 2);
CREATE INDEX notification_payloads ON ONLY public.notification USING btree (not_after) WHERE (payload IS NOT NULL);
CREATE INDEX notification_references ON ONLY public.notification USING btree (tenant_id, reference, created_at) WHERE (reference <> ''::text);
CREATE INDEX notification_transactional ON ONLY public.notification USING btree (next_try_at) WHERE ((state = 1) AND (lane = 2));
CREATE INDEX notification_w2969_lease_until_idx ON public.notification_w2969 USING btree (lease_until) WHERE (state = 2);
CREATE INDEX notification_w2969_next_try_at_idx ON public.notification_w2969 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 1));
CREATE INDEX notification_w2969_next_try_at_idx1 ON public.notification_w2969 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 2));
CREATE INDEX notification_w2969_next_try_at_idx2 ON public.notification_w2969 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 3));
CREATE INDEX notification_w2969_not_after_idx ON public.notification_w2969 USING btree (not_after) WHERE (payload IS NOT NULL);
CREATE INDEX notification_w2969_tenant_id_reference_created_at_idx ON public.notification_w2969 USING btree (tenant_id, reference, created_at) WHERE (reference <> ''::text);
CREATE INDEX notification_w2970_lease_until_idx ON public.notification_w2970 USING btree (lease_until) WHERE (state = 2);
CREATE INDEX notification_w2970_next_try_at_idx ON public.notification_w2970 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 1));
CREATE INDEX notification_w2970_next_try_at_idx1 ON public.notification_w2970 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 2));
CREATE INDEX notification_w2970_next_try_at_idx2 ON public.notification_w2970 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 3));
CREATE INDEX notification_w2970_not_after_idx ON public.notification_w2970 USING btree (not_after) WHERE (payload IS NOT NULL);
CREATE INDEX notification_w2970_tenant_id_reference_created_at_idx ON public.notification_w2970 USING btree (tenant_id, reference, created_at) WHERE (reference <> ''::text);
CREATE INDEX notification_w2971_lease_until_idx ON public.notification_w2971 USING btree (lease_until) WHERE (state = 2);
CREATE INDEX notification_w2971_next_try_at_idx ON public.notification_w2971 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 1));
CREATE INDEX notification_w2971_next_try_at_idx1 ON public.notification_w2971 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 2));
CREATE INDEX notification_w2971_next_try_at_idx2 ON public.notification_w2971 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 3));
CREATE INDEX notification_w2971_not_after_idx ON public.notification_w2971 USING btree (not_after) WHERE (payload IS NOT NULL);
CREATE INDEX notification_w2971_tenant_id_reference_created_at_idx ON public.notification_w2971 USING btree (tenant_id, reference, created_at) WHERE (reference <> ''::text);
CREATE INDEX notification_w2972_lease_until_idx ON public.notification_w2972 USING btree (lease_until) WHERE (state = 2);
CREATE INDEX notification_w2972_next_try_at_idx ON public.notification_w2972 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 1));
CREATE INDEX notification_w2972_next_try_at_idx1 ON public.notification_w2972 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 2));
CREATE INDEX notification_w2972_next_try_at_idx2 ON public.notification_w2972 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 3));
CREATE INDEX notification_w2972_not_after_idx ON public.notification_w2972 USING btree (not_after) WHERE (payload IS NOT NULL);
CREATE INDEX notification_w2972_tenant_id_reference_created_at_idx ON public.notification_w2972 USING btree (tenant_id, reference, created_at) WHERE (reference <> ''::text);
CREATE INDEX notification_w2973_lease_until_idx ON public.notification_w2973 USING btree (lease_until) WHERE (state = 2);
CREATE INDEX notification_w2973_next_try_at_idx ON public.notification_w2973 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 1));
CREATE INDEX notification_w2973_next_try_at_idx1 ON public.notification_w2973 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 2));
CREATE INDEX notification_w2973_next_try_at_idx2 ON public.notification_w2973 USING btree (next_try_at) WHERE ((state = 1) AND (lane = 3));
CREATE INDEX notification_w2973_not_after_idx ON public.notification_w2973 USING btree (not_after) WHERE (payload IS NOT NULL);
CREATE INDEX notification_w2973_tenant_id_reference_created_at_idx ON public.notification_w2973 USING btree (tenant_id, reference, created_at) WHERE (reference <> ''::text);
CREATE INDEX request_expiry ON public.request USING btree (expires_at);
ALTER INDEX public.notification_leases ATTACH PARTITION public.notification_w2969_lease_until_idx;
ALTER INDEX public.notification_critical ATTACH PARTITION public.notification_w2969_next_try_at_idx;
ALTER INDEX public.notification_transactional ATTACH PARTITION public.notification_w2969_next_try_at_idx1;
ALTER INDEX public.notification_bulk ATTACH PARTITION public.notification_w2969_next_try_at_idx2;
ALTER INDEX public.notification_payloads ATTACH PARTITION public.notification_w2969_not_after_idx;
ALTER INDEX public.notification_pkey ATTACH PARTITION public.notification_w2969_pkey;
ALTER INDEX public.notification_references ATTACH PARTITION public.notification_w2969_tenant_id_reference_created_at_idx;
ALTER INDEX public.notification_leases ATTACH PARTITION public.notification_w2970_lease_until_idx;
ALTER INDEX public.notification_critical ATTACH PARTITION public.notification_w2970_next_try_at_idx;
ALTER INDEX public.notification_transactional ATTACH PARTITION public.notification_w2970_next_try_at_idx1;
ALTER INDEX public.notification_bulk ATTACH PARTITION public.notification_w2970_next_try_at_idx2;
ALTER INDEX public.notification_payloads ATTACH PARTITION public.notification_w2970_not_after_idx;
ALTER INDEX public.notification_pkey ATTACH PARTITION public.notification_w2970_pkey;
ALTER INDEX public.notification_references ATTACH PARTITION public.notification_w2970_tenant_id_reference_created_at_idx;
ALTER INDEX public.notification_leases ATTACH PARTITION public.notification_w2971_lease_until_idx;
ALTER INDEX public.notification_critical ATTACH PARTITION public.notification_w2971_next_try_at_idx;
ALTER INDEX public.notification_transactional ATTACH PARTITION public.notification_w2971_next_try_at_idx1;
ALTER INDEX public.notification_bulk ATTACH PARTITION public.notification_w2971_next_try_at_idx2;
ALTER INDEX public.notification_payloads ATTACH PARTITION public.notification_w2971_not_after_idx;
ALTER INDEX public.notification_pkey ATTACH PARTITION public.notification_w2971_pkey;
ALTER INDEX public.notification_references ATTACH PARTITION public.notification_w2971_tenant_id_reference_created_at_idx;
ALTER INDEX public.notification_leases ATTACH PARTITION public.notification_w2972_lease_until_idx;
ALTER INDEX public.notification_critical ATTACH PARTITION public.notification_w2972_next_try_at_idx;
ALTER INDEX public.notification_transactional ATTACH PARTITION public.notification_w2972_next_try_at_idx1;
ALTER INDEX public.notification_bulk ATTACH PARTITION public.notification_w2972_next_try_at_idx2;
ALTER INDEX public.notification_payloads ATTACH PARTITION public.notification_w2972_not_after_idx;
ALTER INDEX public.notification_pkey ATTACH PARTITION public.notification_w2972_pkey;
ALTER INDEX public.notification_references ATTACH PARTITION public.notification_w2972_tenant_id_reference_created_at_idx;
ALTER INDEX public.notification_leases ATTACH PARTITION public.notification_w2973_lease_until_idx;
ALTER INDEX public.notification_critical ATTACH PARTITION public.notification_w2973_next_try_at_idx;
ALTER INDEX public.notification_transactional ATTACH PARTITION public.notification_w2973_next_try_at_idx1;
ALTER INDEX public.notification_bulk ATTACH PARTITION public.notification_w2973_next_try_at_idx2;
ALTER INDEX public.notification_payloads ATTACH PARTITION public.notification_w2973_not_after_idx;
ALTER INDEX public.notification_pkey ATTACH PARTITION public.notification_w2973_pkey;
ALTER INDEX public.notification_references ATTACH PARTITION public.notification_w2973_tenant_id_reference_created_at_idx;

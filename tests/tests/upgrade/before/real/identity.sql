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
CREATE FUNCTION public.ensure_audit_partition(instant bigint) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
    micros constant bigint := 2419200000000;
    number constant bigint := floor(instant / micros::numeric);
    name constant text := format('audit_events_p%s', number);
begin
    if to_regclass(name) is not null then
        return false;
    end if;
    perform pg_advisory_xact_lock(hashtext('rekey audit partitions'));
    if to_regclass(name) is not null or exists (
        select from audit_events_default where at >= number * micros and at < (number + 1) * micros
    ) then
        return false;
    end if;
    execute format('create table %I (like audit_events including defaults)', name);
    execute format(
        'alter table audit_events attach partition %I for values from (%s) to (%s)',
        name, number * micros, (number + 1) * micros
    );
    return true;
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
CREATE TABLE public.accounts (
    tenant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    external_id text,
    display_name text NOT NULL,
    epoch bigint NOT NULL,
    recovery_version bigint NOT NULL,
    blocked boolean NOT NULL,
    frozen boolean NOT NULL,
    managed_elsewhere boolean NOT NULL,
    roles bigint NOT NULL,
    reconfirmed_at bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    deleted_at bigint,
    version bigint NOT NULL,
    password_hash bytea,
    password_set_at bigint,
    password_must_change boolean,
    password_temporary_until bigint,
    password_expiry_exempt boolean,
    password_expiry_counts_from bigint
);
CREATE TABLE public.answers (
    tenant_id uuid NOT NULL,
    request_key bytea NOT NULL,
    content bytea NOT NULL,
    answer bytea NOT NULL,
    expires_at bigint NOT NULL
);
CREATE TABLE public.audit_events (
    tenant_id uuid NOT NULL,
    at bigint NOT NULL,
    event_id uuid NOT NULL,
    "position" bigint NOT NULL,
    kind text NOT NULL,
    outcome text NOT NULL,
    reason text,
    actor text NOT NULL,
    actor_id uuid,
    caller text,
    subject text NOT NULL,
    subject_id uuid,
    subject_login bytea,
    ip_address text,
    masked_place text,
    trace_id bytea,
    count bigint NOT NULL,
    link bytea NOT NULL
)
PARTITION BY RANGE (at);
CREATE TABLE public.audit_events_default (
    tenant_id uuid NOT NULL,
    at bigint NOT NULL,
    event_id uuid NOT NULL,
    "position" bigint NOT NULL,
    kind text NOT NULL,
    outcome text NOT NULL,
    reason text,
    actor text NOT NULL,
    actor_id uuid,
    caller text,
    subject text NOT NULL,
    subject_id uuid,
    subject_login bytea,
    ip_address text,
    masked_place text,
    trace_id bytea,
    count bigint NOT NULL,
    link bytea NOT NULL
);
CREATE TABLE public.audit_heads (
    tenant_id uuid NOT NULL,
    "position" bigint NOT NULL,
    link bytea NOT NULL
)
WITH (fillfactor='50');
CREATE TABLE public.counted_tries (
    tenant_id uuid NOT NULL,
    method_key uuid NOT NULL,
    request_key bytea NOT NULL,
    counted_at bigint NOT NULL
);
CREATE TABLE public.expiry_notices (
    tenant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    epoch bigint NOT NULL,
    days bigint NOT NULL,
    told_at bigint NOT NULL
);
CREATE TABLE public.familiar_places (
    tenant_id uuid NOT NULL,
    login_key bytea NOT NULL,
    place_key bytea NOT NULL,
    seen_at bigint NOT NULL
);
CREATE TABLE public.group_members (
    tenant_id uuid NOT NULL,
    member_id uuid NOT NULL,
    group_id uuid NOT NULL
);
CREATE TABLE public.groups (
    tenant_id uuid NOT NULL,
    group_id uuid NOT NULL,
    display_name text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    version bigint NOT NULL
);
CREATE TABLE public.help_requests (
    tenant_id uuid NOT NULL,
    help_request_id uuid NOT NULL,
    account_id uuid NOT NULL,
    message text NOT NULL,
    proved boolean NOT NULL,
    state text NOT NULL,
    handled_by uuid,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    version bigint NOT NULL,
    digested_at bigint
);
CREATE TABLE public.lockouts (
    tenant_id uuid NOT NULL,
    login_key bytea NOT NULL,
    place_key bytea NOT NULL,
    wrong_in_a_row bigint NOT NULL,
    locked_until bigint,
    last_wrong bytea NOT NULL,
    changed_at bigint NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE public.logins (
    tenant_id uuid NOT NULL,
    login text NOT NULL,
    account_id uuid NOT NULL,
    "position" bigint NOT NULL
);
CREATE TABLE public.method_tries (
    tenant_id uuid NOT NULL,
    method_key uuid NOT NULL,
    recent bytea NOT NULL,
    in_a_row bigint NOT NULL,
    live_until bigint NOT NULL,
    familiar_recent bytea DEFAULT '\x'::bytea NOT NULL,
    familiar_in_a_row bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE public.outbox (
    tenant_id uuid NOT NULL,
    notice_id uuid NOT NULL,
    content bytea NOT NULL,
    not_after bigint NOT NULL,
    queued_at bigint NOT NULL,
    due_at bigint NOT NULL,
    fence bigint NOT NULL
);
CREATE TABLE public.password_history (
    tenant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    epoch bigint NOT NULL,
    password_hash bytea NOT NULL
);
CREATE TABLE public.policies (
    tenant_id uuid NOT NULL,
    version bigint NOT NULL,
    document text NOT NULL,
    changed_by uuid,
    changed_at bigint NOT NULL
);
CREATE TABLE public.removed_addresses (
    tenant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    security_info_id uuid NOT NULL,
    channel text NOT NULL,
    address text NOT NULL,
    removed_at bigint NOT NULL
);
CREATE TABLE public.reset_attempts (
    tenant_id uuid NOT NULL,
    reset_id uuid NOT NULL,
    attempts bigint NOT NULL,
    expires_at bigint NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE public.schema_version (
    version bigint NOT NULL,
    serves_since bigint NOT NULL
);
CREATE TABLE public.security_info (
    tenant_id uuid NOT NULL,
    account_id uuid NOT NULL,
    security_info_id uuid NOT NULL,
    kind text NOT NULL,
    address text,
    label text,
    is_default boolean NOT NULL,
    standing text NOT NULL,
    confirmed_at bigint,
    disabled boolean NOT NULL,
    is_first boolean NOT NULL,
    added_at bigint NOT NULL,
    changed_at bigint NOT NULL,
    totp_hash text,
    totp_digits bigint,
    totp_key bytea,
    totp_last_step bigint,
    codes_remaining bigint
);
CREATE TABLE public.sessions (
    tenant_id uuid NOT NULL,
    session_id uuid NOT NULL,
    account_id uuid NOT NULL,
    epoch bigint NOT NULL,
    authenticated_at bigint NOT NULL,
    strong boolean NOT NULL,
    refresh_hash bytea NOT NULL,
    previous_refresh_hash bytea,
    rotated_at bigint NOT NULL,
    user_agent_family text NOT NULL,
    created_at bigint NOT NULL,
    refreshed_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    ended_at bigint,
    ending text,
    earlier_refreshes bytea DEFAULT '\x'::bytea NOT NULL
)
WITH (fillfactor='80');
CREATE TABLE public.tenant_domains (
    tenant_id uuid NOT NULL,
    domain text NOT NULL,
    "position" bigint NOT NULL
);
CREATE TABLE public.tenants (
    tenant_id uuid NOT NULL,
    handle text NOT NULL,
    display_name text NOT NULL,
    licensed_accounts bigint,
    help_mailbox text,
    help_url text,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    version bigint NOT NULL
);
ALTER TABLE ONLY public.audit_events ATTACH PARTITION public.audit_events_default DEFAULT;
INSERT INTO public._sqlx_migrations VALUES (1, 'identity', '2026-11-28 19:58:21.074496+00', true, '\xafccfe1353b4bda00040d9c4ba2c4965ecbf870e4d6b9ba3725e380b55187e4cf1b0590fc8d67e0019a377840e10a712', 27602640);
INSERT INTO public._sqlx_migrations VALUES (2, 'expiry notices', '2026-11-28 19:58:21.102619+00', true, '\x7a8e42c61c42b455fd1d7df11d116898c10a0b35cfca8a8c581bbb9d12d35c055f5edbb88cd9cf3437e9ad5d43fc517f', 1082653);
INSERT INTO public._sqlx_migrations VALUES (3, 'familiar tries', '2026-11-28 19:58:21.103838+00', true, '\x0bb9597edd2641d99eb7929474b9c03e91d26e74a5e24b8d2336215db017ac86b86f5a162941b685a87111836f75449c', 1303961);
INSERT INTO public._sqlx_migrations VALUES (4, 'earlier refreshes', '2026-11-28 19:58:21.105349+00', true, '\x82572df8447331ced1edf298bc14305c9e02b03fb5ac8ae804a731f9ce8a0a6be7353e67dce7dde382ac26e826d4b9b5', 2237018);
INSERT INTO public.accounts VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bc23-7b2e-92f3-ac6e79f77611', NULL, 'Demo Administrator', 1, 2, false, false, false, 1, NULL, 1795895901219504, 1795895901300702, NULL, 2, '\x01da245a98d8af2005549f084ce4a051b45cceda6ac32771a0beaaa1b7d3a9aa07c9c37a0399d7822ab64176aac3f45f35f985c1639f47061a8ace5817fcff6be3c17c90c3c0c8683f0d73d4d6e6ca28be3a49c7268080dc9d01b96a122bf5ad4d4ed6b32059416ed24dda920be1560423efbb76b41d235264746da16922e68e30149a0f68d820712da083c8ebd2', 1795895901219504, false, NULL, false, 1795895901219504);
INSERT INTO public.accounts VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bca8-7956-9dfa-202bfe665327', NULL, 'Ben Okafor', 1, 1, false, false, false, 0, NULL, 1795895901352698, 1795895901352698, NULL, 1, '\x01da245a9821aa7a3f6d4cfa14d2594e58afda5a0a0e20ccf0ef9c73d9de6fe7d5d12fbf712acfd7288761d316cd178522b74327b0dd8a26868ae202ea9289dc02bf39be49e009aee589a7049a778d5d7c6da67f19338acd0b73259857cdc6330bc7413fb44194a8421cf04a10fe4696ae7ac0d6501c89e61de4aff08a1e7f9cad1acdeff1e66129d790a0324168', 1795895901352698, false, NULL, false, 1795895901352698);
INSERT INTO public.accounts VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bcca-745c-a761-3185bb4b2d74', NULL, 'Ada Lindgren', 1, 1, false, false, false, 0, NULL, 1795895901386441, 1795895901386441, NULL, 1, '\x01da245a98eac77296b04039f281ffd5945886161027c37063021d69c52df6912c9ac178bb5d00558a736c3565546d211172952fce449ecc3ee647246ae9258f33d53bee9a88a8823af61a4777435fa99e08c4ab66887b335e4821ed9b4c09543b8f6fc6e1f2739584d325180a72c8f69d7a9eca1bb5cf9b4c47638568be8c99ecbe639fe5338782d34b3df03bd1', 1795895901386441, false, NULL, false, 1795895901386441);
INSERT INTO public.accounts VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bc7a-762c-b949-50176ea6f772', NULL, 'Zoe Arnold', 2, 1, false, false, false, 0, NULL, 1795895901306254, 1795895903186692, NULL, 2, '\x01da245a980050a9d637aad9c277aa08bb8f3daa6c76c9915c3e17c1f3b93709a8bb71774156b2fc3c1af08f7e0a57873c016128a2ad39f78170c81006561b8788d1e853fa77ba00494d4d4871af60f011b4bf58bbacf34ea4f0afaecadb74fc6c2e2ed193111abec3d9cf34ed13e092c820b0af39566960a56c8e81f978e35f8c0d77b735a87dcd291b553251ff', 1795895903186692, false, NULL, false, 1795895903186692);
INSERT INTO public.answers VALUES ('00000000-0000-0000-0000-000000000000', '\xb62c1caf873c22fd20b8bb45aaf8ba393abfa3073303323f9816394d727840a0', '\x78282d548d9e87ba79bcb0314e9fd85f6b608ca25898abba9b907ebf683544bc', '\x01665f02ae5d311649039759679072c28c776e47ae46d12e1dcc44c95609e6825c351bae97a3e749a4a6bc03c657757dd2307fe097d99d1d9eb4f650e61019a09be0c45aaa84898effcb64edb21fb8c645441ed0309e4a995857525a61cf531b0be275dc7ac380bb7b6aaa5e8ba327a4ac0c58d02ef2d01594fea758a32e47ab5cc3c58155c3c112c82fce8e3209f6cd01f0a5a769f9574681b959f85ae088c0b6e3cc46c450d9c13459d1bb2a54687f8667a826ddb496b81986dd7641475965f0974c7b880c53498baf0923e077b4976ee7bde011c022de357f21e358f1370b32c964037fe3c659119dd3aab83576f775f7c79f834493bcf24260db348bdd2210f935', 1795896501197236);
INSERT INTO public.answers VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '\xadef51031318bde78247b1c6b0c03400f2f87e17c98f85fe9ab121f25052a2f4', '\x3013e67885cb1118466483e52cd2b4ac2799d197949dd120dd9c00d9ee598315', '\x01665f02ae1b016e450f106bf2cc635f1aea2f6c12070dd0342ea186e9ac3940a735e8103a9010eccde0bac4f1bf06a49ceecbaa52a9cdfc92ff239964478e876a911e95e1f9dece4268cba556db93a5c1c0a6647b0402f71fcaa0ea2589a190b6a398e326045bf4bc0c7d471cedaecb06cb0da24e62e1b889a4c23a9f847446568915aa311eec12768cd7517f5c15ff40edcd66228737fa0e1a01d088f6caf738fa04b889150fb0730d2fb090d0d4d77e25dc8329347301eed34b1abb35adf0b792f591a0db81e4520be8b18a2dc3966cccc05e253d57b4e6fba71a3f58fbb4823fb31a12e0f649bc0a9ffb5fadba838c8c3c3ca067c107017cf7ff5890a8a498b7049332a0b2ee2b4fa4e929660d6b46967d5ffa9680e55cf472930187689ca41978a1fabbfd5b9a7df458daf8b6cf341c527c77d91ebb8aa8533fefb64001f8f2f445966f9d9c8973d237bef2dddd6bb62f4ddd2621749372687692c5c05a316782347ff5873b0c57869c57df7ea486fb4fe8fe01c93cf4da870b19a0efc2265a694fdefd13b9c889a01427ca77748e1b9c27e3443213541f055c6fda58907a22a9bc4bfba5630a2a3f89ef2aca5778619a', 1795896501219504);
INSERT INTO public.answers VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '\x6c98f31a86d8db44b58c51aea99ff001c064a0aefdace5a7d36c0ebca0145773', '\x076fec831bdbb2df814d882e354f391574aaf3f67afaa32a4f5f315e2cefc77d', '\x01665f02aeb90176558b031f61ad154a0d9702ceef7ace0e765f7b56e36fe02005cfb33b332af998a81cda5a98662733908a9dbfa3e6aed5e8d31f2fd6b4e00c26abbd5f4123c1ce2e4e0f27f2802c38f6e48a5aed286c2ffb33b256adfb68f0f59f1ab7c8ae34a0aa23db8041f9332d75a8541c27afa140db3ef45f0a822889ed5d028710f4458ea4f12428202aa111e9926ff2940ed46e4c7140ba886c2f6b3d45e20f63b5c11c73cc34b2f0261cbf295d38e8dd3a99cba7663dbab5274c70c56615cf79b4936c58694458b29d1feb5dc5f1a203a05c67ac3320ddcea003e4ec9048badf2c33473abaa55372c2903170d8489bd4469876c1435bb69e0c9ab53f1881d0109c140773af4c0331e22a6cdd377902b2b56f88c25c5c4854ac596c1245741847b5567db7d47d2f64909545cf9b567a2e21df4752ffc6edd97358051f6ca077c1379a27721db26b47c03636ef84108288ff005bf85545aef4bc76705e28c2344f0424982b4ab8d836b45f565b7854d1c75b7653025320fdbfa5ee611bf6f7bde9ee97631db12ab67f0029a5ea7e034d039d84614fb5fa1fb1e187f541c55c8996ac85e7ec5b4d59ca83c7024c6d5ed6f6f878631474840e9d6c4788afac84f53686b2b7d0', 1795896501300702);
INSERT INTO public.answers VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '\x39259d3e33eb066146d0a4d57a6cc01bcdaf11192dd0e0659d2767fd040f620d', '\x4b1aecbd0ce0a5ea8bbd6e0e24c384b1d9f7c8b969852973bb421ec67baf57f9', '\x01665f02ae5ae27ab87565bd6eaa4f358bed7e182ec2ee02a2ec6e2b5ca8443c3b0d65415729b0305c2ad82181ab12ad54bba2cf83ccb4902600ef7f1c39d308a91c000ae02eb02220cab5e3ebc2d6782c74de1e4e3652035094e8e7d657466f903da46f8f33a371ea08315934c097de4394b7e5e36c83aaf1cbd4fa343dc25f209ce65d2e39570698db04c616dcdd9d79431fd94a6ddab21835674c221e8744fbd0060944fa708ca911cb47ec8f6f6f053fe585ad32fea2b621ff84d9127ac2b0323485076ce1f20b17f564aabe7e324a55b85f56e76ef003cb2b458e3857fba0a0f603fca2707327bdb72c726077cbb2a0b7b975ccb13785c10a68522cfc9f0d44d68b73649a6b6d22397dd4ed4d2773ad12950c5e4df27db5eccd724ce82717002f84f7d3fd368798424cce3f8da9fb50cadf4293902cb0442593a6c0570091642abeebaf81ac8f5cb82327b691f1462a02725cf417ac5cb471c86dfecaf6f9d0413f66220b2208d98fbc4f9bacac108bbf6cae7457373b71c5cc21c2f7ba57618c8b01f32287fd645b57e9d14433aeffd41c401a1c69e12c9c095881c1ac4b0071cb4d6e0ee3ed', 1795896501306254);
INSERT INTO public.answers VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '\x321ed04067e536bbe937f314e2c978bd785f7b48aff49ed6dfdcdf08fe7f8d2b', '\x713c1811341e488189b06170998cdcc41b3a4938616a83282f056284d400975c', '\x01665f02ae7b6e63cf3b062aa414876ec3d9c7aca15162f47e9ebded57fe04f37353833055214c5f339ec8b4034ca44f23f99e24de454114d777c819311321f28293900803f0ceb8c3f87f9069e0a09e1055db0d85963ee18fa49789076d10aa49e5617a5cc8aa395236c111fa5a941d55a697c4e764e3bae0f4f1edd80ccf8ab779adbd4187caea14ec4c15a359418f0b708c4f5bbcc0f6a314443324e767eea878e71342111ed61ec833e537d7f9f3f114e432f56c4a63da5facc0bd14ef63b0733b8d0d08234fbaeece32e7032e99ea23c85d455d29415fd4a10bb97434f303ede124fde9143ec5d9413bb371b574cc976f57f898fc9dc1ab81b498a90f88507c665906c5ce75373f3a09214c5aa403af5540a9d79ae4ab3e3c4d16e70bec32a316aa7b84905a1bf50447a3d92bf65ef816a3bc504d97e84a014948cfb6002a397a8d217d7939fdea04ef26a67cf0818b0b2875a61b218fe3b65f810362ada070f45208701fda75370379e85e1b62ba76a1b33e171f805f9f7b3c17e8423b37276de09636c304a4b5dcdffd5d634e022ce3ec1320ea1e11f7dba6db12409c34ad3abe2aed71ce15', 1795896501352698);
INSERT INTO public.answers VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '\xf8047eb115fd3aaad282bbf1405380370c8ec13ad6e42c089ff1f14cfa505978', '\xdefcdc0e948c91791bbe0196120e4f7ce770dace5483b42add4469f494bfe8d2', '\x01665f02ae28a5aa3aab3bcaa6d425b8f7d2e0e0d93d065769453b12cc1cb289da308f957172d108ac65a7cffbe2006c3343c62cbe7c5ed5bccb1577ec889ecdf679425bd73d923804c2061e640d297dea86ff614b0a734fc37c199db8fb345b09570c1904c942495d937fc1165463828141a51fcd2d52cc9ada227ef85f947b8ea7283f75f820919ef6a68bf8d355a9a5c1905692bed1083df07f55d4e4921d2f3d94ae0c4918cde19111beb2e3a7ee4230cd9558342f4423b16e159fcf72f419df6258568d4838879d895ccad2f5c64519fe3b437878a5bf2981e19f03677714f3cdf93c318caee0a55a2fef37afc42336b7c8bbb695f3e731e30639a2aad51db420d244bc393c588ad59bba4b6a4ab7e8a89c6f2dc9e8e170d05830fe97ba3b52253d8ad96e57ac664ba58ccbb73cd03ca731a45fb53307dc86228c09cfe60e215fc5bd3943fe570050b32ef96965d62330ed2ed336d765858220deefb0d93c106f6ed03e9dc8889f37cdb30d1b541d6c82cd81ed9bdd1dc9aa604b61bcac41a5b41681cfeceba08af08b330764231af5461ebe578666a318bf4941f8a468e33fa542b4f55153251fcd', 1795896501386441);
INSERT INTO public.answers VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '\xe81759f83b3981e6d0682e76a7fd65e1794b591ac6d8fdbccb09782ebabb0668', '\xf3d6693704f58c7799ebed7275f1448e97c8dc2d103f9e5b8edc3bd9f8caea3c', '\x01665f02ae2ebd3bbb91c13da01d18b6ef1bfcb9e94676180901d89dc780b4faf7cb1dbe6b941ee958ec265e22bf597a8a80287913e96e279b66d02aea31a332aacb189b70412e7e7c87f155e336ec0cbb0e81e62b92fb726eac87501dd20039886ef6d5aa02e28488b920d8af1ec02740b09dd3d67ffd6280e5a1664857134b9f9769dc79974c27b42e7b85dce59e2876bdd091d97f3c09889a1bcf9e7cb3260daaf03492dc79543950db6e631cc2037d3aacaedc37cdee574bd2a082a9a2f32b91ebbf53a9ba7bcdb46aca60a65ef38f8e318e8d18ab33ba1ae1f0c5985eabaa1e3a0dcf127300f197b7f4419bdb686d725d5aafc88618e3b8f26c9e3e413452d0068be91d340f3a4532bfe65315f955917356cd9d73fd69f6aed4912bc5df032af1c7e1e589b0f3be9221a404834fb69bfc352f8dc7255d403816774b9d7be0277db38293557603e13727dcc1e4059c3c7875e7d0b8b7d64f1ec4fd59fe2dca49360477c7fa65b41e3be94c012bf2661499d17c6e76b7a44532a7d70c06c167fecc16d4abc8739e07ddf501a9885b7e10afeb8e053094d1cbd25d954a98b1e8e7770ee753b4c1aaeb96d3a9b1f16d466690da2bfcd5fa12d26b5bd84b1ec7421c3a2843404020748664f10c8d5b6fadee39fca02b97ba951d4d90435ad39333710c772d0a111a1414081271b191a7efb20d45bb39fedf109f568969bdacdd4754764d6d75e9a9f65398a793f6957dfce562d0c54fe04445882661e358e7bf0e71e861e89a0c44fa4ebfc91a1d7510a5262e6132d76cca1174fe7c523f24d3a9658258455fba599b5918f9490ef7d86eaab30b34d624263eac0624f8d3bb6cc3b2473e0c796f8e576e80411efcaa1fa8ffbb5a2208c84d309ccf6922b80321d388fd3246f270827af3f105e47436804e831e152f95d65dbb79564ecd7a9fd9f8ba0b402cf32ac53484089321c5beb36b8c2bf1a42ac3735ef70fdb9c6a0637606ac5ddf4df9f185565b15fa30036b8f297d5713eaeaffe3df962cedb7fe4ae1ff2a88a01eb3f9942e4198ee3db936a0b8044f069200c22f00bd6d8bec3c0d845de9b657c643de792fcc5a92662d07095d25f6e252eae70213baff4f54d908ce4fff8372eda29586b1b4bd350950200dd56541968ad9d721d45457e10c9064aac42688b58969aeb171f5786cca00278a86cf977ff89b00885ac989d6fc6fe75a34622a16f07b0621062c9e95f34760cb09b2998041b8284d7748f3522f8cb719bf9a42cad51a739b45f8eb75a55782c7a03107261bea57c799bce39994b503a2b3587044b72537a827b30aaa7da', 1795896502590907);
INSERT INTO public.answers VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '\x9bd37e4c1bd1ac5506bfaea9c94172d4403d5b3b4700b225dcbd50487fce09ca', '\xdc43b9fb9f58cc1db9c0834f90dead1b542a43a16f7a23b514698e6846e2d36b', '\x01665f02aee30793e4e11d52d2565ee12441dfa269703ebdda89e0470567484390419757787ba63938684daed98537d6533bfc84352ec8a672624d59097c53aff0ad31', 1795896503186692);
INSERT INTO public.answers VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '\xe86e429cd0a2b8d6f37b60aba803d16f26724bd7a22274ebaac19ba5545f97a8', '\x869ddc49d3e33b1d18a36830e8d8edb926f968f692c6362c0acac988cce22d06', '\x01665f02aecd1ebf2e95e0d8e04005cfe8b18e37f9febfd5c9cb1dfedc8791dc3203944ffd52bf928f5937d21a11e37dc1c2844f001840a63c0bd97bb4d73aa7a51b1fdd5c963497345899dfb2d453072203361715fe9a29cfb0b321b96ee772e85c2ceaef8d74d535c5e535e1b19987a9', 1795896504223535);
INSERT INTO public.audit_events_default VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 1795895901197236, '01a223bc-bc0d-7c54-a5be-8282a185f628', 1, 'tenant.created', 'success', NULL, 'service', NULL, 'cli', 'tenant', NULL, NULL, NULL, NULL, '\xa51b0ad6cd3668daba2f96e1bb5302c4', 1, '\x6255a0caeeac9e8aa5024c7418f7bda854504edf8242c02b6059d192be06eb71');
INSERT INTO public.audit_events_default VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 1795895901219504, '01a223bc-bc23-72d0-9d19-a686b64724a5', 2, 'account.created', 'success', NULL, 'service', NULL, 'cli', 'account', '01a223bc-bc23-7b2e-92f3-ac6e79f77611', NULL, NULL, NULL, '\x220b37604e821ddd829601a830f0db72', 1, '\xe45025b9e6ab8bdef1db11614abede789cda0455d10635d8da1f8f3f85a28244');
INSERT INTO public.audit_events_default VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 1795895901300702, '01a223bc-bc74-7f86-b32f-752fa761b597', 3, 'roles.granted', 'success', 'global_administrator', 'service', NULL, 'cli', 'account', '01a223bc-bc23-7b2e-92f3-ac6e79f77611', NULL, NULL, NULL, '\x3f919a7204ee5e9da7e61afb4d03ce0b', 1, '\x13b47f0fafd5cc0c8597b658440182a504eff382d51b3ba186dd180afae1af46');
INSERT INTO public.audit_events_default VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 1795895901306254, '01a223bc-bc7a-75db-acb8-7a464c641041', 4, 'account.created', 'success', NULL, 'service', NULL, 'cli', 'account', '01a223bc-bc7a-762c-b949-50176ea6f772', NULL, NULL, NULL, '\xb2f08a4a8bddcb4bb45bec23ea8b3256', 1, '\xa896d17be14663530b54a8b3df69ba46914accff3dc0094d365e6cdf047a7b6d');
INSERT INTO public.audit_events_default VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 1795895901352698, '01a223bc-bca8-7de3-adfc-6610a274cae2', 5, 'account.created', 'success', NULL, 'service', NULL, 'cli', 'account', '01a223bc-bca8-7956-9dfa-202bfe665327', NULL, NULL, NULL, '\x1efd747fbff423a6f30a77d779058e98', 1, '\x7cf43cf1ebb0adca3d5dc573cc42041b7b91ece6b087fbbfb36be67240923a6f');
INSERT INTO public.audit_events_default VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 1795895901386441, '01a223bc-bcca-7355-8c12-b5b49aefc277', 6, 'account.created', 'success', NULL, 'service', NULL, 'cli', 'account', '01a223bc-bcca-745c-a761-3185bb4b2d74', NULL, NULL, NULL, '\xec6c8ffca4fdc20e668166060615baef', 1, '\x57535ae4eb21e505aa5a4870fa669a711df69c19c7707b1bcf42e6e781f02eec');
INSERT INTO public.audit_events_default VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 1795895902590907, '01a223bc-c17e-74e5-b4c6-d1326ef3d6e3', 7, 'sign_in.attempted', 'success', NULL, 'account', '01a223bc-bc7a-762c-b949-50176ea6f772', 'cli', 'account', '01a223bc-bc7a-762c-b949-50176ea6f772', NULL, NULL, NULL, '\x7ca0de985746f2ecd02dea526b7d38c3', 1, '\x90126d38a498e1272f2b0edf36a1021227eb1ffb0f24cb3997dbe389c6ed8566');
INSERT INTO public.audit_events_default VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 1795895903186692, '01a223bc-c3d2-7cf1-917d-ac4a47a443f3', 8, 'password.changed', 'success', NULL, 'account', '01a223bc-bc7a-762c-b949-50176ea6f772', 'cli', 'account', '01a223bc-bc7a-762c-b949-50176ea6f772', NULL, NULL, NULL, '\xf02f2fdd8c2f16cc452a448c6005b73a', 1, '\xd938750f03b7c9058239708a8d52db73c25de612cf54792ec0233505e100febe');
INSERT INTO public.audit_events_default VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 1795895903485286, '01a223bc-c4fd-7243-9718-c3b213b663db', 9, 'reset.started', 'success', NULL, 'stranger', NULL, 'cli', 'account', '01a223bc-bca8-7956-9dfa-202bfe665327', NULL, NULL, NULL, '\x8e040aa08ccfa08fe6f3a683c4b5bceb', 1, '\x71be0134f02b595c8ea1981d4a1037ecaacffcbf33b3c70516ce51f28a7e8374');
INSERT INTO public.audit_events_default VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 1795895904223535, '01a223bc-c7df-7a69-af14-78e077c2217f', 10, 'reset.code_sent', 'success', NULL, 'stranger', NULL, 'cli', 'account', '01a223bc-bca8-7956-9dfa-202bfe665327', NULL, NULL, 'b•••••@d•••••', '\x3bcb25ad804ec3558f2ca47a2b8d361b', 1, '\x9f0e1ad654e1e79149890259af51da74b1a96ecd833d799eeacdaf098256725d');
INSERT INTO public.audit_heads VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 10, '\x9f0e1ad654e1e79149890259af51da74b1a96ecd833d799eeacdaf098256725d');
INSERT INTO public.logins VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 'admin@demo.example', '01a223bc-bc23-7b2e-92f3-ac6e79f77611', 0);
INSERT INTO public.logins VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 'zoe@demo.example', '01a223bc-bc7a-762c-b949-50176ea6f772', 0);
INSERT INTO public.logins VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 'ben@demo.example', '01a223bc-bca8-7956-9dfa-202bfe665327', 0);
INSERT INTO public.logins VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 'ada@demo.example', '01a223bc-bcca-745c-a761-3185bb4b2d74', 0);
INSERT INTO public.method_tries VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bca8-7f41-be45-f8729aa6e6ae', '\x', 0, 1795896504228536, '\x', 0);
INSERT INTO public.outbox VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-c3d2-71e5-be9e-7124713625bf', '\x01665f02aed449a7583e00944868965ce857ce124200e1268c0bf72baede90a4bf5aeed3854bcdaf2b69f90676b1849e1731a19fdcd8e4673f10685a842f796cfe2829b1c7aab8c7afadd117dd783762fce724755600abf3dce415063829afe1c30d4f748c187824cac1e81bd635b463998024a25ce04424cd1f29ffa08e4c92e297963c5f8dee92f1d4c3860bb535248a16e1a606c42f10bcadca8c0e9889ae8df9b97cd8571619a8b4794539eb399db8fb632ec244db863c0779ebbd77fcd2d098a8ab9c582197086bf929fa96aaa9e35b5bc0c60d193c9f245ee8eba0326b08a8375df717629b299cfd7b92ade8c38e834d4ccf5b940731f229d6fc2d76f4959f062ede0e8dcdb3b867ba0d2e2f', 1796155103186692, 1795895903186692, 1795895909835395, 2);
INSERT INTO public.outbox VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-c3d2-7c27-bc74-cd4b2cdad585', '\x01665f02ae7139e22c7deeb08ff7ae0746fea8c5894a1ef4f840ad2ce4de79c12215acc67f47118f2f678abfd653d35de7a3c7ddf53f2c5f5d2316c1c4ffdb82e6206a2c0f144e0ee3b6924bdbb40b9db0d2de4a9e018aea660d5c9ff6fc1c592146acd6be44c91202c9272d56179d273dce819001cc30d539ec2abc2f4bede48ba715ff9a6ef3752a61d0c721f18ffa8309fd80df59177ec87738361c621e52c060bb0d93710c37ce80a4fc16239bc18b337cbcac2c445e8a2b98d1de484e2c0ddc3073cd970c90d6e3bd722c4f609d9cb43f8fba75fc0d3fbbac107ce7b7f562f8b72eb11ee71d479f0bf67ff3cf337be37a0b294898be797b89e1eb5add997ee382e2943e013e66', 1796155103186692, 1795895903186692, 1795895909835757, 2);
INSERT INTO public.password_history VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bc7a-762c-b949-50176ea6f772', 1, '\x01da245a9831b52a5f094682fb8b3ab412bc46663979cb9e9462d76b5957fbb6e29455fc4dc5f083f888147f29526ee4ff3b791d61e94f73d4413623db0a5691eba8b1af2727ac562d0ca73ca1532f57feed2afbf5efd77834ebf88361558c99127acf596d5cf1115195f79d14284e8d377bb6227aaba398ed6e937aa4c90081f1fa369a9a7d110a5f06a3cb5b98');
INSERT INTO public.policies VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 1, '{"reset":{"enabled_scope":{"who":"everybody"},"proofs_required":1,"allowed_methods":["email","phone","authenticator","recovery_code"],"reveal_eligibility":false,"accept_prefilled":false,"change_quarantine_hours":72,"reset_life_minutes":15,"attempts_per_reset":10,"codes_per_reset":5,"tries_per_day":10,"tries_in_a_row":100},"password":{"minimum_length":8,"maximum_length":256,"require_three_classes":false,"history":1,"banned_terms":[],"minimum_points":5,"expiry_days":null,"temporary_life_hours":24},"lockout":{"threshold":10,"base_seconds":60,"ceiling_seconds":18000},"sessions":{"life_hours":720,"strong_life_hours":24,"strong_idle_minutes":60},"security_info":{"reconfirm_days":180},"notices":{"tell_global_administrators":true},"help":{"enabled":true,"expiry_days":14,"digest_minutes":60},"audit":{"retention_days":400}}', NULL, 1795895901197236);
INSERT INTO public.schema_version VALUES (4, 1);
INSERT INTO public.security_info VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bc23-7b2e-92f3-ac6e79f77611', '01a223bc-bc23-748a-b360-fba9853159da', 'email', 'admin@demo.example', NULL, true, 'confirmed', 1795895901219504, false, true, 1795895901219504, 1795895901219504, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.security_info VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bc7a-762c-b949-50176ea6f772', '01a223bc-bc7a-7232-8e27-99f7a1058656', 'email', 'zoe@demo.example', NULL, true, 'confirmed', 1795895901306254, false, true, 1795895901306254, 1795895901306254, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.security_info VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bc7a-762c-b949-50176ea6f772', '01a223bc-bc7a-7d04-b254-29e009689f24', 'phone', '+15005550101', NULL, false, 'confirmed', 1795895901306254, false, true, 1795895901306254, 1795895901306254, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.security_info VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bca8-7956-9dfa-202bfe665327', '01a223bc-bca8-7f41-be45-f8729aa6e6ae', 'email', 'ben@demo.example', NULL, true, 'confirmed', 1795895901352698, false, true, 1795895901352698, 1795895901352698, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.security_info VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bca8-7956-9dfa-202bfe665327', '01a223bc-bca8-7592-98bd-55f14666b6eb', 'phone', '+15005550102', NULL, false, 'confirmed', 1795895901352698, false, true, 1795895901352698, 1795895901352698, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.security_info VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bcca-745c-a761-3185bb4b2d74', '01a223bc-bcca-76ef-a2fa-fa0e310c7e93', 'email', 'ada@demo.example', NULL, true, 'confirmed', 1795895901386441, false, true, 1795895901386441, 1795895901386441, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.security_info VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-bcca-745c-a761-3185bb4b2d74', '01a223bc-bcca-7eb7-bd26-126c4df17ded', 'phone', '+15005550103', NULL, false, 'confirmed', 1795895901386441, false, true, 1795895901386441, 1795895901386441, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.sessions VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', '01a223bc-c17e-785f-86ba-049d2314795f', '01a223bc-bc7a-762c-b949-50176ea6f772', 2, 1795895902590907, false, '\x2d522b72789499904df48c33eaf1dfd7b6ab2908d5a49721c340acd33f1c288f', NULL, 1795895902590907, 'unknown', 1795895902590907, 1795895902590907, 1798487902590907, NULL, NULL, '\x');
INSERT INTO public.tenant_domains VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 'demo.example', 0);
INSERT INTO public.tenants VALUES ('01a223bc-bc0d-74d5-a16d-6b0eb7c443dc', 'demo', 'Demo', NULL, NULL, NULL, 1795895901197236, 1795895901197236, 1);
ALTER TABLE ONLY public._sqlx_migrations
    ADD CONSTRAINT _sqlx_migrations_pkey PRIMARY KEY (version);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (tenant_id, account_id);
ALTER TABLE ONLY public.answers
    ADD CONSTRAINT answers_pkey PRIMARY KEY (tenant_id, request_key);
ALTER TABLE ONLY public.audit_events
    ADD CONSTRAINT audit_events_pkey PRIMARY KEY (tenant_id, at, event_id);
ALTER TABLE ONLY public.audit_events_default
    ADD CONSTRAINT audit_events_default_pkey PRIMARY KEY (tenant_id, at, event_id);
ALTER TABLE ONLY public.audit_heads
    ADD CONSTRAINT audit_heads_pkey PRIMARY KEY (tenant_id);
ALTER TABLE ONLY public.counted_tries
    ADD CONSTRAINT counted_tries_pkey PRIMARY KEY (tenant_id, method_key, request_key);
ALTER TABLE ONLY public.expiry_notices
    ADD CONSTRAINT expiry_notices_pkey PRIMARY KEY (tenant_id, account_id, epoch, days);
ALTER TABLE ONLY public.familiar_places
    ADD CONSTRAINT familiar_places_pkey PRIMARY KEY (tenant_id, login_key, place_key);
ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT group_members_pkey PRIMARY KEY (tenant_id, member_id, group_id);
ALTER TABLE ONLY public.groups
    ADD CONSTRAINT groups_pkey PRIMARY KEY (tenant_id, group_id);
ALTER TABLE ONLY public.help_requests
    ADD CONSTRAINT help_requests_pkey PRIMARY KEY (tenant_id, help_request_id);
ALTER TABLE ONLY public.lockouts
    ADD CONSTRAINT lockouts_pkey PRIMARY KEY (tenant_id, login_key, place_key);
ALTER TABLE ONLY public.logins
    ADD CONSTRAINT logins_pkey PRIMARY KEY (tenant_id, login);
ALTER TABLE ONLY public.method_tries
    ADD CONSTRAINT method_tries_pkey PRIMARY KEY (tenant_id, method_key);
ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (tenant_id, notice_id);
ALTER TABLE ONLY public.password_history
    ADD CONSTRAINT password_history_pkey PRIMARY KEY (tenant_id, account_id, epoch);
ALTER TABLE ONLY public.policies
    ADD CONSTRAINT policies_pkey PRIMARY KEY (tenant_id, version);
ALTER TABLE ONLY public.removed_addresses
    ADD CONSTRAINT removed_addresses_pkey PRIMARY KEY (tenant_id, account_id, security_info_id);
ALTER TABLE ONLY public.reset_attempts
    ADD CONSTRAINT reset_attempts_pkey PRIMARY KEY (tenant_id, reset_id);
ALTER TABLE ONLY public.security_info
    ADD CONSTRAINT security_info_pkey PRIMARY KEY (tenant_id, account_id, security_info_id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (tenant_id, session_id);
ALTER TABLE ONLY public.tenant_domains
    ADD CONSTRAINT tenant_domains_pkey PRIMARY KEY (tenant_id, domain);
ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_handle_key UNIQUE (handle);
ALTER TABLE ONLY public.tenants
    ADD CONSTRAINT tenants_pkey PRIMARY KEY (tenant_id);
CREATE INDEX accounts_by_age ON public.accounts USING btree (tenant_id, created_at, account_id) WHERE (deleted_at IS NULL);
CREATE UNIQUE INDEX accounts_by_external_id ON public.accounts USING btree (tenant_id, external_id) WHERE (external_id IS NOT NULL);
CREATE INDEX administrators ON public.accounts USING btree (tenant_id, account_id) WHERE (roles <> 0);
CREATE INDEX answers_by_end ON public.answers USING btree (expires_at);
CREATE INDEX audit_events_by_position ON ONLY public.audit_events USING btree (tenant_id, "position");
CREATE INDEX audit_events_default_tenant_id_position_idx ON public.audit_events_default USING btree (tenant_id, "position");
CREATE INDEX counted_tries_by_age ON public.counted_tries USING btree (counted_at);
CREATE INDEX expiry_notices_by_age ON public.expiry_notices USING btree (told_at);
CREATE INDEX familiar_places_by_age ON public.familiar_places USING btree (seen_at);
CREATE UNIQUE INDEX help_requests_pending ON public.help_requests USING btree (tenant_id, account_id) WHERE (state = ANY (ARRAY['open'::text, 'claimed'::text]));
CREATE INDEX help_requests_undigested ON public.help_requests USING btree (tenant_id, created_at) WHERE ((digested_at IS NULL) AND (NOT proved) AND (state = ANY (ARRAY['open'::text, 'claimed'::text])));
CREATE INDEX lockouts_by_age ON public.lockouts USING btree (changed_at);
CREATE INDEX logins_by_account ON public.logins USING btree (tenant_id, account_id, "position");
CREATE INDEX method_tries_by_end ON public.method_tries USING btree (live_until);
CREATE INDEX outbox_by_end ON public.outbox USING btree (not_after);
CREATE UNIQUE INDEX outbox_by_id ON public.outbox USING btree (notice_id);
CREATE INDEX outbox_due ON public.outbox USING btree (due_at);
CREATE INDEX removed_addresses_by_age ON public.removed_addresses USING btree (removed_at);
CREATE INDEX reset_attempts_by_end ON public.reset_attempts USING btree (expires_at);
CREATE INDEX sessions_by_account ON public.sessions USING btree (tenant_id, account_id, created_at) WHERE (ended_at IS NULL);
CREATE INDEX sessions_by_end ON public.sessions USING btree (expires_at);
CREATE UNIQUE INDEX tenant_domains_of_suite ON public.tenant_domains USING btree (domain);
ALTER INDEX public.audit_events_pkey ATTACH PARTITION public.audit_events_default_pkey;
ALTER INDEX public.audit_events_by_position ATTACH PARTITION public.audit_events_default_tenant_id_position_idx;
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.group_members
    ADD CONSTRAINT group_members_tenant_id_group_id_fkey FOREIGN KEY (tenant_id, group_id) REFERENCES public.groups(tenant_id, group_id);
ALTER TABLE ONLY public.groups
    ADD CONSTRAINT groups_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.help_requests
    ADD CONSTRAINT help_requests_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, account_id);
ALTER TABLE ONLY public.logins
    ADD CONSTRAINT logins_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, account_id);
ALTER TABLE ONLY public.password_history
    ADD CONSTRAINT password_history_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, account_id);
ALTER TABLE ONLY public.policies
    ADD CONSTRAINT policies_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);
ALTER TABLE ONLY public.security_info
    ADD CONSTRAINT security_info_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, account_id);
ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_tenant_id_account_id_fkey FOREIGN KEY (tenant_id, account_id) REFERENCES public.accounts(tenant_id, account_id);
ALTER TABLE ONLY public.tenant_domains
    ADD CONSTRAINT tenant_domains_tenant_id_fkey FOREIGN KEY (tenant_id) REFERENCES public.tenants(tenant_id);

PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES(1,'identity','2026-11-28 19:57:36',1,X'baa083cbd15f028299c5a8897c08b862860b0345ac0274bedcbfbdc67397178624081b5fbe69d19df35db716db2cf649',3792794);
INSERT INTO _sqlx_migrations VALUES(2,'expiry notices','2026-11-28 19:57:36',1,X'68cf2351b55cba7eb3cb651009b2d389054c99d2ec5a761415dcb3f6408c91fb3e495a2fb18721f4c18f556a435bd199',1671440);
INSERT INTO _sqlx_migrations VALUES(3,'familiar tries','2026-11-28 19:57:36',1,X'8cf60ca3c40b8c387960f1fff0fe822d67fb5c9caf05c31118f20bb1cb6a72aaccd3ce0026a912591fd48385fccc2ffb',4036736);
INSERT INTO _sqlx_migrations VALUES(4,'earlier refreshes','2026-11-28 19:57:36',1,X'51a26af6fa8c5323053ce9ea31268ff5f7c36f53e1190676b459fb74b4fc569715a8c520931069d73caa7cb1dc1e9d41',1201553);
INSERT INTO _sqlx_migrations VALUES(5,'answers by row','2026-11-28 19:57:36',1,X'4c6b2d3273c9bf013b55eafe9a828b3ebca008c86bc6abc96bc31bb7883e1eb67315400fca9a8dbfa9fd0467eb216b02',8462102);
CREATE TABLE tenants (
    tenant_id blob not null primary key,
    handle text not null unique,
    display_name text not null,
    -- Null: as many seats as there are accounts.
    licensed_accounts integer,
    help_mailbox text,
    help_url text,
    created_at integer not null,
    updated_at integer not null,
    version integer not null
) strict, without rowid;
INSERT INTO tenants VALUES(X'01a223bc0d807331b59d880ecae532a7','demo','Demo',NULL,NULL,NULL,1795895856512720,1795895856512720,1);
CREATE TABLE tenant_domains (
    tenant_id blob not null references tenants,
    domain text not null,
    position integer not null,
    primary key (tenant_id, domain)
) strict, without rowid;
INSERT INTO tenant_domains VALUES(X'01a223bc0d807331b59d880ecae532a7','demo.example',0);
CREATE TABLE policies (
    tenant_id blob not null references tenants,
    version integer not null,
    document text not null,
    changed_by blob,
    changed_at integer not null,
    primary key (tenant_id, version)
) strict, without rowid;
INSERT INTO policies VALUES(X'01a223bc0d807331b59d880ecae532a7',1,'{"reset":{"enabled_scope":{"who":"everybody"},"proofs_required":1,"allowed_methods":["email","phone","authenticator","recovery_code"],"reveal_eligibility":false,"accept_prefilled":false,"change_quarantine_hours":72,"reset_life_minutes":15,"attempts_per_reset":10,"codes_per_reset":5,"tries_per_day":10,"tries_in_a_row":100},"password":{"minimum_length":8,"maximum_length":256,"require_three_classes":false,"history":1,"banned_terms":[],"minimum_points":5,"expiry_days":null,"temporary_life_hours":24},"lockout":{"threshold":10,"base_seconds":60,"ceiling_seconds":18000},"sessions":{"life_hours":720,"strong_life_hours":24,"strong_idle_minutes":60},"security_info":{"reconfirm_days":180},"notices":{"tell_global_administrators":true},"help":{"enabled":true,"expiry_days":14,"digest_minutes":60},"audit":{"retention_days":400}}',NULL,1795895856512720);
CREATE TABLE accounts (
    tenant_id blob not null references tenants,
    account_id blob not null,
    external_id text,
    display_name text not null,
    epoch integer not null,
    recovery_version integer not null,
    blocked integer not null,
    frozen integer not null,
    managed_elsewhere integer not null,
    -- One bit per role, in the order of the specification.
    roles integer not null,
    reconfirmed_at integer,
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer,
    version integer not null,
    -- Sealed under the pepper; null, like all of these, while there is no password.
    password_hash blob,
    password_set_at integer,
    password_must_change integer,
    password_temporary_until integer,
    password_expiry_exempt integer,
    password_expiry_counts_from integer,
    primary key (tenant_id, account_id)
) strict, without rowid;
INSERT INTO accounts VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0d8f7e1f99398fcde54db8d9',NULL,'Demo Administrator',1,2,0,0,0,1,NULL,1795895856527682,1795895856554029,NULL,2,X'014455021cbc0dc84c61fa502951691cee6dff77d6159cfa45b0b28ec1d03c700e37e3bed96f4e5640b3beef8c9d1036f4f2ce8795a59b5e1a7975558d1766cbad840ab387470db42ef15b838205f183a45f220c19cc82d0090fabac62f6fb2d87b312584cca403c952c2550779a92c6984b3fec0c70a57a3fdfdb90d002c93065e71bc2490359d411bcc70ac8ef',1795895856527682,0,NULL,0,1795895856527682);
INSERT INTO accounts VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0dad713d94d4c67cb9a0d801',NULL,'Zoe Arnold',2,1,0,0,0,0,NULL,1795895856557488,1795895858418582,NULL,2,X'014455021c4fd24e82096e3c9de6b639405a9ed8c7815d2af751c9a366a079c3f27acb1b17ec4ba76069050197a380611b2a3603a8b14a9f0b846c0c7dd7ca896d60e72be9e06ee1b5424de0054b0df2437ed63d6e0cc03a864a608b426cafa697147518fc46824457bf6609850ce61f202493948be6427fe128673b08ed338113a64d361d6b380fed4198893c52',1795895858418582,0,NULL,0,1795895858418582);
INSERT INTO accounts VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0dcf7092ad7c5d20090281ac',NULL,'Ben Okafor',1,1,0,0,0,0,NULL,1795895856591436,1795895856591436,NULL,1,X'014455021cfdff33d438fa74f3c77558cb0a4cd8fbdab05c95da9aff866f837b082cfe791eadc9d45b68ec0f3b05ff02ed1885970d1a0d818e43c73d5b435166ecc0987e9bcd3cc2df54dd4ce6ec6081c2a9b28948860012fc84aab4acc965591e572e68322d12f8f658f484a8ca11288850c2b1407bd8f0987ec336a598075b2e56e19fc5649a1cd1a4f3bb0d90',1795895856591436,0,NULL,0,1795895856591436);
INSERT INTO accounts VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0de772869d1174e3e531fd47',NULL,'Ada Lindgren',1,1,0,0,0,0,NULL,1795895856615332,1795895856615332,NULL,1,X'014455021c3355eac2fde4c648a700a8c5f6e7e0c0f5575296f0081ed57567575b4574de7a81df15a314813a7ecb3a8a39712bfddca9da215427351540bca2edb82bf38f1e5d4cda22e9c5f94371f7daadbc333a010630998f831c30495d2ea95bc6cc9023589b1df6622a81503e2d341884830ad8c43dee9be1eb89ecb473fb5ea948b3a1a724a3c40aa7ef078c',1795895856615332,0,NULL,0,1795895856615332);
CREATE TABLE logins (
    tenant_id blob not null,
    login text not null,
    account_id blob not null,
    -- 0 is the login that is shown.
    position integer not null,
    primary key (tenant_id, login),
    foreign key (tenant_id, account_id) references accounts
) strict, without rowid;
INSERT INTO logins VALUES(X'01a223bc0d807331b59d880ecae532a7','admin@demo.example',X'01a223bc0d8f7e1f99398fcde54db8d9',0);
INSERT INTO logins VALUES(X'01a223bc0d807331b59d880ecae532a7','zoe@demo.example',X'01a223bc0dad713d94d4c67cb9a0d801',0);
INSERT INTO logins VALUES(X'01a223bc0d807331b59d880ecae532a7','ben@demo.example',X'01a223bc0dcf7092ad7c5d20090281ac',0);
INSERT INTO logins VALUES(X'01a223bc0d807331b59d880ecae532a7','ada@demo.example',X'01a223bc0de772869d1174e3e531fd47',0);
CREATE TABLE security_info (
    tenant_id blob not null,
    account_id blob not null,
    security_info_id blob not null,
    kind text not null,
    -- Of kinds that are an address.
    address text,
    label text,
    is_default integer not null,
    standing text not null,
    confirmed_at integer,
    disabled integer not null,
    is_first integer not null,
    added_at integer not null,
    changed_at integer not null,
    -- Of authenticators: the shape of the codes, the sealed key, the last step that was taken.
    totp_hash text,
    totp_digits integer,
    totp_key blob,
    totp_last_step integer,
    -- Of saved lists.
    codes_remaining integer,
    primary key (tenant_id, account_id, security_info_id),
    foreign key (tenant_id, account_id) references accounts
) strict, without rowid;
INSERT INTO security_info VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0d8f7e1f99398fcde54db8d9',X'01a223bc0d8f78818606218041630500','email','admin@demo.example',NULL,1,'confirmed',1795895856527682,0,1,1795895856527682,1795895856527682,NULL,NULL,NULL,NULL,NULL);
INSERT INTO security_info VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0dad713d94d4c67cb9a0d801',X'01a223bc0dad7377b47c9a19525df249','email','zoe@demo.example',NULL,1,'confirmed',1795895856557488,0,1,1795895856557488,1795895856557488,NULL,NULL,NULL,NULL,NULL);
INSERT INTO security_info VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0dad713d94d4c67cb9a0d801',X'01a223bc0dad7b839862036a0701cf43','phone','+15005550101',NULL,0,'confirmed',1795895856557488,0,1,1795895856557488,1795895856557488,NULL,NULL,NULL,NULL,NULL);
INSERT INTO security_info VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0dcf7092ad7c5d20090281ac',X'01a223bc0dcf76b99b8d7aed4f28c931','phone','+15005550102',NULL,0,'confirmed',1795895856591436,0,1,1795895856591436,1795895856591436,NULL,NULL,NULL,NULL,NULL);
INSERT INTO security_info VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0dcf7092ad7c5d20090281ac',X'01a223bc0dcf7ed0a81f55965353d6ed','email','ben@demo.example',NULL,1,'confirmed',1795895856591436,0,1,1795895856591436,1795895856591436,NULL,NULL,NULL,NULL,NULL);
INSERT INTO security_info VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0de772869d1174e3e531fd47',X'01a223bc0de77a30b2e916b78c3802d5','phone','+15005550103',NULL,0,'confirmed',1795895856615332,0,1,1795895856615332,1795895856615332,NULL,NULL,NULL,NULL,NULL);
INSERT INTO security_info VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0de772869d1174e3e531fd47',X'01a223bc0de77a58884139ccb243f9db','email','ada@demo.example',NULL,1,'confirmed',1795895856615332,0,1,1795895856615332,1795895856615332,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE removed_addresses (
    tenant_id blob not null,
    account_id blob not null,
    security_info_id blob not null,
    channel text not null,
    address text not null,
    removed_at integer not null,
    primary key (tenant_id, account_id, security_info_id)
) strict, without rowid;
CREATE TABLE password_history (
    tenant_id blob not null,
    account_id blob not null,
    epoch integer not null,
    password_hash blob not null,
    primary key (tenant_id, account_id, epoch),
    foreign key (tenant_id, account_id) references accounts
) strict, without rowid;
INSERT INTO password_history VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0dad713d94d4c67cb9a0d801',1,X'014455021c4760f32bcbb1e4be79bdaa2c7aebb7bb1cf2f10dfd2080306746339b8a325d7da5e2d514be726e108579cbfbcfa3114c72493088ffa496eea71ceae74b90bedcb754522c3887a6eb34b12de7c8bc749f08fac81222c645708bfcad3afaf3b4bc910e7d2c0f75c0b60c666d4a1d8ffb4b3af3cd3b499352046892799551924bd02d8755ad88ed54726c');
CREATE TABLE sessions (
    tenant_id blob not null,
    session_id blob not null,
    account_id blob not null,
    epoch integer not null,
    authenticated_at integer not null,
    strong integer not null,
    refresh_hash blob not null,
    previous_refresh_hash blob,
    rotated_at integer not null,
    user_agent_family text not null,
    created_at integer not null,
    refreshed_at integer not null,
    expires_at integer not null,
    ended_at integer,
    ending text, earlier_refreshes blob not null default x'',
    primary key (tenant_id, session_id),
    foreign key (tenant_id, account_id) references accounts
) strict, without rowid;
INSERT INTO sessions VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc12dd7559b825c5c0acffdd12',X'01a223bc0dad713d94d4c67cb9a0d801',2,1795895857885318,0,X'4389f95da3e471cce32ecafcd3060ca2e93f2be019b9e447a0fa8df8d8eacb0d',NULL,1795895857885318,'unknown',1795895857885318,1795895857885318,1798487857885318,NULL,NULL,X'');
CREATE TABLE lockouts (
    tenant_id blob not null,
    login_key blob not null,
    place_key blob not null,
    wrong_in_a_row integer not null,
    locked_until integer,
    -- Fingerprints of 32 bytes each, newest first.
    last_wrong blob not null,
    changed_at integer not null,
    primary key (tenant_id, login_key, place_key)
) strict, without rowid;
CREATE TABLE familiar_places (
    tenant_id blob not null,
    login_key blob not null,
    place_key blob not null,
    seen_at integer not null,
    primary key (tenant_id, login_key, place_key)
) strict, without rowid;
CREATE TABLE method_tries (
    tenant_id blob not null,
    method_key blob not null,
    -- Times of 8 bytes each, oldest first.
    recent blob not null,
    in_a_row integer not null,
    -- A try counts only while a code is live.
    live_until integer not null, familiar_recent blob not null default x'', familiar_in_a_row integer not null default 0,
    primary key (tenant_id, method_key)
) strict, without rowid;
INSERT INTO method_tries VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc0dcf7ed0a81f55965353d6ed',X'',0,1795896459332329,X'',0);
CREATE TABLE counted_tries (
    tenant_id blob not null,
    method_key blob not null,
    request_key blob not null,
    counted_at integer not null,
    primary key (tenant_id, method_key, request_key)
) strict, without rowid;
CREATE TABLE reset_attempts (
    tenant_id blob not null,
    reset_id blob not null,
    attempts integer not null,
    expires_at integer not null,
    primary key (tenant_id, reset_id)
) strict, without rowid;
CREATE TABLE help_requests (
    tenant_id blob not null,
    help_request_id blob not null,
    account_id blob not null,
    message text not null,
    proved integer not null,
    state text not null,
    handled_by blob,
    created_at integer not null,
    updated_at integer not null,
    expires_at integer not null,
    version integer not null,
    -- When a digest told of it.
    digested_at integer,
    primary key (tenant_id, help_request_id),
    foreign key (tenant_id, account_id) references accounts
) strict, without rowid;
CREATE TABLE outbox (
    tenant_id blob not null,
    notice_id blob not null,
    content blob not null,
    not_after integer not null,
    queued_at integer not null,
    due_at integer not null,
    fence integer not null,
    primary key (tenant_id, notice_id)
) strict, without rowid;
INSERT INTO outbox VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc14f2746294d2c4066a56b5bb',X'017bb48cf9e581acb8c0cceeee11afdb845c685bd90ef89f67897aade7d975a0526d6813d788ecc92942f9f115e2f53c3bdf5678d38bdd790cd76fcb88574a15b395d9ab772e40c49d70c97d0aed74a201121c7e8d04b5959f2116fafeab8ed5d3fefbc3d7c234752385f300455fb26425fd0d6e71f2012070fe8570c144bfdc79a17d4e2294d0b9a94a2537343d1f79e3003ab7cf9cbeb15a5582a711f2cfe9454846cec16254409e226a5272fcdcbb214323c1e9b2dbd8a85780056ed0e420d7cd84ea11c305b78a6aaf66bf4290b6c6121b15a7040cec2169d103e2f6cbfa4fc2c125160a3464f3eaea8bdf3412e3c14485cba18966e086ba8d8f1d943a4725a9b0256c4cd0be11c6cc0fbacf43',1796155058418582,1795895858418582,1795895864655465,2);
INSERT INTO outbox VALUES(X'01a223bc0d807331b59d880ecae532a7',X'01a223bc14f27a64bd4f63dd1208bcc6',X'017bb48cf994853ed18e073ce5711ca1151919c96fdbb7aaeb0765ce70d7dc3caf7e19a0ad5c5e928b268b166a71a3eb6522eaafc2e243300f530ad3a01d3a9aaac5000cdb3ad60a37f7e37de14a83bc1ad12b7323c7320d69ad7925e3a548e97841e8caab7aa505289b215b8c86f4e11429b0c81233620884eaf856930904f0d19b34f43e0d30d33596494c0e90d9fe79fc59e35e31ffdff732b7910d5b132c34004a7432ccc981ec637bcacab1e63d27decce2c3a91e8dfdcf5f8b569d2e52d52f9c255d3113c10a7c1f447dbe326b9a84d34fab58a83f4ba6a07d12f7b9dfc93fa44baf74ab7db8a3ec8dbbbe4c018dc025e056b5c3fd35ebd8859427a0eeecc02ce562aea09ab8',1796155058418582,1795895858418582,1795895864655647,2);
CREATE TABLE audit_events (
    tenant_id blob not null,
    at integer not null,
    event_id blob not null,
    position integer not null,
    kind text not null,
    outcome text not null,
    reason text,
    actor text not null,
    actor_id blob,
    caller text,
    subject text not null,
    subject_id blob,
    subject_login blob,
    ip_address text,
    masked_place text,
    trace_id blob,
    count integer not null,
    link blob not null,
    primary key (tenant_id, at, event_id)
) strict, without rowid;
INSERT INTO audit_events VALUES(X'01a223bc0d807331b59d880ecae532a7',1795895856512720,X'01a223bc0d807acd83dffd9e5eb25b54',1,'tenant.created','success',NULL,'service',NULL,'cli','tenant',NULL,NULL,NULL,NULL,X'df60695d4133f36256bfea0dbca468d4',1,X'84727f852ec65d1eb7efe673f1b125c7dbe92e82490c6fd8063f4aa1ed518219');
INSERT INTO audit_events VALUES(X'01a223bc0d807331b59d880ecae532a7',1795895856527682,X'01a223bc0d8f75948953e21b01b96b4c',2,'account.created','success',NULL,'service',NULL,'cli','account',X'01a223bc0d8f7e1f99398fcde54db8d9',NULL,NULL,NULL,X'b5562d2bf30267cf6a49fa7274bce02d',1,X'20c075155f7d0089ce49d4d53c0ff25a3d9de259a882a2f7006e490625cc90a1');
INSERT INTO audit_events VALUES(X'01a223bc0d807331b59d880ecae532a7',1795895856554029,X'01a223bc0daa77afb7d3c49796db69eb',3,'roles.granted','success','global_administrator','service',NULL,'cli','account',X'01a223bc0d8f7e1f99398fcde54db8d9',NULL,NULL,NULL,X'6d0e97b1aab82090e01ad5441e8e73cc',1,X'00c6e5f0849edea88184a01a693c867246252c39774d122cce153dec7ac39f49');
INSERT INTO audit_events VALUES(X'01a223bc0d807331b59d880ecae532a7',1795895856557488,X'01a223bc0dad7980838631a4efc2673e',4,'account.created','success',NULL,'service',NULL,'cli','account',X'01a223bc0dad713d94d4c67cb9a0d801',NULL,NULL,NULL,X'9080711659625c6b036ac252e7181ec1',1,X'aaf7b902dd5ea04045398f202c7888ff8162051d539ae9ce4f0afa6be5626e68');
INSERT INTO audit_events VALUES(X'01a223bc0d807331b59d880ecae532a7',1795895856591436,X'01a223bc0dcf7ec3b50019ca93fcb4b7',5,'account.created','success',NULL,'service',NULL,'cli','account',X'01a223bc0dcf7092ad7c5d20090281ac',NULL,NULL,NULL,X'f392eaed218a78603bda533ed634b845',1,X'9bce7cd1f359051962dc6a491cb029af3128d55f07b7349de5b62eddd95aa931');
INSERT INTO audit_events VALUES(X'01a223bc0d807331b59d880ecae532a7',1795895856615332,X'01a223bc0de771c39596701bc71d790b',6,'account.created','success',NULL,'service',NULL,'cli','account',X'01a223bc0de772869d1174e3e531fd47',NULL,NULL,NULL,X'0a383b8527660d1786a62fabfd237bed',1,X'e49622cec1fc93bbdb9cd269636a5fff2c6671c19b177e4858b75f3c8fa10dbf');
INSERT INTO audit_events VALUES(X'01a223bc0d807331b59d880ecae532a7',1795895857885318,X'01a223bc12dd77f789503adcbfb8ffa5',7,'sign_in.attempted','success',NULL,'account',X'01a223bc0dad713d94d4c67cb9a0d801','cli','account',X'01a223bc0dad713d94d4c67cb9a0d801',NULL,NULL,NULL,X'a3f97811c72d9aee98f0a2aa1aba4c0e',1,X'797b5308dfc17cd3f3f62aff797d08c7991c51b78a8faa3ce8acbc1788b90e10');
INSERT INTO audit_events VALUES(X'01a223bc0d807331b59d880ecae532a7',1795895858418582,X'01a223bc14f276688fefb5028455add2',8,'password.changed','success',NULL,'account',X'01a223bc0dad713d94d4c67cb9a0d801','cli','account',X'01a223bc0dad713d94d4c67cb9a0d801',NULL,NULL,NULL,X'e54f2e6d1c3f46f8a8b6dbf9354dfff0',1,X'976a06b616f5255b97603002dea8616ed0923e6910d6c90e8ee97e7acb5553a3');
INSERT INTO audit_events VALUES(X'01a223bc0d807331b59d880ecae532a7',1795895858705741,X'01a223bc16117a939d894d3a352872c0',9,'reset.started','success',NULL,'stranger',NULL,'cli','account',X'01a223bc0dcf7092ad7c5d20090281ac',NULL,NULL,NULL,X'79d3805d0de92c601b11ba556c61503a',1,X'854d4d84630e24a4845f20d492a8a1b2cbacd17cf41a1bda09004c0984623fd6');
INSERT INTO audit_events VALUES(X'01a223bc0d807331b59d880ecae532a7',1795895859331539,X'01a223bc188372f4a52f5ab8aad684ea',10,'reset.code_sent','success',NULL,'stranger',NULL,'cli','account',X'01a223bc0dcf7092ad7c5d20090281ac',NULL,NULL,'b•••••@d•••••',X'b89e5552f2291b54e8e185bd6688fcd5',1,X'f3a5fbe8331c973b1a9933c59b3b0c6bbc87e16fee24de19ab59111225b43a7a');
CREATE TABLE audit_heads (
    tenant_id blob not null primary key,
    position integer not null,
    link blob not null
) strict, without rowid;
INSERT INTO audit_heads VALUES(X'01a223bc0d807331b59d880ecae532a7',10,X'f3a5fbe8331c973b1a9933c59b3b0c6bbc87e16fee24de19ab59111225b43a7a');
CREATE TABLE groups (
    tenant_id blob not null references tenants,
    group_id blob not null,
    display_name text not null,
    created_at integer not null,
    updated_at integer not null,
    version integer not null,
    primary key (tenant_id, group_id)
) strict, without rowid;
CREATE TABLE group_members (
    tenant_id blob not null,
    member_id blob not null,
    group_id blob not null,
    primary key (tenant_id, member_id, group_id),
    foreign key (tenant_id, group_id) references groups
) strict, without rowid;
CREATE TABLE schema_version (
    version integer not null,
    serves_since integer not null
) strict;
INSERT INTO schema_version VALUES(4,1);
CREATE TABLE expiry_notices (
    tenant_id blob not null,
    account_id blob not null,
    epoch integer not null,
    -- How many days before expiry.
    days integer not null,
    told_at integer not null,
    primary key (tenant_id, account_id, epoch, days)
) strict, without rowid;
CREATE TABLE IF NOT EXISTS "answers" (
    tenant_id blob not null,
    request_key blob not null,
    content blob not null,
    answer blob not null,
    expires_at integer not null,
    primary key (tenant_id, request_key)
) strict;
INSERT INTO answers VALUES(X'00000000000000000000000000000000',X'c9c56589e9c5634193b016e411e7107c396d032b831a062d2fdae6d2408450a6',X'e0f53121256ef47975f66f86c4390f516c562803a4570da8f3711a4a97ac6b3e',X'017bb48cf90510e69ac530437e385c370b66946727dd7d5824d80f035d26831a8d882a45c09861a1b4fa95d0de40ed8f63f2e37dd73a3db40d4ec8b9aece90e9ab5d1c1a0eaf85eab9bb5720bde52ae771fb8258d5ef8b04c8b037f10c8dc5b1a0ce4ac1ee388c8dd20af36af53ac29c2d7102811be78c30ee1318a244d60f43f7caf51f7bf9a75d168240b8b84e209fa03d62d355d0ffba4416ecb1f9df0177ba64b095827baa2396fdac9d46b14a0103eabd4ed028ff4ed5eafa24259390f1aa5456e86166e0d9e5633ccae7a43d63b36a752236f46ed5cc1e14081444eb3689533fdd841813a61dcd7b47af1928253419cc1b062e6e22b1b30f8ac6209a2d45ddf2',1795896456512720);
INSERT INTO answers VALUES(X'01a223bc0d807331b59d880ecae532a7',X'f8d773cb375be59ff57c60cc69f01916296a5d6bf3e3f33e2f5916fd732f64ab',X'238f9c43cb4911f41cb853dcb244c3aa14831c555062abddbbaba2c8006e9db6',X'017bb48cf979117c2ee48cc2aa932ebd53417ca21b47ba682d395bc5f9ea683d983b9452ef100c77d5e65f63ec88df42272c0729eecd1bca56c9c7e709f8ee8439a14a7b636402c2b737f2265a0905f9424d6170207f1b5917b5bb6be2c0487b7e4218defc8bb364c31b446e0841e50e50aecdb207fc9f86e71e8f4597e5b80c30fa6c4292abbfe1b03a0e3697a1f05ed437d34442f3a8d31543b989c7eeb71c7d8193af85c56904590ea3c3d2e951596a75545ccb03687cbc7ed684341063f14ae135e6c3295609d9c2e71fb23610f1681b69c8dac7bc97557d3945c6b33991db91eae87b3cf84f94573eb7c867fe48207ec751d44249a76c796ec4932b0336f21fa21e50c12ac4fe0b77c9f1923ef3ab23b9baa3d570fc9e98ff64977547211e5d223e4d7b9ff0e302ae4bcd55459bc4a420f9f23050a4ebcd5d6d33912fa033ed60392d984d5a352e3caa6bed4c6d730b67b3d8f180869c8853f68abed6b22d13865e59d4d5582cb815d87212c39b19e078df410dd00dce3c893fcc7a89d22fb0da685f4dc36554476168d3b0679f256546d6ad5a19106836b4f1ece58d7affc1177cf82cf88468303f4430e89a5f67af0c',1795896456527682);
INSERT INTO answers VALUES(X'01a223bc0d807331b59d880ecae532a7',X'90b577344ccc9f6b305227c660222fbd538b9afbf392998576446cfcf6d49061',X'7cd19406b6f2b4e77f720765f3e2b8ca30325e327424be8336590a50787649c8',X'017bb48cf93d1d13b27d57e60bbdbaaa371d6ce48681f7e1dcc6dd92b85766f859b1942858294d8fbc2d6ed5400ed2a6f49002db45b3a913254a5445cfcf798cf81ca43ee263bb38e05e95bb37cabbff12982bd05fd6c27f9e21d44a1e69e4def9f16e12dfeac743404aa29224ccdc1b7f4067c5f0fc8e05042645ab0f9d89ff1a3bb0bd12a0386a8f50e16178a3e37a1087f744e1ecbdf63f3ea2f6692d04fdc75f58c4a21c107a37d696422093a72de4b115517617cb9c0946fb023c8665b56816a8de57cac1f56a818e25d44900e5f70e420be40d845ee2211c1a48468752a3ee558467ce5a7763710662eb1e8aa4a63f95c2874f02d4ba4a951dc10b4662d74dbae35dde7815d5f24e5ac05e8b82c343f61966d229e2a5aa26fb396add2c5240307a43336380628db24cfb025597ac5c300e5f92d6b8a5d51dd2dcc8be3734b7c188119f81da9c6537dc737d8cc6af49d376ca6b0cae14d48fe6884dc93133ee395966be9ec4d668760a5a063bf5585b88cb01b4d638d7bfa619754bb4ef6975871911890cd377e83425626227d675e1121144a2dbbcf75a96accaeeed1d58e0e923ab9f44f40accc671c1f900d44e4ed891ac7852aef6fd26dd09a4b4cb53a52298729ce8d867',1795896456554029);
INSERT INTO answers VALUES(X'01a223bc0d807331b59d880ecae532a7',X'1078b4f5694269f718d92a51edfcb9ebc26f6a69a3c08a9aabb7f95e661e49b7',X'a48e4850533542cc77c0a745ab267e2655400f5339eb73e39071c2637a43a02a',X'017bb48cf9bb390c283729daa502ab5f9310952f1322c9bffb231eeee53113a4a9bbe626c5d2bfc9670752ff3006c51117fbcce3f71c736951f6c20d8e19fa8f4638262795f09fda38d791779ddab150533b91c24ab6a808982cfc1e6a1e7f5bc8503e7e3f6a41d9f6dd20d801896da6c428b997f28b3bb86cac1fba3025bfba93ec2505ab255f41463ed14a91425a8ea6af910a8d5dc46242c73abb18c21c22174379542c3edd760db23fa1fcfe32ec3a23ec7f6c09b72b250ed3b02e0da03a552b42e5125ec111cd694b280d2035e90bc71a565caeffdba53a5bef174f915459651f8c227aec7fca562cc9e5baa0ae5285a9615df17b0b5d03cea2e969111507d65fbc83c386cbdaa7283ba3d7fc5cc0df4ffc09df50e5d69b1d1816e748b89f4bb68afdc23cf58d98ff8bb250cf0fc085468e3ca9824c668f927c625e0a0c729916d269df03c0cd5009eb172ecde75721d948e2ff9e4fc3884813f962b0973e71fc06a1646e9241835e7cc5794ba0cc53d526c320c22da5fd7b455369190f2f659b3490be58dda9b847f18fe90c2e6aac97cf2c895db52efedaf11b3581364134174388a939538b',1795896456557488);
INSERT INTO answers VALUES(X'01a223bc0d807331b59d880ecae532a7',X'aefe25037df5f583eefa4e22025911400aa142fcff810764b4c1f79476ad22c6',X'eb158d52fbda348a58bdfc8be830eb6cbd7c962a64827eaa94b5b4ea127eabc8',X'017bb48cf982a2dc55fe909c3ca1833203ba02a9b45b2bc428f2f38344064f4de2906502bca7bf01608228b36f601dfa61eaf07fe76376d5616e60abdccd4892d9779d9a30338ed77dd9457b3d1fff8005948f30d6f773c1a521e2acf571bedd7e0631e875085ed8dfe22b880f632e7a82eb87e528e2c0859f45b0f344d61260ad2e0e9d76e4b4d22a6d4b99d900c79d67756a70bc72a7012f0ec986031cc3d336fbc46e82c1bf33a251095eb071d658938875ac8676cbad541a9e7bed29c2eb132b2a402dafdf574131927b19004bb7c713393165e73d558bd66816c50111917f8382b58a319bc7026184da06c0e0d087c5de1d432f1bbc97e4d3c0a4395e87a0994ac19faa1126e7235cf01e28596d8918afb03c995fc597b1ca07c65f1ec68dc207b17ea4e64524b15f2b408ef1ae3297059ba3b86e3c94094a889a04b547a69a3dc4239e02b62f417e08bda5b3408075b66a58b2ca327748d1477f367958f0b5dd22998eea247cc413d849dcde1027f15a5e7865d766ccd36daf4bd56b2a74b54079c19f6d9a1407a41a22ac3bbb8b2b51eec35589a2e585191423b3de317fa58418d09cc9e273',1795896456591436);
INSERT INTO answers VALUES(X'01a223bc0d807331b59d880ecae532a7',X'b9c60d78609a0dc2e197005e710b507046bed5a29e50ba110fdaa53a8bf13c9d',X'2bb06ce9bf9f11fbd7f5992a5f0004c97477b5f26eb430eb3e986e1c9b192f4a',X'017bb48cf9ab3173aa3a5d1a4aa85ed5700e1a9ab35925c862a8f2612e9b0404773ffe0b58477c0c989ac41b96fcb2ff7cac8b01684256776c8d2c26d76b6e47227285d0bab662164a67b4e8b4a62470ae955e469b96804fc5fa1286e969f9d95fb79844ba0c9fd3faad13588c1a6897c11c44a3b62cac7a08c25647736ef543c58058e04b675a839b26d4f80a1015df8fdcd0e2f66fa07e246226fd603f86d823ee7d369c785b78ffccb86e90bcf487152f5ea56201ad7d48d234ac8c8879d6859a892a850347787575a11ca36da97686c85a7724475e7176ad54040ccc0942eba816d2a6e40bc25539344e82cb38e0bee92f369b75f1c6c053f5c0386cc9c4cfbf4af77420e893faa7fca23b68405fb2937a7c9cfd47b2969f7d66118ba8a341ca2ab6016995c9502bbd46841f9b10b3556003e88355c27e429c165e2cfa424def3c2ea192a2520b42b38b2c5364725a99b4b089ee5dd6a3f608c3ef5b2e33afea3ddaedad959206d8ba355761c421e926863c8d3e7649ef4a9ae925445091fe21a26c4f47deb9b2daf7222aa1aa7114891315c488752f47f872970fa8cce40dcdd67acf69371b815d94',1795896456615332);
INSERT INTO answers VALUES(X'01a223bc0d807331b59d880ecae532a7',X'777dd2528e9dc56d3a069aa9208d16fac9cc47899fa4414097ccbd950d61c98d',X'74719bd437a848a345367b9191b7a1e148397361124e4bb96148124a6bc3fd19',X'017bb48cf90328241d5b1491dfbdbc81e931c6405f51ee1a137ba918b6f9d512955ce21bb25aea5ff011d2fd471ee4a704172b33d9ce9eb29512475802d5ff689e2d74d6bf751bc4595f230671fb56dde9d48aea54c2e2caa9f444aa56fad1d45c6a32938308dd169b932def03011705a7305bce7c25ac64cdc6341644bebd75c2d5a5540a98011493454b96dfbe014eb13814356515001611904edbec22380a58f340bd6c76403325c21fadbcdf4f4cc672f06948a31c3103f95f1def727e1676abef66b75e9f125e743abeb088e5371e7d8ae371de925c9dba125d9ebfb4010e2e122d44bb0cc46ef60041f436b95e0dec176afb31f4c14786a1b51f7f448938f93b8097a1d596803fada301db60326b476e81fb901b0c44991103ff195b6060ad9de89d077ee85357f08b9aa85d9b5eba70a0543a80d93c29ff25d58fa38057031844eae40317c6685dd2b7bc16d901d2ae7741bbf6ebeb6e158556258d75c0c2d91ebedaf1282ab44682c60d0977a133db058e19cc802f58840b53c87d3d4003b4b8e040f0aeec9b022d1a66eaa3d02b302ee1b3d85a4bdfc5bf73877bc00117477d55caf05a31c2c6a0022fa9c6a8519f7bb4f1db5099db7870201be96484805ed4f239f29ccd54c284b70c2eaececfc6431f4035a5a7cfbd47970d6b7a58644c0df9afb54cdbe1cbe972e29391fdabbb212b8b8ad45bc95a4449ca8257d6e104f34b6d02af4daa0dcd202790dbbb87206af03d71dcb3fe5fe92df95bf31963f245981326415094ce308533f4be8ec13ca796b0c971ac00683170705edea7be2a13c786c308654cac506535a9bdcec3879343f8f6a34c74e194844c97a03a5434d88b7cc76d0de0ca5f3ee35c746c5ae3f73d717a543da65ced13a1bd2541bdcd97aee29a4a08c285d5e7f4f35e3e27c94e0741d4961ffa8b630dc764755b13e3a264257e070253883f66d73ff77402dfa775dedd01a49193b4d5dbe0ad7f64f932a50ba11c1c6a92921766a4511151111e5ac7affe11ca551380bcc059569ba79de6202497ddb07ad78fa2d7c27d8180da4a158cd80cd437fd4f939aa752a464266f7d537833477309e78b3f13eb01ab67c40cb513598009a631b5ad34eb6f374b9d0d83985bf56bd841d1c99aa51b400ea65fbcb1238477fc5cb13344c8675ac278f5395721dbeccdb328020e6556687f2dd6c327db9720d116bbb4764c897cb3848509ca88b1c89e214158ad816ee8a943977267b7d394395001e1304052f11c98770af1e351cc601f385fb55ced5905b6264eaaafd47adb67ce1e8a169e3fabe3020832ade59275dc90',1795896457885318);
INSERT INTO answers VALUES(X'01a223bc0d807331b59d880ecae532a7',X'bf982f4b6410c2ac89170884df5db210c971cb38d025d93138a777e3ca211d91',X'0b56b0269be43d1eb7589e0f68cbd2c60dbd0be5b9cbaf88bef688e6f3a21d12',X'017bb48cf9a859dee4a99d2a1cddbb9ec3b0526ec51c853456edbe516d0a940408ac2b272ebf99d3abbaf463db8e16542f6f959c4dabb9b8a8a667a37ce06dc3198f51',1795896458418582);
INSERT INTO answers VALUES(X'01a223bc0d807331b59d880ecae532a7',X'2cf2f6ab9df90f98bbb5ed3432eecdd4866134c907a607a082aa609a8618142e',X'296e10f968d390c14805f43988ea1494f755f772b69790c8e5cd17390cbe8fd6',X'017bb48cf9ebf9e75540e93c6a405a16ce2fb30a12cf0c171fefdd5e89955104485e6c4d3ce54ae6623dfe7be2a881db0e4f5962bb6ccd5d6c17db65a73235a7dd0a554867d35460766774dad478fed9b8c2c2b2a23483a9de3ec3fe2e2763af7475ec231fb9c857364ffd1e32e4c0a154',1795896459331539);
CREATE UNIQUE INDEX tenant_domains_of_suite on tenant_domains (domain);
CREATE UNIQUE INDEX accounts_by_external_id on accounts (tenant_id, external_id) where external_id is not null;
CREATE INDEX accounts_by_age on accounts (tenant_id, created_at, account_id) where deleted_at is null;
CREATE INDEX administrators on accounts (tenant_id, account_id) where roles <> 0;
CREATE INDEX logins_by_account on logins (tenant_id, account_id, position);
CREATE INDEX removed_addresses_by_age on removed_addresses (removed_at);
CREATE INDEX sessions_by_account on sessions (tenant_id, account_id, created_at) where ended_at is null;
CREATE INDEX sessions_by_end on sessions (expires_at);
CREATE INDEX lockouts_by_age on lockouts (changed_at);
CREATE INDEX familiar_places_by_age on familiar_places (seen_at);
CREATE INDEX counted_tries_by_age on counted_tries (counted_at);
CREATE INDEX reset_attempts_by_end on reset_attempts (expires_at);
CREATE UNIQUE INDEX help_requests_pending on help_requests (tenant_id, account_id)
    where state in ('open', 'claimed');
CREATE INDEX help_requests_undigested on help_requests (tenant_id, created_at)
    where digested_at is null and proved = 0 and state in ('open', 'claimed');
CREATE INDEX outbox_due on outbox (due_at);
CREATE INDEX outbox_by_end on outbox (not_after);
CREATE UNIQUE INDEX outbox_by_id on outbox (notice_id);
CREATE UNIQUE INDEX audit_events_by_position on audit_events (tenant_id, position);
CREATE INDEX expiry_notices_by_age on expiry_notices (told_at);
CREATE INDEX method_tries_by_end on method_tries (live_until);
CREATE INDEX answers_by_end on answers (expires_at);
COMMIT;

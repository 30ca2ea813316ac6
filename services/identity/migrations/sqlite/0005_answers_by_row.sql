-- Answers are found by a key of their own. In the key itself, which is what a table without row numbers keeps its rows
-- in, an answer of more than 1,002 bytes goes on in a page of its own, and to compare two keys SQLite reads all of it.
create table answers_by_row (
    tenant_id blob not null,
    request_key blob not null,
    content blob not null,
    answer blob not null,
    expires_at integer not null,
    primary key (tenant_id, request_key)
) strict;

insert into answers_by_row (tenant_id, request_key, content, answer, expires_at)
select tenant_id, request_key, content, answer, expires_at from answers;

drop table answers;

alter table answers_by_row rename to answers;

create index answers_by_end on answers (expires_at);

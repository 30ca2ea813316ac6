//! Indexes of a log in partitions that holds events already: built one by one, beside whoever writes.
//!
//! A migration that builds them would keep everybody waiting who appends, for minutes. So it only declares them, and this
//! builds what is missing, which nothing but a slower list is missing meanwhile.

use rekey_database::{Connection, Dialect, Failure, statements};

use super::super::Store;

statements! {
    /// Which partition lacks which of the declared indexes, and over which columns.
    const LACKING = (postgres: "
        select t.relname::text as partition, i.relname::text as declared, (
            select string_agg(quote_ident(a.attname), ', ' order by k.place)
            from unnest(x.indkey) with ordinality as k (number, place)
            join pg_attribute a on a.attrelid = x.indrelid and a.attnum = k.number
        ) as columns, coalesce(' where ' || pg_get_expr(x.indpred, x.indrelid), '') as condition
        from pg_inherits h
        join pg_class t on t.oid = h.inhrelid
        join pg_index x on x.indrelid = h.inhparent and not x.indisprimary
        join pg_class i on i.oid = x.indexrelid
        where h.inhparent = 'audit_events'::regclass and not exists (
            select 1 from pg_inherits c join pg_index own on own.indexrelid = c.inhrelid
            where c.inhparent = i.oid and own.indrelid = t.oid
        )
        order by 1, 2");
}

#[derive(sqlx::FromRow)]
struct Lacking {
    partition: String,
    declared: String,
    columns: String,
    /// Which rows; empty for all.
    condition: String,
}

impl Store {
    /// Builds the indexes that partitions of the log lack. Others read and write meanwhile.
    pub(crate) async fn build_audit_indexes(&self) -> Result<(), Failure> {
        if self.database.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        // Who finds another process at it leaves it to that.
        let building = async { build(&mut self.database.writer().await?).await };
        self.database.alone("rekey audit indexes", building).await.map(drop)
    }
}

async fn build(connection: &mut Connection) -> Result<(), Failure> {
    let lacking: Vec<Lacking> = connection.all(LACKING, &[]).await?;
    if lacking.is_empty() {
        return Ok(());
    }
    // It takes as long as the partition is large. The pool closes behind a migration, so no call has this session next.
    connection.execute_text("set statement_timeout = 0".to_owned()).await?;
    for Lacking { partition, declared, columns, condition } in lacking {
        // All of it is what our migrations say.
        let name = format!("{partition}{}", declared.trim_start_matches("audit_events"));
        tracing::info!(index = name, "building an index of the audit log");
        let steps = [
            // What an earlier attempt left behind is not whole.
            format!("drop index concurrently if exists {name}"),
            format!("create index concurrently {name} on {partition} ({columns}){condition}"),
            format!("alter index {declared} attach partition {name}"),
        ];
        for step in steps {
            connection.execute_text(step).await?;
        }
    }
    Ok(())
}

//! More than one machine: on a database of Citus the tables are spread by provider, once and again after later
//! migrations. Citus is played here by functions of its names, which refuse what it would.

use service::migrate::{DISTRIBUTED, REFERENCE, migrate};
use sqlx::PgPool;

/// As much of Citus as is asked, with the two rules that a schema breaks first: what a table refers to has to be there
/// already, and is on the same node.
const CITUS: &str = "
    insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
    values (99999, 'citus', 10, 'public'::regnamespace, false, '13.0');

    create table citus_tables (table_name regclass, citus_table_type text);
    create table call (call_id integer generated always as identity, words text);

    create function take_in(taken regclass, kind text) returns void language plpgsql as $$ begin
        if exists (select from citus_tables where table_name = taken and citus_table_type <> 'local') then
            raise exception 'table % is already distributed', taken;
        end if;
        if exists (
            select from pg_constraint where conrelid = taken and contype = 'f' and not exists (
                select from citus_tables where table_name = confrelid and citus_table_type in ('reference', kind)
            )
        ) then raise exception 'table % refers to one that is not there', taken; end if;
        delete from citus_tables where table_name = taken;
        insert into citus_tables values (taken, kind);
    end $$;

    create function create_reference_table(table_name regclass) returns void language plpgsql as $$ begin
        perform take_in(table_name, 'reference');
        insert into call (words) values (format('reference %s', table_name));
    end $$;

    create function create_distributed_table(table_name regclass, distribution_column text,
        distribution_type text default 'hash', colocate_with text default 'default', shard_count int default null)
    returns void language plpgsql as $$ begin
        perform take_in(table_name, 'distributed');
        if colocate_with <> 'none' and not exists (
            select from citus_tables as other
            where other.table_name = colocate_with::regclass and citus_table_type = 'distributed'
        ) then raise exception 'there is no distributed table %', colocate_with; end if;
        insert into call (words) values (format('distribute %s by %s beside %s', table_name, distribution_column, colocate_with));
    end $$;
";

async fn citus(pool: &PgPool) {
    sqlx::raw_sql(CITUS).execute(pool).await.unwrap();
}

/// As `eventide migrate` and every start does; what was asked of Citus since the last time.
async fn asked(pool: &PgPool) -> Vec<String> {
    sqlx::query("delete from call").execute(pool).await.unwrap();
    let mut connection = pool.acquire().await.unwrap().detach();
    migrate(&mut connection).await.unwrap();
    sqlx::query_scalar("select words from call order by call_id").fetch_all(pool).await.unwrap()
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_database_without_citus_is_asked_nothing(pool: PgPool) {
    // There is no such function to call.
    migrate(&mut pool.acquire().await.unwrap()).await.unwrap();
    // Nor by the names alone: another extension may have them.
    citus(&pool).await;
    sqlx::query("delete from pg_extension where extname = 'citus'").execute(&pool).await.unwrap();
    assert!(asked(&pool).await.is_empty());
}

#[sqlx::test(migrations = "../../migrations")]
async fn tables_are_spread_once_beside_their_calendar(pool: PgPool) {
    citus(&pool).await;
    let copies = REFERENCE.map(|table| format!("reference {table}"));
    let first = "distribute calendar by provider_id beside none".to_owned();
    let rest = DISTRIBUTED.iter().skip(1).map(|table| format!("distribute {table} by provider_id beside calendar"));
    let expected: Vec<String> = copies.into_iter().chain([first]).chain(rest).collect();
    assert_eq!(asked(&pool).await, expected);
    assert!(asked(&pool).await.is_empty(), "they are there");
}

#[sqlx::test(migrations = "../../migrations")]
async fn what_a_later_migration_made_is_spread_when_it_has_come(pool: PgPool) {
    citus(&pool).await;
    asked(&pool).await;
    sqlx::query("delete from citus_tables where table_name in ('outbox'::regclass, 'former_handle'::regclass)")
        .execute(&pool)
        .await
        .unwrap();
    // Citus notes a table that only refers to a copied one as `local`: it is not spread by that.
    sqlx::query("insert into citus_tables values ('former_handle', 'local')").execute(&pool).await.unwrap();
    let expected = ["reference former_handle", "distribute outbox by provider_id beside calendar"];
    assert_eq!(asked(&pool).await, expected);
}

#[sqlx::test(migrations = "../../migrations")]
async fn a_run_that_ended_half_way_is_gone_on_with(pool: PgPool) {
    citus(&pool).await;
    sqlx::raw_sql(
        "create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no node left'; end $$;
         create trigger refuse before insert on citus_tables for each row
             when (new.table_name = 'appointment'::regclass) execute function refuse();",
    )
    .execute(&pool)
    .await
    .unwrap();
    let failed = migrate(&mut pool.acquire().await.unwrap().detach()).await.unwrap_err();
    assert!(format!("{failed:?}").contains("no node left"), "{failed:?}");
    sqlx::query("drop trigger refuse on citus_tables").execute(&pool).await.unwrap();
    let rest = asked(&pool).await;
    assert_eq!((rest.len(), rest[0].split(' ').nth(1)), (5, Some("appointment")), "{rest:?}");
}

#[sqlx::test(migrations = "../../migrations")]
async fn of_nodes_that_start_at_once_one_spreads_the_tables(pool: PgPool) {
    citus(&pool).await;
    let starts = (0..4).map(|_| async { migrate(&mut pool.acquire().await.unwrap().detach()).await.unwrap() });
    futures::future::join_all(starts).await;
    let calls: i64 = sqlx::query_scalar("select count(*) from call").fetch_one(&pool).await.unwrap();
    assert_eq!(calls as usize, REFERENCE.len() + DISTRIBUTED.len());
}

#[sqlx::test(migrations = "../../migrations")]
async fn every_table_has_its_place(pool: PgPool) {
    let mut tables: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class
         where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and relname <> '_sqlx_migrations'",
    )
    .fetch_all(&pool)
    .await
    .unwrap();
    let mut placed: Vec<&str> = REFERENCE.into_iter().chain(DISTRIBUTED).collect();
    tables.sort();
    placed.sort();
    assert_eq!(tables, placed, "what a migration makes stands in one of the lists of crates/service/src/migrate.rs");
}

/// What Citus asks of a table that is spread: `provider_id` in every constraint that has to hold for all rows, and
/// foreign keys that stay on the node.
#[sqlx::test(migrations = "../../migrations")]
async fn constraints_of_what_is_spread_hold_on_each_node_by_itself(pool: PgPool) {
    let distributed = DISTRIBUTED.map(str::to_owned);
    let unique: Vec<String> = sqlx::query_scalar(
        "select index.relname::text from pg_index
             join pg_class as index on index.oid = indexrelid join pg_class as spread on spread.oid = indrelid
         where spread.relname = any($1) and (indisunique or indisexclusion) and not exists (
             select from pg_attribute
             where attrelid = indrelid and attname = 'provider_id' and attnum = any(indkey::int2[])
         )",
    )
    .bind(&distributed[..])
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(unique.is_empty(), "unique across providers: {unique:?}");
    // To one that is spread only with `provider_id`, to `provider_id`; to a copied one as one likes. From a copied one
    // only to such.
    let leaving: Vec<String> = sqlx::query_scalar(
        "select conname::text from pg_constraint
             join pg_class as here on here.oid = conrelid join pg_class as there on there.oid = confrelid
         where contype = 'f' and there.relname = any($1) and (here.relname <> all($1) or not exists (
             select from unnest(conkey, confkey) as pair (own, other)
                 join pg_attribute as own on own.attrelid = conrelid and own.attnum = pair.own
                 join pg_attribute as other on other.attrelid = confrelid and other.attnum = pair.other
             where own.attname = 'provider_id' and other.attname = 'provider_id'
         ))",
    )
    .bind(&distributed[..])
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(leaving.is_empty(), "foreign keys that may leave the node: {leaving:?}");
    let nullable: Vec<String> = sqlx::query_scalar(
        "select relname::text from pg_class left join pg_attribute on attrelid = pg_class.oid and attname = 'provider_id'
         where relname = any($1) and not coalesce(attnotnull, false)",
    )
    .bind(&distributed[..])
    .fetch_all(&pool)
    .await
    .unwrap();
    assert!(nullable.is_empty(), "of no provider: {nullable:?}");
}

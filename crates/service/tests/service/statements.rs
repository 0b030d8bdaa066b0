//! Every statement stays within one provider, and so on one node of a database that is spread over several; those that
//! do not stand here with their reason.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use service::migrate::{DISTRIBUTED, REFERENCE};
use sqlparser::ast::{
    BinaryOperator, Expr, FromTable, Insert, JoinConstraint, JoinOperator, ObjectName, Select, SetExpr, Statement,
    TableFactor, TableObject, TableWithJoins, Visit, Visitor,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

/// Why a statement does not name its provider, and how it begins.
const CROSSING: [(&str, &[&str]); 5] = [
    (
        "sign-in: who it is, is the question. Tables that every node has",
        &[
            "select provider_id, password_hash from provider where email = any ($1)",
            "select provider_id, used_at from session where token_hash = $1",
            "update session set used_at = $3, expires_at = $4, address = $5 where token_hash = $1",
            "delete from session where token_hash = $1",
            "select provider_id from api_token where token_hash = $1",
            "select exists ( select from acquaintance join provider using (provider_id) where mark_hash = $1",
            "update acquaintance set mark_hash = $2 where mark_hash = $1",
        ],
    ),
    (
        "names and e-mails are unique across providers, and lead to one. Tables that every node has",
        &[
            "select coalesce( (select provider_id from provider where handle = $1)",
            "select exists ( select from provider where handle = $1",
            "select exists ( select from former_handle where handle = $1",
            "delete from former_handle where handle = $1",
        ],
    ),
    (
        "the public list, and whether there is anybody. Tables that every node has",
        &[
            "select provider_id, handle, email, display_name, bio, time_zone, created_at from provider where (handle ilike",
            "select exists (select from provider)",
        ],
    ),
    (
        "jobs: each node for its own rows",
        &[
            "delete from calendar_change using calendar where calendar.provider_id = calendar_change.provider_id",
            "delete from idempotency_key where created_at < $1",
            "delete from former_handle where given_up_at <= $1",
        ],
    ),
    (
        "the poll for versions that were missed: of all that are in memory",
        &["select provider_id, version from calendar where provider_id = any($1)"],
    ),
];

fn prepared() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.sqlx");
    let files = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let query = |file: String| -> String {
        let file: serde_json::Value = serde_json::from_str(&file).unwrap();
        // Without comments, on one line.
        let lines = file["query"].as_str().unwrap().lines().map(|line| line.split("--").next().unwrap());
        lines.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
    };
    files.map(query).collect()
}

#[test]
fn every_statement_stays_within_one_provider_or_has_a_reason() {
    let statements = prepared();
    assert!(statements.len() > 50, "where are they? {}", statements.len());
    let mut used = BTreeSet::new();
    let mut faults = Vec::new();
    for statement in &statements {
        let free = unconfined(statement);
        let excuse = CROSSING.iter().flat_map(|(_, begins)| *begins).find(|begin| statement.starts_with(**begin));
        match excuse {
            Some(begin) if !free.is_empty() => drop(used.insert(*begin)),
            _ if free.is_empty() => {}
            _ => faults.push(format!("{free:?} of any provider in: {statement}")),
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    let listed: BTreeSet<&str> = CROSSING.iter().flat_map(|(_, begins)| *begins).copied().collect();
    assert_eq!(used, listed, "the list is no longer than it has to be");
}

#[test]
fn a_statement_that_leaves_its_provider_is_found_however_it_is_written() {
    for (statement, free) in [
        ("select 1 from booking where provider_id = $1", &[][..]),
        ("select 1 from booking where booking_id = $1", &["booking"]),
        ("select 1 from booking where provider_id = $1 or booking_id = $2", &["booking"]),
        ("select 1 from booking where provider_id <> $1", &["booking"]),
        ("select 1 from booking b where b.provider_id = $1 and (status = $2 or status = $3)", &[]),
        (
            "select 1 from booking join appointment using (provider_id, appointment_id) where booking.provider_id = $1",
            &[],
        ),
        (
            "select 1 from booking join appointment using (appointment_id) where booking.provider_id = $1",
            &["appointment"],
        ),
        ("select 1 from booking b, appointment a where a.provider_id = b.provider_id and $1 = a.provider_id", &[]),
        ("select 1 from booking b, appointment a where a.provider_id = b.provider_id", &["b", "a"]),
        ("select 1 from booking b left join offering o on o.provider_id = $1 where b.provider_id = $1", &[]),
        ("select exists (select from booking where reference = $2) from calendar where provider_id = $1", &["booking"]),
        (
            "select array(select seat from booking b where b.provider_id = a.provider_id) from appointment a where a.provider_id = $1",
            &[],
        ),
        ("insert into outbox (provider_id, outbox_id) values ($1, $2)", &[]),
        ("insert into outbox (outbox_id) values ($2)", &["outbox"]),
        ("insert into outbox (provider_id) select provider_id from booking where reference = $1", &["booking"]),
        ("with gone as (delete from booking where booking_id = $1) select 1", &["booking"]),
        ("update calendar set version = 1 from offering where calendar.provider_id = $1", &["offering"]),
        ("select provider_id from calendar where provider_id = any($1)", &["calendar"]),
        ("select 1 from calendar union select 1 from offering where provider_id = $1", &["calendar"]),
    ] {
        assert_eq!(unconfined(statement), free, "{statement}");
    }
}

/// The tables of ours in it, by the names they have there, of which rows of any provider may be meant.
fn unconfined(statement: &str) -> Vec<String> {
    // The one thing that the parser does not read.
    let readable = statement.replace(" for no key update", "");
    let parsed = Parser::parse_sql(&PostgreSqlDialect {}, &readable).unwrap_or_else(|why| panic!("{why}: {statement}"));
    let mut reader = Reader::default();
    let _: ControlFlow<()> = parsed.visit(&mut reader);
    reader.free
}

/// Where names of tables are valid: a select, or an update, delete or insert.
#[derive(Default)]
struct Scope {
    /// Those whose rows are of one provider.
    confined: Vec<String>,
}

#[derive(Default)]
struct Reader {
    scopes: Vec<Scope>,
    free: Vec<String>,
}

/// One side of a condition on `provider_id`.
#[derive(PartialEq)]
enum Side {
    /// Of the table of that name, or of the only one.
    Column(Option<String>),
    Parameter,
}

impl Reader {
    /// Enters the scope of these tables, of which `conditions` all hold.
    fn enter<'a>(&mut self, from: impl Iterator<Item = &'a TableWithJoins>, selection: Option<&Expr>) {
        let mut names = Vec::new();
        let mut equal = Vec::new();
        for table in from {
            let first = name_of(&table.relation);
            names.extend(first.clone());
            for join in &table.joins {
                let joined = name_of(&join.relation);
                names.extend(joined.clone());
                match constraint(&join.join_operator) {
                    Some(JoinConstraint::On(condition)) => equalities(condition, &mut equal),
                    Some(JoinConstraint::Using(columns)) if columns.iter().any(is_provider_id) => {
                        equal.push((Side::Column(first.clone()), Side::Column(joined)));
                    }
                    _ => {}
                }
            }
        }
        if let Some(selection) = selection {
            equalities(selection, &mut equal);
        }
        let only = if let [only] = &names[..] { Some(only.clone()) } else { None };
        let mut confined: Vec<String> = Vec::new();
        let is_known = |side: &Side, confined: &[String]| match side {
            Side::Parameter => true,
            Side::Column(name) => name.as_ref().or(only.as_ref()).is_some_and(|name| {
                // An outer scope's table, unless one here has its name.
                let outside = || self.scopes.iter().any(|scope| scope.confined.contains(name));
                confined.contains(name) || (!names.contains(name) && outside())
            }),
        };
        loop {
            let before = confined.len();
            for (a, b) in &equal {
                for (known, other) in [(a, b), (b, a)] {
                    if let Side::Column(name) = other
                        && let Some(name) = name.as_ref().or(only.as_ref())
                        && is_known(known, &confined)
                        && !confined.contains(name)
                    {
                        confined.push(name.clone());
                    }
                }
            }
            if confined.len() == before {
                break;
            }
        }
        self.free.extend(names.iter().filter(|name| !confined.contains(name)).cloned());
        self.scopes.push(Scope { confined });
    }

    fn enter_insert(&mut self, insert: &Insert) {
        let TableObject::TableName(table) = &insert.table else { panic!("an insert into {}", insert.table) };
        if !insert.columns.iter().any(is_provider_id) {
            self.free.push(table.to_string());
        }
        self.scopes.push(Scope::default());
    }
}

impl Visitor for Reader {
    type Break = ();

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.enter(select.from.iter(), select.selection.as_ref());
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, _: &Select) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        match statement {
            Statement::Query(query) => {
                assert!(!matches!(*query.body, SetExpr::Table(_)), "a whole table: {statement}");
                self.scopes.push(Scope::default());
            }
            Statement::Insert(insert) => self.enter_insert(insert),
            Statement::Update(update) => {
                use sqlparser::ast::UpdateTableFromKind::{AfterSet, BeforeSet};
                let from = match &update.from {
                    Some(BeforeSet(from) | AfterSet(from)) => &from[..],
                    None => &[],
                };
                self.enter([&update.table].into_iter().chain(from), update.selection.as_ref());
            }
            Statement::Delete(delete) => {
                let (FromTable::WithFromKeyword(from) | FromTable::WithoutKeyword(from)) = &delete.from;
                self.enter(from.iter().chain(delete.using.iter().flatten()), delete.selection.as_ref());
            }
            other => panic!("a statement of another kind: {other}"),
        }
        ControlFlow::Continue(())
    }

    fn post_visit_statement(&mut self, _: &Statement) -> ControlFlow<()> {
        self.scopes.pop();
        ControlFlow::Continue(())
    }
}

/// As what a table of ours is known in its scope; what `with` has made and functions give is confined where it is made.
fn name_of(table: &TableFactor) -> Option<String> {
    match table {
        TableFactor::Table { name, alias, args: None, .. } => {
            let name = name.to_string();
            let is_ours = REFERENCE.iter().chain(&DISTRIBUTED).any(|table| *table == name);
            is_ours.then(|| alias.as_ref().map_or(name, |alias| alias.name.value.clone()))
        }
        TableFactor::NestedJoin { .. } => panic!("a join in brackets: {table}"),
        _ => None,
    }
}

fn constraint(join: &JoinOperator) -> Option<&JoinConstraint> {
    match join {
        JoinOperator::Join(constraint)
        | JoinOperator::Inner(constraint)
        | JoinOperator::Left(constraint)
        | JoinOperator::LeftOuter(constraint) => Some(constraint),
        JoinOperator::CrossJoin(_) => None,
        other => panic!("a join of another kind: {other:?}"),
    }
}

fn is_provider_id(column: &ObjectName) -> bool {
    column.to_string() == "provider_id"
}

/// Those on `provider_id` that hold for every row: joined by `and`, at the top.
fn equalities(condition: &Expr, found: &mut Vec<(Side, Side)>) {
    match condition {
        Expr::Nested(inner) => equalities(inner, found),
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
            equalities(left, found);
            equalities(right, found);
        }
        Expr::BinaryOp { left, op: BinaryOperator::Eq, right } => found.extend(side(left).zip(side(right))),
        _ => {}
    }
}

fn side(expression: &Expr) -> Option<Side> {
    match expression {
        Expr::Identifier(column) if column.value == "provider_id" => Some(Side::Column(None)),
        Expr::CompoundIdentifier(parts) => match &parts[..] {
            [table, column] if column.value == "provider_id" => Some(Side::Column(Some(table.value.clone()))),
            _ => None,
        },
        Expr::Value(value) if value.to_string().starts_with('$') => Some(Side::Parameter),
        _ => None,
    }
}

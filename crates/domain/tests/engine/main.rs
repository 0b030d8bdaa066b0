//! The engine against a slow, obvious oracle that looks at every minute.
#![cfg(feature = "zones")]

mod arbitrary;
mod changes;
mod conflicts;
mod explain;
mod openings;
mod oracle;
mod reasons;
mod slots;

fn cases(cases: u32) -> proptest::test_runner::Config {
    proptest::test_runner::Config { cases, failure_persistence: None, ..Default::default() }
}

//! Takes out of a compiled wasm what it never runs.
//!
//! Some code is never run and yet stays: every view brings what it needs to hydrate itself step by step, for pages that
//! load parts of their code later (`hydrate_lazy`), and readers of JSON can show a number with a point in an error that
//! serde_json words itself. Both are reached through tables, so that no linker knows. What only they refer to goes with
//! them (how floating-point numbers are written, say). It is a fourteenth of what a guest's browser would load.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasmparser::{
    BinaryReaderError, DataKind, ElementItems, ElementKind, ExternalKind, FunctionBody, KnownCustom, Name, Operator,
    Parser, Payload, TypeRef,
};

/// Parts of the (mangled) names of functions that are never called.
///
/// `<T as IntoAny>::into_any::hydrate_async` and the futures in it. Not every `hydrate_async`: the compiler folds
/// functions of the same code into one, and the others have parts that `hydrate` has too. These call what nothing else
/// calls. And serde's `Unexpected::Float`, which serde_json never shows (`JsonUnexpected` in its `error.rs` does).
const UNUSED: [&str; 2] = ["into_any13hydrate_async", "WithDecimalPoint"];
/// Whatever is shorter may be the same as something that is used.
const SHORTEST: usize = 64;
/// A linker leaves room for any address: an `i32.const` of a place in a table is as long as can be.
const ADDRESS: usize = 6;

const NO_LOCALS: u8 = 0x00;
const UNREACHABLE: u8 = 0x00;
const NOP: u8 = 0x01;
const END: u8 = 0x0b;

/// What is needed to know which functions refer to which.
#[derive(Default)]
struct Module {
    imported: u32,
    /// Where the functions' bodies are, imported ones not counted.
    bodies: Vec<Range<usize>>,
    /// The functions that each of them calls, and the addresses that it takes.
    calls: Vec<Vec<u32>>,
    addresses: Vec<Vec<u32>>,
    /// What stands at each place of the table.
    table: BTreeMap<u32, u32>,
    /// Numbers in the data, any of which may be a place in the table.
    words: BTreeSet<u32>,
    /// Functions that are called from outside.
    roots: Vec<u32>,
    unused: BTreeSet<u32>,
    /// Its table is filled in a way that is not read here.
    has_expressions: bool,
}

/// The bodies of unused functions, and of those that only they refer to, now trap; the places that all else has stay the
/// same. wasm-opt takes out the rest. Of a module without names, or of one that is not understood, nothing is taken out.
pub fn snip(mut bytes: Vec<u8>) -> Result<Vec<u8>, BinaryReaderError> {
    let module = read(&bytes)?;
    // Where no address is as long as a linker writes it, nobody can tell which numbers are addresses.
    let is_understood = !module.has_expressions && module.addresses.iter().any(|taken| !taken.is_empty());
    if module.unused.is_empty() || !is_understood {
        return Ok(bytes);
    }
    let run = module.reachable(&module.unused);
    let before = module.reachable(&BTreeSet::new());
    for function in before.difference(&run) {
        let Some(body) = function.checked_sub(module.imported).and_then(|at| module.bodies.get(at as usize)) else {
            continue;
        };
        bytes[body.clone()].fill(NOP);
        (bytes[body.start], bytes[body.start + 1], bytes[body.end - 1]) = (NO_LOCALS, UNREACHABLE, END);
    }
    Ok(bytes)
}

impl Module {
    /// The functions that can be run without those left out.
    fn reachable(&self, left_out: &BTreeSet<u32>) -> BTreeSet<u32> {
        let of_data = self.words.iter().filter_map(|word| self.table.get(word));
        let mut next: Vec<u32> = self.roots.iter().chain(of_data).copied().collect();
        let mut found = BTreeSet::new();
        while let Some(function) = next.pop() {
            if left_out.contains(&function) || !found.insert(function) {
                continue;
            }
            let Some(at) = function.checked_sub(self.imported).map(|at| at as usize) else { continue };
            next.extend(&self.calls[at]);
            next.extend(self.addresses[at].iter().filter_map(|address| self.table.get(address)));
        }
        found
    }
}

fn read(bytes: &[u8]) -> Result<Module, BinaryReaderError> {
    let mut module = Module::default();
    let mut named = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    module.imported += u32::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::ExportSection(exports) => {
                for export in exports {
                    let export = export?;
                    if export.kind == ExternalKind::Func {
                        module.roots.push(export.index);
                    }
                }
            }
            Payload::StartSection { func, .. } => module.roots.push(func),
            Payload::ElementSection(elements) => {
                for element in elements {
                    let element = element?;
                    let ElementItems::Functions(functions) = element.items else {
                        module.has_expressions = true;
                        continue;
                    };
                    let from = match element.kind {
                        ElementKind::Active { offset_expr, .. } => constant(offset_expr.get_operators_reader().read()?),
                        ElementKind::Passive | ElementKind::Declared => None,
                    };
                    for (at, function) in functions.into_iter().enumerate() {
                        match from {
                            Some(from) => module.table.insert(from + at as u32, function?),
                            // Put somewhere while it runs.
                            None => {
                                module.roots.push(function?);
                                None
                            }
                        };
                    }
                }
            }
            Payload::DataSection(data) => {
                for data in data {
                    let data = data?;
                    let from = match data.kind {
                        DataKind::Active { offset_expr, .. } => constant(offset_expr.get_operators_reader().read()?),
                        DataKind::Passive => None,
                    };
                    // Pointers stand at whole words of the memory.
                    let skipped = from.map_or(0, |from| from.next_multiple_of(4) - from) as usize;
                    let words = data.data.get(skipped..).unwrap_or_default().chunks_exact(4);
                    module.words.extend(words.map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]])));
                }
            }
            Payload::CodeSectionEntry(body) => {
                let (calls, addresses) = references(&body)?;
                module.bodies.push(body.range().start as usize..body.range().end as usize);
                module.calls.push(calls);
                module.addresses.push(addresses);
            }
            Payload::CustomSection(section) => {
                let KnownCustom::Name(names) = section.as_known() else { continue };
                for name in names {
                    let Name::Function(functions) = name? else { continue };
                    for function in functions {
                        let function = function?;
                        if UNUSED.iter().any(|unused| function.name.contains(unused)) {
                            named.push(function.index);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let is_long = |function: &u32| {
        let body = function.checked_sub(module.imported).and_then(|at| module.bodies.get(at as usize));
        body.is_some_and(|body| body.len() >= SHORTEST)
    };
    module.unused = named.into_iter().filter(is_long).collect();
    Ok(module)
}

fn constant(operator: Operator<'_>) -> Option<u32> {
    match operator {
        Operator::I32Const { value } => Some(value.cast_unsigned()),
        _ => None,
    }
}

/// The functions that a body calls, and the addresses that it takes.
fn references(body: &FunctionBody<'_>) -> Result<(Vec<u32>, Vec<u32>), BinaryReaderError> {
    let (mut calls, mut addresses) = (Vec::new(), Vec::new());
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let from = operators.original_position();
        match operators.read()? {
            Operator::Call { function_index }
            | Operator::ReturnCall { function_index }
            | Operator::RefFunc { function_index } => calls.push(function_index),
            Operator::I32Const { value } if (operators.original_position() - from) as usize == ADDRESS => {
                addresses.push(value.cast_unsigned());
            }
            _ => {}
        }
    }
    Ok((calls, addresses))
}

#[cfg(test)]
mod tests {
    use wasmparser::{Operator, OperatorsReader};

    use super::*;

    /// How many instructions each function of a module has; 0: it traps at once.
    fn instructions(module: &[u8]) -> Vec<usize> {
        let bodies = Parser::new(0).parse_all(module).filter_map(|payload| match payload.unwrap() {
            Payload::CodeSectionEntry(body) => Some(body.get_operators_reader().unwrap()),
            _ => None,
        });
        let count = |mut operators: OperatorsReader<'_>| match operators.read().unwrap() {
            Operator::Unreachable => 0,
            _ => 1 + operators.into_iter().count(),
        };
        bodies.map(count).collect()
    }

    /// A place in the table whose number is as long as a linker writes it.
    const FIRST: u32 = 1 << 27;

    /// A module that exports `run`: what that calls, and what stands in its data, is used.
    fn module(functions: &str, data: &str) -> Vec<u8> {
        let module = format!(
            r#"(module
                (import "m" "f" (func $imported))
                (memory 1) (table 9 funcref) (elem (i32.const {FIRST}) func $one $two)
                {functions}
                (data (i32.const 1022) "{data}"))"#
        );
        wat::parse_str(module).unwrap()
    }

    /// With a name that is or is not that of an unused one.
    fn function(name: &str, body: &str) -> String {
        format!("(func {name} {body} {})", "nop ".repeat(SHORTEST))
    }

    const LONG: usize = SHORTEST + 1;

    #[test]
    fn only_what_is_unused_is_taken_out() {
        let functions = [
            function("$run (export \"run\")", &format!("call $short call $other call $gone i32.const {FIRST} drop")),
            "(func $short nop)".to_owned(),
            function("$_ZN4Html13hydrate_async17h2E", ""),
            function("$_ZN8into_any13hydrate_async17h3E", ""),
            function("$one", ""),
            function("$two", ""),
        ];
        let functions = functions.concat().replace("$short", "$_ZN8into_any13hydrate_async17h1E");
        let functions = functions.replace("$other", "$_ZN4Html13hydrate_async17h2E");
        let module = module(&functions.replace("$gone", "$_ZN8into_any13hydrate_async17h3E"), "");
        assert_eq!(instructions(&module), [LONG + 5, 2, LONG, LONG, LONG, LONG]);
        assert_eq!(instructions(&snip(module).unwrap()), [LONG + 5, 2, LONG, 0, LONG, LONG]);
    }

    #[test]
    fn what_only_the_unused_refers_to_goes_with_it() {
        let unused = function("$WithDecimalPoint", &format!("call $helper i32.const {FIRST} drop call $shared"));
        let all = |run: &str, data: &str| {
            let run = function("$run (export \"run\")", &format!("call $WithDecimalPoint call $shared {run}"));
            let rest = ["$helper", "$shared", "$one", "$two"].map(|name| function(name, "")).concat();
            instructions(&snip(module(&format!("{run}{unused}{rest}"), data)).unwrap())[2..].to_vec()
        };
        assert_eq!(all("", ""), [0, LONG, 0, LONG], "one is in the table and nobody asks for it");
        assert_eq!(all("call $helper", ""), [LONG, LONG, 0, LONG]);
        assert_eq!(all(&format!("i32.const {FIRST} drop"), ""), [0, LONG, LONG, LONG]);
        assert_eq!(all("", "\\00\\00\\00\\00\\00\\08"), [0, LONG, LONG, LONG], "at a whole word");
    }

    #[test]
    fn what_was_never_reached_stays_as_it_is() {
        let functions = [
            function("$run (export \"run\")", &format!("call $WithDecimalPoint i32.const {FIRST} drop")),
            function("$WithDecimalPoint", ""),
            function("$one", ""),
            function("$two", ""),
        ];
        assert_eq!(instructions(&snip(module(&functions.concat(), "")).unwrap()), [LONG + 3, 0, LONG, LONG]);
    }

    #[test]
    fn what_is_not_understood_stays_whole() {
        let functions = [
            function("$run (export \"run\")", "call $WithDecimalPoint i32.const 1 drop"),
            function("$WithDecimalPoint", ""),
            function("$one", ""),
            function("$two", ""),
        ];
        let module = module(&functions.concat(), "");
        assert_eq!(snip(module.clone()).unwrap(), module, "no address is as long as a linker writes it");
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(snip(b"\0asm\x01\0\0\0\x0a\xff".to_vec()).is_err());
        assert!(snip(b"<html>".to_vec()).is_err());
    }
}

//! Takes out of a compiled wasm what it never runs.
//!
//! Every view brings the code to hydrate itself step by step, for pages that load parts of their code
//! later (`hydrate_lazy`). Ours hydrate at once; but that code is reached through tables, so that no
//! linker knows. It is a twentieth of what a guest's browser would load.

use wasmparser::{BinaryReaderError, KnownCustom, Name, Parser, Payload, TypeRef};

/// Part of the (mangled) names of the functions that are never called: `<T as IntoAny>::into_any::hydrate_async`
/// and the futures in it. Not every `hydrate_async`: the compiler folds functions of the same code into one, and
/// the others have parts that `hydrate` has too. These call what nothing else calls.
const UNUSED: &str = "into_any13hydrate_async";
/// Whatever is shorter may be the same as something that is used.
const SHORTEST: usize = 64;

const NO_LOCALS: u8 = 0x00;
const UNREACHABLE: u8 = 0x00;
const NOP: u8 = 0x01;
const END: u8 = 0x0b;

/// The unused functions' bodies now trap; the places that all else has stay the same. wasm-opt takes out the rest.
/// Without a name section nothing is taken out.
pub fn snip(mut module: Vec<u8>) -> Result<Vec<u8>, BinaryReaderError> {
    let (mut imported, mut bodies, mut unused) = (0, Vec::new(), Vec::new());
    for payload in Parser::new(0).parse_all(&module) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionEntry(body) => bodies.push(body.range().start as usize..body.range().end as usize),
            Payload::CustomSection(section) => {
                let KnownCustom::Name(names) = section.as_known() else { continue };
                for name in names {
                    let Name::Function(functions) = name? else { continue };
                    for function in functions {
                        let function = function?;
                        if function.name.contains(UNUSED) {
                            unused.push(function.index as usize);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    let unused = unused.into_iter().filter_map(|function| bodies.get(function.checked_sub(imported)?));
    for body in unused.filter(|body| body.len() >= SHORTEST) {
        module[body.clone()].fill(NOP);
        (module[body.start], module[body.start + 1], module[body.end - 1]) = (NO_LOCALS, UNREACHABLE, END);
    }
    Ok(module)
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

    #[test]
    fn only_what_is_unused_is_taken_out() {
        let long = "nop ".repeat(SHORTEST);
        let module = wat::parse_str(format!(
            r#"(module
                (import "m" "f" (func $imported))
                (func $_ZN8into_any13hydrate_async17h1E nop)
                (func $_ZN4Html13hydrate_async17h2E {long})
                (func $_ZN8into_any13hydrate_async17h3E {long})
                (func $_ZN8into_any7hydrate17h4E {long}))"#
        ));
        let module = module.unwrap();
        assert_eq!(instructions(&module), [2, SHORTEST + 1, SHORTEST + 1, SHORTEST + 1]);
        let snipped = snip(module).unwrap();
        assert_eq!(instructions(&snipped), [2, SHORTEST + 1, 0, SHORTEST + 1]);
    }

    #[test]
    fn what_is_no_module_is_refused() {
        assert!(snip(b"\0asm\x01\0\0\0\x0a\xff".to_vec()).is_err());
        assert!(snip(b"<html>".to_vec()).is_err());
    }
}

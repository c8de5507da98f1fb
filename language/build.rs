//! Generates the parser from `src/grammar.lalrpop`; a conflict in the grammar fails the build.

fn main() {
    lalrpop::Configuration::new()
        .use_cargo_dir_conventions()
        .emit_rerun_directives(true)
        .process()
        .expect("the grammar has no conflicts");
}

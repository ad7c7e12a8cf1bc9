//! The command `podnet`.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}

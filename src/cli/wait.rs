//! `podnet wait`.

use podnet::{Error, Wait};

use super::args::{Global, WaitArgs};
use super::{Failure, Outcome};

pub fn run(global: &Global, args: &WaitArgs) -> Outcome {
    let wait = Wait::networks(&args.network).timeout(args.timeout);
    match global.pod().wait(&wait) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure { code: exit_code(&error), lines: vec![error.to_string()] }),
    }
}

fn exit_code(error: &Error) -> u8 {
    match error {
        Error::Invalid { .. } => 2,
        Error::Missing { .. } => 3,
        Error::NoStatus { .. } => 4,
        Error::NetworksMissing { .. } => 5,
        _ => 1,
    }
}

//! Prints everything podnet knows of a pod as JSON: `show [ROOT]`.

fn main() -> podnet::Result<()> {
    let mut pod = podnet::Pod::builder();
    if let Some(root) = std::env::args_os().nth(1) {
        pod = pod.root(root);
    }
    let snapshot = pod.build().snapshot()?;
    println!("{}", serde_json::to_string_pretty(&snapshot).unwrap_or_default());
    Ok(())
}

//! Golden values are what their scripts wrote.

use std::path::Path;

use anyhow::Result;
use ssl_grading::golden::verify_script;

#[test]
fn every_golden_file_was_written_by_its_script() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/golden");
    let mut files = 0;
    for entry in std::fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "safetensors") {
            verify_script(&path)?;
            files += 1;
        }
    }
    assert!(files >= 3, "{files} golden files in {}", folder.display());
    Ok(())
}

#[test]
fn a_script_that_has_changed_since_is_found() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/golden/01_rotation.safetensors");
    let copy = folder.path().join("01_rotation.safetensors");
    std::fs::copy(golden, &copy)?;
    std::fs::write(copy.with_extension("py"), "print()")?;
    let message = verify_script(&copy).err().map(|error| error.to_string());
    assert!(message.is_some_and(|message| message.contains("has changed")));
    Ok(())
}

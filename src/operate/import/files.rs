//! Which files are meant by the paths an operator typed. What is in them is not looked at.

use std::path::{Path, PathBuf};

/// How deep folders may nest; a loop of links ends here.
const FOLDERS_MAX: usize = 32;

/// What was found under some paths.
#[derive(Default)]
pub struct Found {
    /// The files, in the order of the paths and of names.
    pub files: Vec<PathBuf>,
    /// How many files of other endings the folders held.
    pub passed_over: u64,
    /// Places that cannot be taken, each with the reason.
    pub refused: Vec<(String, String)>,
}

/// Every file with one of these endings (`.vcf`, lower case) under the paths. A file that is named itself must have one.
pub fn find(paths: &[String], endings: &[&str]) -> Found {
    let mut found = Found::default();
    paths.iter().for_each(|path| found.look(Path::new(path), endings, FOLDERS_MAX, true));
    found
}

/// The ending of a file's name in lower case, with its dot; empty where it has none.
pub fn ending(path: &Path) -> String {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    ending.map(|ending| format!(".{ending}")).unwrap_or_default()
}

impl Found {
    fn look(&mut self, path: &Path, endings: &[&str], depth: usize, named: bool) {
        let outcome = match std::fs::metadata(path) {
            Err(error) => Err(error.to_string()),
            Ok(found) if found.is_dir() && depth == 0 => Err("folders nest too deep here".into()),
            Ok(found) if found.is_dir() => match entries(path) {
                Err(error) => Err(error.to_string()),
                Ok(inside) => {
                    inside.iter().for_each(|path| self.look(path, endings, depth - 1, false));
                    Ok(())
                }
            },
            Ok(_) if endings.contains(&ending(path).as_str()) => {
                self.files.push(path.to_owned());
                Ok(())
            }
            Ok(_) if named => Err(format!("not a file that goes in here: {} are", endings.join(" "))),
            Ok(_) => {
                self.passed_over += 1;
                Ok(())
            }
        };
        if let Err(reason) = outcome {
            self.refused.push((path.display().to_string(), reason));
        }
    }
}

fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            inside.push(entry.path());
        }
    }
    inside.sort();
    Ok(inside)
}

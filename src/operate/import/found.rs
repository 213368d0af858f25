//! Which files are meant by the paths an operator typed. What is in them is not looked at.

use crate::operate::files::{Files, Place, ending, within};

/// How deep folders may nest; a loop of links ends here.
const FOLDERS_MAX: usize = 32;

/// What was found under some paths.
#[derive(Default)]
pub struct Found {
    /// The files, in the order of the paths and of names.
    pub files: Vec<String>,
    /// How many files of other endings the folders held.
    pub passed_over: u64,
    /// Places that cannot be taken, each with the reason.
    pub refused: Vec<(String, String)>,
}

/// Every file with one of these endings (`.vcf`, lower case) under the paths. A file that is named itself must have one.
pub fn find(files: &dyn Files, paths: &[String], endings: &[&str]) -> Found {
    let mut found = Found::default();
    paths.iter().for_each(|path| found.look(files, path, endings, FOLDERS_MAX, true));
    found
}

impl Found {
    fn look(&mut self, files: &dyn Files, path: &str, endings: &[&str], depth: usize, named: bool) {
        let outcome = match files.look(path) {
            Err(reason) => Err(reason),
            Ok(Place::Folder) if depth == 0 => Err("folders nest too deep here".into()),
            Ok(Place::Folder) => inside(files, path).map(|inside| {
                inside.iter().for_each(|path| self.look(files, path, endings, depth - 1, false));
            }),
            Ok(Place::File) if endings.contains(&ending(path).as_str()) => {
                self.files.push(path.to_owned());
                Ok(())
            }
            Ok(Place::File) if named => {
                Err(format!("not a file that goes in here: {} are", endings.join(" ")))
            }
            Ok(Place::File) => {
                self.passed_over += 1;
                Ok(())
            }
        };
        if let Err(reason) = outcome {
            self.refused.push((path.to_owned(), reason));
        }
    }
}

/// The paths in a folder, by name; what is hidden is left out.
fn inside(files: &dyn Files, folder: &str) -> Result<Vec<String>, String> {
    let mut names = files.names(folder)?;
    names.retain(|name| !name.starts_with('.'));
    names.sort();
    Ok(names.iter().map(|name| within(folder, name)).collect())
}

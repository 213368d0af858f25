//! The operator's files, as an order needs them: the disk here, Node's file system where the tool runs in Node
//! (`javascript/operator.rs`). A path is text as it was typed, its parts divided by `/`.

/// What lies at a path, links followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Something with bytes in it.
    File,
    /// Something with names in it.
    Folder,
}

/// A file system. What it refuses it says in words for people.
pub trait Files {
    /// What lies there.
    fn look(&self, path: &str) -> Result<Place, String>;
    /// The names in a folder, in no order.
    fn names(&self, folder: &str) -> Result<Vec<String>, String>;
    /// All bytes of a file.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
    /// Makes a folder, and those it lies in; one that is there already is as good.
    fn make_folder(&self, folder: &str) -> Result<(), String>;
    /// Makes a file; one that is there already is refused.
    fn create(&self, path: &str, bytes: &[u8]) -> Result<(), String>;
    /// Adds to the end of a file.
    fn append(&self, path: &str, bytes: &[u8]) -> Result<(), String>;
}

/// The path of a name in a folder.
pub fn within(folder: &str, name: &str) -> String {
    match folder.ends_with('/') {
        true => format!("{folder}{name}"),
        false => format!("{folder}/{name}"),
    }
}

/// The ending of a file's name in lower case, with its dot; empty where it has none.
pub fn ending(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((stem, ending)) if !stem.is_empty() => format!(".{}", ending.to_ascii_lowercase()),
        _ => String::new(),
    }
}

/// This machine's own.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

#[cfg(not(target_arch = "wasm32"))]
impl Files for Disk {
    fn look(&self, path: &str) -> Result<Place, String> {
        let found = std::fs::metadata(path).map_err(words)?;
        Ok(if found.is_dir() { Place::Folder } else { Place::File })
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, String> {
        let entries = std::fs::read_dir(folder).map_err(words)?;
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned()).map_err(words)
        };
        entries.map(name).collect()
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(words)
    }

    fn make_folder(&self, folder: &str) -> Result<(), String> {
        std::fs::create_dir_all(folder).map_err(words)
    }

    fn create(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        let file = std::fs::File::create_new(path);
        file.and_then(|mut file| std::io::Write::write_all(&mut file, bytes)).map_err(words)
    }

    fn append(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        let file = std::fs::OpenOptions::new().append(true).open(path);
        file.and_then(|mut file| std::io::Write::write_all(&mut file, bytes)).map_err(words)
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn words(error: std::io::Error) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_those_of_names_and_not_of_folders() {
        assert_eq!(ending("a/b.VCF"), ".vcf");
        assert_eq!(ending("cards.old/anna"), "");
        assert_eq!(ending("a/.vcf"), "", "a hidden file has no ending");
        assert_eq!(ending("a.tar.ics"), ".ics");
    }

    #[test]
    fn a_name_lies_in_its_folder() {
        assert_eq!(within("cards", "a.vcf"), "cards/a.vcf");
        assert_eq!(within("/", "a.vcf"), "/a.vcf");
    }
}

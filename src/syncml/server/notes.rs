//! Sentences for the log line of one message: the first few different ones, and how many more there were.

use crate::limits;

/// What there is to say.
#[derive(Debug, Default)]
pub struct Notes {
    said: Vec<String>,
    more: usize,
}

impl Notes {
    /// Says something, unless it was said or enough was.
    pub fn push(&mut self, note: String) {
        let note = match note.char_indices().nth(limits::NOTE_CHARS_MAX) {
            Some((end, _)) => note.get(..end).unwrap_or_default().to_owned() + "…",
            None => note,
        };
        if self.said.len() >= limits::NOTES_MAX {
            self.more += usize::from(!self.said.contains(&note));
        } else if !self.said.contains(&note) {
            self.said.push(note);
        }
    }

    /// All of it, sentence by sentence.
    pub fn into_said(self) -> Vec<String> {
        let more = (self.more > 0).then(|| format!("and {} more", self.more));
        self.said.into_iter().chain(more).collect()
    }

    /// All of it, each behind a semicolon.
    pub fn line(&self) -> String {
        let said = self.said.iter().map(|note| format!("; {note}")).collect::<String>();
        if self.more > 0 { format!("{said}; and {} more", self.more) } else { said }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_short_whatever_happens() {
        let mut notes = Notes::default();
        assert_eq!(notes.line(), "");
        (0..50).for_each(|_| notes.push("twice".into()));
        notes.push("é".repeat(10_000));
        assert_eq!(notes.line(), format!("; twice; {}…", "é".repeat(limits::NOTE_CHARS_MAX)));
        (0..5_000).for_each(|number| notes.push(number.to_string()));
        notes.push("twice".into());
        assert!(notes.line().ends_with("; 17; and 4982 more"), "{}", notes.line());
    }
}

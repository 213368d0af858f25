//! Names of accounts, passwords, and the readable secrets we make up.

/// The account of local development.
pub const DEMO: &str = "demo";

/// The longest name, in characters (and bytes: names are ASCII).
const NAME_CHARS_MAX: usize = 64;

/// The longest password, in bytes: it travels in a SyncML credential, which old devices keep in small buffers.
const PASSWORD_BYTES_MAX: usize = 128;

/// The shortest password that is taken, in characters.
const PASSWORD_CHARS_MIN: usize = 8;

/// Without what is mistaken on a small screen (0 o, 1 l i): 31 symbols.
const READABLE: &[u8] = b"23456789abcdefghjkmnpqrstuvwxyz";

/// Whether this can be an account's name: a login of SyncML cannot hold a colon, and two accounts must not differ by case.
pub fn check(name: &str) -> Result<(), String> {
    let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-+@".contains(c);
    let first_known = name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    match first_known && name.len() <= NAME_CHARS_MAX && name.chars().all(known) {
        true => Ok(()),
        false => Err(format!(
            "`{}` cannot be a name: 1 to {NAME_CHARS_MAX} of a-z, 0-9, . _ - + @, beginning with a letter or a digit.",
            name.escape_debug()
        )),
    }
}

/// Whether this can be a password.
pub fn check_password(password: &str) -> Result<(), String> {
    if password.chars().any(char::is_control) {
        return Err("A password cannot hold line ends or other control characters.".into());
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(format!("A password has at most {PASSWORD_BYTES_MAX} bytes: old phones keep no more."));
    }
    match password.chars().count() < PASSWORD_CHARS_MIN {
        true => Err(format!(
            "A password has at least {PASSWORD_CHARS_MIN} characters. Leave it out and a good one is made."
        )),
        false => Ok(()),
    }
}

/// A password to type into a phone: four groups of four, about 79 bits.
pub fn make_password(random: [u8; 32]) -> String {
    let mut password = String::with_capacity(19);
    // Two bytes a symbol: what the division favours is then too little to matter.
    for (index, pair) in random.chunks_exact(2).take(16).enumerate() {
        if index > 0 && index % 4 == 0 {
            password.push('-');
        }
        let number = pair.iter().fold(0_usize, |sum, byte| (sum << 8) | usize::from(*byte));
        password.push(READABLE.get(number % READABLE.len()).copied().map_or('2', char::from));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_every_client_can_type_and_send() {
        for good in ["a", "anna", "anna.b@example.org", "7-up", &"x".repeat(64)] {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", "Anna", "a b", "a:b", ".a", "-x", "ä", "a\n", "a/b", &"x".repeat(65)] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn passwords_made_are_passwords_taken() {
        let made = make_password([0xA7; 32]);
        assert_eq!(made.len(), 19);
        assert!(check_password(&made).is_ok());
        assert_ne!(made, make_password([0xA8; 32]));
        assert!(check_password("short").is_err());
        assert!(check_password("with\nline end").is_err());
        assert!(check_password(&"x".repeat(129)).is_err());
    }
}

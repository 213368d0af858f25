//! The CGI grammar of filters, `syncml:filtertype-cgi` (DS 1.2 section 6.14; `syncml.md` 4.13).
//!
//! ```text
//! query = all *( "&OR;" all )                 all = term *( ( "&AND;" / "&" ) term )
//! term  = "(" query ")" / name "&" ["i"] operator ";" value
//! name  = text / "&LUID;"                     value = text / "&NULL;"
//! ```
//!
//! `&AND;` binds tighter than `&OR;`: the texts do not say. Text has `%HH` for bytes of UTF-8, entities are known in any case, blanks
//! around a name or a value mean nothing, and `&amp;` is taken for the `&` it stands for, as often as a client has escaped it. What the names mean is said in
//! `criteria.rs`.

use std::iter::Peekable;

/// A query, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression<T> {
    /// All of these.
    All(Vec<Self>),
    /// Any of these.
    Any(Vec<Self>),
    /// This.
    Term(T),
}

/// A comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// What is compared: a property, a field, a keyword; `&LUID;` for the item's id.
    pub name: String,
    /// How.
    pub operator: Operator,
    /// Whether upper and lower case are the same.
    pub any_case: bool,
    /// With what; `None` for `&NULL;`.
    pub value: Option<String>,
}

/// How a term compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `EQ`.
    Equal,
    /// `NE`.
    NotEqual,
    /// `GT`.
    Greater,
    /// `GE`.
    GreaterOrEqual,
    /// `LT`.
    Less,
    /// `LE`.
    LessOrEqual,
    /// `CON`.
    Contains,
    /// `NCON`.
    ContainsNot,
}

/// Why a query is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrammarError {
    /// It is malformed, and how.
    Syntax(String),
    /// It has too many terms, or they nest too deep.
    TooLarge,
}

/// The name of a term about the item's id.
pub const ID: &str = "&LUID;";

/// Terms in one query: each is compared with every item.
const TERMS_MAX: usize = 64;
/// How deep parentheses may nest.
const DEPTH_MAX: usize = 16;

/// Reads a query that is not empty.
pub fn parse(query: &str) -> Result<Expression<Term>, GrammarError> {
    let query = query.replace("&amp;", "&").replace("&AMP;", "&");
    let mut parser = Parser { tokens: tokens(&query)?.into_iter().peekable(), terms: 0 };
    let expression = parser.query(0)?;
    match parser.tokens.next() {
        None => Ok(expression),
        Some(token) => Err(unexpected(Some(token), "the end")),
    }
}

impl<T> Expression<T> {
    /// The same with other terms.
    pub fn map<U, E>(self, to: &mut dyn FnMut(T) -> Result<U, E>) -> Result<Expression<U>, E> {
        let mut each = |list: Vec<Self>| -> Result<Vec<_>, E> {
            list.into_iter().map(|one| one.map(&mut *to)).collect()
        };
        Ok(match self {
            Self::All(list) => Expression::All(each(list)?),
            Self::Any(list) => Expression::Any(each(list)?),
            Self::Term(term) => Expression::Term(to(term)?),
        })
    }

    /// Whether it is true where `is_true` says which terms are.
    pub fn holds(&self, is_true: &dyn Fn(&T) -> bool) -> bool {
        match self {
            Self::All(list) => list.iter().all(|one| one.holds(is_true)),
            Self::Any(list) => list.iter().any(|one| one.holds(is_true)),
            Self::Term(term) => is_true(term),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Open,
    Close,
    And,
    Or,
    Id,
    Null,
    Compare(Operator, bool),
    Text(String),
}

fn syntax<T>(why: impl Into<String>) -> Result<T, GrammarError> {
    Err(GrammarError::Syntax(why.into()))
}

fn unexpected(token: Option<Token>, wanted: &str) -> GrammarError {
    let found = match token {
        None => "the end".to_owned(),
        Some(Token::Text(text)) => format!("{:?}", text.chars().take(20).collect::<String>()),
        Some(token) => format!("{token:?}"),
    };
    GrammarError::Syntax(format!("{found} where {wanted} was expected"))
}

/// Parentheses, entities and what is between them.
fn tokens(query: &str) -> Result<Vec<Token>, GrammarError> {
    let mut tokens = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let (token, after) = match first {
            '(' => (Some(Token::Open), rest.strip_prefix('(')),
            ')' => (Some(Token::Close), rest.strip_prefix(')')),
            '&' => match rest.strip_prefix('&').and_then(named) {
                Some((name, after)) => (Some(entity(name)?), Some(after)),
                None => (Some(Token::And), rest.strip_prefix('&')),
            },
            _ => {
                let length = rest.find(['&', '(', ')']).unwrap_or(rest.len());
                let (text, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
                let text = unescaped(text.trim())?;
                ((!text.is_empty()).then_some(Token::Text(text)), Some(after))
            }
        };
        tokens.extend(token);
        rest = after.unwrap_or_default();
    }
    Ok(tokens)
}

/// The name of an entity, and what comes after it.
fn named(text: &str) -> Option<(&str, &str)> {
    let (name, after) = text.split_once(';')?;
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphabetic())).then_some((name, after))
}

fn entity(name: &str) -> Result<Token, GrammarError> {
    let upper = name.to_ascii_uppercase();
    let operator = |name: &str| {
        Some(match name {
            "EQ" => Operator::Equal,
            "NE" => Operator::NotEqual,
            "GT" => Operator::Greater,
            "GE" => Operator::GreaterOrEqual,
            "LT" => Operator::Less,
            "LE" => Operator::LessOrEqual,
            "CON" => Operator::Contains,
            "NCON" => Operator::ContainsNot,
            _ => return None,
        })
    };
    match upper.as_str() {
        "AND" => return Ok(Token::And),
        "OR" => return Ok(Token::Or),
        "LUID" => return Ok(Token::Id),
        "NULL" | "UNASSIGNED" => return Ok(Token::Null),
        _ => {}
    }
    let exact = operator(&upper).map(|operator| Token::Compare(operator, false));
    let folded = || upper.strip_prefix('I').and_then(operator).map(|operator| Token::Compare(operator, true));
    exact.or_else(folded).map_or_else(|| syntax(format!("nothing is called &{name};")), Ok)
}

fn unescaped(text: &str) -> Result<String, GrammarError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut pieces = text.split('%');
    bytes.extend_from_slice(pieces.next().unwrap_or_default().as_bytes());
    for piece in pieces {
        let byte = piece.split_at_checked(2).and_then(|(digits, after)| {
            let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let byte = u8::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
            Some((byte, after))
        });
        let Some((byte, after)) = byte else { return syntax("a % without two digits") };
        bytes.push(byte);
        bytes.extend_from_slice(after.as_bytes());
    }
    String::from_utf8(bytes).or_else(|_| syntax("escapes that are no UTF-8"))
}

struct Parser<I: Iterator<Item = Token>> {
    tokens: Peekable<I>,
    terms: usize,
}

impl<I: Iterator<Item = Token>> Parser<I> {
    fn query(&mut self, depth: usize) -> Result<Expression<Term>, GrammarError> {
        if depth > DEPTH_MAX {
            return Err(GrammarError::TooLarge);
        }
        let mut any = vec![self.all(depth)?];
        while self.tokens.next_if_eq(&Token::Or).is_some() {
            any.push(self.all(depth)?);
        }
        Ok(joined(any, Expression::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Expression<Term>, GrammarError> {
        let mut all = vec![self.one(depth)?];
        while self.tokens.next_if_eq(&Token::And).is_some() {
            all.push(self.one(depth)?);
        }
        Ok(joined(all, Expression::All))
    }

    fn one(&mut self, depth: usize) -> Result<Expression<Term>, GrammarError> {
        let name = match self.tokens.next() {
            Some(Token::Open) => {
                let inside = self.query(depth + 1)?;
                return match self.tokens.next() {
                    Some(Token::Close) => Ok(inside),
                    token => Err(unexpected(token, ")")),
                };
            }
            Some(Token::Text(name)) => name,
            Some(Token::Id) => ID.to_owned(),
            token => return Err(unexpected(token, "a name")),
        };
        let (operator, any_case) = match self.tokens.next() {
            Some(Token::Compare(operator, any_case)) => (operator, any_case),
            token => return Err(unexpected(token, "an operator")),
        };
        let is_value = |token: &Token| matches!(token, Token::Text(_) | Token::Null);
        let value = match self.tokens.next_if(is_value) {
            Some(Token::Text(value)) => Some(value),
            Some(_) => None,
            None => return Err(unexpected(self.tokens.next(), "a value")),
        };
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return Err(GrammarError::TooLarge);
        }
        Ok(Expression::Term(Term { name, operator, any_case, value }))
    }
}

fn joined<T>(mut list: Vec<Expression<T>>, many: fn(Vec<Expression<T>>) -> Expression<T>) -> Expression<T> {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        last => many(list.into_iter().chain(last).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(name: &str, operator: Operator, any_case: bool, value: Option<&str>) -> Expression<Term> {
        Expression::Term(Term { name: name.into(), operator, any_case, value: value.map(str::to_owned) })
    }

    fn fails(query: &str) -> String {
        match parse(query) {
            Err(GrammarError::Syntax(why)) => why,
            other => panic!("{query:?} gives {other:?}"),
        }
    }

    #[test]
    fn the_examples_of_the_texts_are_read() {
        let range = Expression::All(vec![
            term("SINCE", Operator::Equal, false, Some("20061206T120000")),
            term("BEFORE", Operator::Equal, false, Some("20061231T090000")),
        ]);
        let spelt = "SINCE&EQ;20061206T120000&AND;BEFORE&EQ;20061231T090000";
        assert_eq!(parse(spelt).unwrap(), range);
        assert_eq!(parse(&spelt.replace("&AND;", "&")).unwrap(), range);
        assert_eq!(parse(&spelt.replace("&AND;", "&amp;")).unwrap(), range);
        assert_eq!(parse(&spelt.replace('&', "&amp;")).unwrap(), range);
        assert_eq!(parse(&spelt.replace("EQ", "eq").replace("AND", "and")).unwrap(), range);
        let funambol = Expression::All(vec![
            term("CompanyName", Operator::Equal, true, Some("funambol")),
            term("FirstName", Operator::Contains, false, Some("ste")),
        ]);
        assert_eq!(parse("CompanyName&iEQ;funambol&AND;FirstName&CON;ste").unwrap(), funambol);
        let modified = term("modified", Operator::GreaterOrEqual, true, Some("20051211T000000Z"));
        assert_eq!(parse("modified&iGE;20051211T000000Z").unwrap(), modified);
    }

    #[test]
    fn terms_join_and_nest() {
        let [a, b, c] = ["A", "B", "C"].map(|name| term(name, Operator::Equal, false, Some("1")));
        let or = |list: &[&Expression<Term>]| Expression::Any(list.iter().map(|it| (*it).clone()).collect());
        let and = |list: &[&Expression<Term>]| Expression::All(list.iter().map(|it| (*it).clone()).collect());
        assert_eq!(parse("A&EQ;1&OR;B&EQ;1&AND;C&EQ;1").unwrap(), or(&[&a, &and(&[&b, &c])]));
        assert_eq!(parse("(A&EQ;1&OR;B&EQ;1)&C&EQ;1").unwrap(), and(&[&or(&[&a, &b]), &c]));
        assert_eq!(parse(" ( ( A &EQ;1 ) ) ").unwrap(), a);
    }

    #[test]
    fn values_are_unescaped_and_may_be_nothing() {
        let all = ["EQ", "NE", "GT", "GE", "LT", "LE", "CON", "NCON"];
        assert!(all.iter().all(|name| parse(&format!("N&{name};x")).is_ok()));
        assert!(all.iter().all(|name| parse(&format!("N&i{name};x")).is_ok()));
        let value = |query: &str| match parse(query).unwrap() {
            Expression::Term(term) => term.value,
            other => panic!("{other:?}"),
        };
        assert_eq!(value("N&EQ;%28a%26b%29 %C3%A9;c").as_deref(), Some("(a&b) é;c"));
        assert_eq!(value("N&EQ; a b%20 ").as_deref(), Some("a b "));
        assert_eq!((value("N&EQ;&NULL;"), value("N&NE;&UNASSIGNED;")), (None, None));
        assert_eq!(parse("&LUID;&EQ;7").unwrap(), term(ID, Operator::Equal, false, Some("7")));
    }

    #[test]
    fn what_is_malformed_says_where() {
        assert_eq!(fails(""), "the end where a name was expected");
        assert_eq!(fails("N"), "the end where an operator was expected");
        assert_eq!(fails("N&EQ;"), "the end where a value was expected");
        assert_eq!(fails("N&EQ;a)"), "Close where the end was expected");
        assert_eq!(fails("(N&EQ;a"), "the end where ) was expected");
        assert_eq!(fails("N&LIKE;a"), "nothing is called &LIKE;");
        assert_eq!(fails("N&EQ;%4"), "a % without two digits");
        assert_eq!(fails("N&EQ;%+4"), "a % without two digits");
        assert_eq!(fails("N&EQ;%FF"), "escapes that are no UTF-8");
        assert_eq!(fails("&AND;"), "And where a name was expected");
        assert_eq!(fails("N&EQ;a&OR;"), "the end where a name was expected");
    }

    #[test]
    fn a_hostile_query_is_bounded() {
        let deep = |depth: usize| format!("{}N&EQ;1{}", "(".repeat(depth), ")".repeat(depth));
        assert!(parse(&deep(DEPTH_MAX)).is_ok());
        assert_eq!(parse(&deep(DEPTH_MAX + 1)), Err(GrammarError::TooLarge));
        assert_eq!(parse(&"(".repeat(100_000)), Err(GrammarError::TooLarge));
        let wide = |terms: usize| vec!["N&EQ;1"; terms].join("&OR;");
        assert!(parse(&wide(TERMS_MAX)).is_ok());
        assert_eq!(parse(&wide(TERMS_MAX + 1)), Err(GrammarError::TooLarge));
        for hostile in ["&;", "&&&&", "%", "&amp;&amp;", "N&", "é&EQ;%c3", "(&)", "&NULL;", "&EQ;&EQ;"] {
            assert!(parse(hostile).is_err(), "{hostile}");
        }
    }
}

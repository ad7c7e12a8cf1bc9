//! Members of JSON objects by type, with a problem for each that has another one.

use serde_json::{Map, Value};

use super::{Parsed, Problem};

/// Reads a whole JSON text; the place of a syntax error is its line and column.
pub(super) fn document(text: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(text).map_err(|error| {
        let place = format!("line {} column {}", error.line(), error.column());
        let text = error.to_string();
        let why = text.split(" at line").next().unwrap_or(&text);
        Problem::new(place, format!("not JSON: {why}"))
    })
}

/// Reads each object of a list; an element that is none costs no other.
pub(super) fn objects<T>(
    place: &str,
    list: &[Value],
    read: fn(&mut Members<'_>) -> T,
) -> Parsed<Vec<T>> {
    let mut items = Vec::with_capacity(list.len());
    let mut problems = Vec::new();
    for (index, value) in list.iter().enumerate() {
        match Members::of(&format!("{place}[{index}]"), value) {
            Ok(mut members) => {
                items.push(read(&mut members));
                problems.append(&mut members.problems);
            }
            Err(problem) => problems.push(problem),
        }
    }
    (items, problems)
}

/// One JSON object being read, or an absent one: where it is, its members, and what was wrong
/// with them.
pub(super) struct Members<'a> {
    place: String,
    members: Option<&'a Map<String, Value>>,
    pub problems: Vec<Problem>,
}

impl<'a> Members<'a> {
    /// The members of `value`, or the problem that it is no object.
    pub fn of(place: &str, value: &'a Value) -> Result<Members<'a>, Problem> {
        match value {
            Value::Object(members) => Ok(Members {
                place: place.to_owned(),
                members: Some(members),
                problems: Vec::new(),
            }),
            other => Err(expected(place, "an object", other)),
        }
    }

    pub fn place_of(&self, key: &str) -> String {
        match self.place.as_str() {
            "" => key.to_owned(),
            place => format!("{place}.{key}"),
        }
    }

    pub fn problem(&mut self, key: &str, why: impl Into<String>) {
        let place = self.place_of(key);
        self.problems.push(Problem::new(place, why));
    }

    /// The member, unless it is absent or null. Go, which all producers and Multus are written
    /// in, takes a key in any case; the exact one comes first.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        let members = self.members?;
        let in_any_case = || members.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        let value = members.get(key).or_else(|| in_any_case().map(|(_, value)| value));
        value.filter(|value| !value.is_null())
    }

    fn typed<T>(
        &mut self,
        key: &str,
        what: &str,
        read: impl Fn(&'a Value) -> Option<T>,
    ) -> Option<T> {
        let value = self.get(key)?;
        let typed = read(value);
        if typed.is_none() {
            self.problems.push(expected(&self.place_of(key), what, value));
        }
        typed
    }

    /// A string; the empty one counts as absent, as producers in Go leave it out.
    pub fn string(&mut self, key: &str) -> Option<&'a str> {
        self.typed(key, "a string", Value::as_str).filter(|text| !text.is_empty())
    }

    pub fn owned(&mut self, key: &str) -> Option<String> {
        self.string(key).map(str::to_owned)
    }

    pub fn boolean(&mut self, key: &str) -> Option<bool> {
        self.typed(key, "true or false", Value::as_bool)
    }

    pub fn unsigned(&mut self, key: &str) -> Option<u64> {
        self.typed(key, "a whole number from 0 to 2^64-1", Value::as_u64)
    }

    /// A list of strings; one string alone stands for a list of one.
    pub fn strings(&mut self, key: &str) -> Vec<String> {
        let mut texts = Vec::new();
        let items = match self.get(key) {
            None => return texts,
            Some(Value::Array(items)) => items.as_slice(),
            Some(text @ Value::String(_)) => std::slice::from_ref(text),
            Some(other) => {
                self.problems.push(expected(&self.place_of(key), "a list of strings", other));
                return texts;
            }
        };
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text.clone()),
                other => {
                    let place = format!("{}[{index}]", self.place_of(key));
                    self.problems.push(expected(&place, "a string", other));
                }
            }
        }
        texts
    }

    /// What `read` makes of a member that is itself an object. An absent one has no members.
    pub fn object<T>(&mut self, key: &str, read: impl FnOnce(&mut Members<'a>) -> T) -> T {
        let place = self.place_of(key);
        let value = self.typed(key, "an object", Value::as_object);
        let mut inner = Members { place, members: value, problems: Vec::new() };
        let made = read(&mut inner);
        self.problems.append(&mut inner.problems);
        made
    }

    /// What `read` makes of each object of a list.
    pub fn objects<T>(&mut self, key: &str, read: fn(&mut Members<'_>) -> T) -> Vec<T> {
        let Some(list) = self.typed(key, "a list", Value::as_array) else { return Vec::new() };
        let (items, mut problems) = objects(&self.place_of(key), list, read);
        self.problems.append(&mut problems);
        items
    }

    /// A word of a fixed vocabulary.
    pub fn word<T: Copy>(&mut self, key: &str, vocabulary: &[(&str, T)]) -> Option<T> {
        let text = self.string(key)?;
        let found = vocabulary.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let words: Vec<&str> = vocabulary.iter().map(|(word, _)| *word).collect();
            self.problem(key, format!("expected one of {}, found {text:?}", words.join(", ")));
        }
        found.map(|(_, meaning)| *meaning)
    }
}

/// The problem that `value` is not `what`.
pub(super) fn expected(place: &str, what: &str, value: &Value) -> Problem {
    let found = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    Problem::new(place, format!("expected {what}, found {found}"))
}

//! What can be wrong with the JSON of a type, and where.

/// A mistake and its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {fault}")]
pub struct ImportError {
    /// JSON path of the value, `$.branches[1].continuation`.
    pub path: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// A mistake.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The text is not JSON; line and column start at 1.
    #[error("not JSON, line {line}, column {column}: {message}")]
    Syntax {
        /// Line.
        line: u64,
        /// Column in code points.
        column: u64,
        /// What the reader says.
        message: String,
    },
    /// The text is longer than [`crate::json::MAX_BYTES`].
    #[error("longer than {} bytes", crate::json::MAX_BYTES)]
    TooLong,
    /// The value is nested deeper than a limit.
    #[error("nested deeper than {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// The value is of another kind of JSON.
    #[error("{found} instead of {expected}")]
    WrongType {
        /// What the schema wants.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A key the schema wants is not there.
    #[error("key `{0}` is missing")]
    MissingKey(&'static str),
    /// A key is there twice.
    #[error("key `{0}` is there twice")]
    DuplicateKey(String),
    /// A key the schema does not know.
    #[error("unknown key `{0}`")]
    UnknownKey(String),
    /// A `kind` the schema does not know.
    #[error("unknown kind `{0}`")]
    UnknownKind(String),
    /// A sort the schema does not know.
    #[error("unknown sort `{0}`")]
    UnknownSort(String),
    /// A role that `roles` does not list.
    #[error("role `{0}` is not among the roles")]
    UnknownRole(String),
    /// `roles` lists a role twice.
    #[error("role `{0}` is listed twice")]
    DuplicateRole(String),
    /// A name with control or direction characters, which would change what a terminal shows.
    #[error("the name `{0}` has characters that cannot be shown")]
    Unprintable(String),
    /// A number is not a length.
    #[error("`{0}` is not a length")]
    NotALength(String),
}

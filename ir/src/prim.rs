//! Primitive operations: the pure functions an instruction can apply.

use serde::{Deserialize, Serialize};

macro_rules! prims {
    ($(#[doc = $doc:literal] $name:ident = $code:literal, $text:literal, $arity:literal;)*) => {
        /// A primitive. Arity 3 takes its third operand from the register after `b`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u8)]
        pub enum Prim { $(#[doc = $doc] $name = $code,)* }

        impl Prim {
            /// Every primitive, in order of its code.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Name in the disassembly; for functions of `std.prelude` their name there.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it does.
            #[must_use]
            pub const fn doc(self) -> &'static str {
                match self { $(Self::$name => $doc,)* }
            }

            /// Number of operands, 1 to 3.
            #[must_use]
            pub const fn arity(self) -> u8 {
                match self { $(Self::$name => $arity,)* }
            }

            /// The primitive of that code.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }
        }
    };
}

prims! {
    /// `a + b`; faults on overflow. Int or Duration.
    Add = 0, "add", 2;
    /// `a - b`; faults on overflow. Int or Duration.
    Sub = 1, "sub", 2;
    /// `a * b`; faults on overflow.
    Mul = 2, "mul", 2;
    /// `a / b`, truncating; faults on division by zero and MIN / -1.
    Div = 3, "div", 2;
    /// `a % b`, sign of `a`; faults on division by zero and MIN % -1.
    Rem = 4, "rem", 2;
    /// `-a`; faults on MIN. Int or Duration.
    Neg = 5, "neg", 1;
    /// `not a`
    Not = 6, "not", 1;
    /// `a == b`, structural, any equal types.
    Eq = 7, "eq", 2;
    /// `a != b`
    Ne = 8, "ne", 2;
    /// `a < b`; Int, Duration, String (by code point), Bytes.
    Lt = 9, "lt", 2;
    /// `a <= b`
    Le = 10, "le", 2;
    /// `a > b`
    Gt = 11, "gt", 2;
    /// `a >= b`
    Ge = 12, "ge", 2;
    /// `a ++ b`; String, Bytes, List.
    Concat = 13, "concat", 2;
    /// Length of a list.
    Length = 14, "length", 1;
    /// `append(xs, x)`: the list with `x` at its end.
    Append = 15, "append", 2;
    /// `get(xs, i)`: `Just` the element at the 0-based index, `Nothing` outside.
    Get = 16, "get", 2;
    /// `reverse(xs)`
    Reverse = 17, "reverse", 1;
    /// `head(xs)`: `Just` the first element.
    Head = 18, "head", 1;
    /// `tail(xs)`: the list without its first element; of `[]`, `[]`.
    Tail = 19, "tail", 1;
    /// `contains(xs, x)`
    Contains = 20, "contains", 2;
    /// `insert(m, k, v)`: the map with `k` bound to `v`.
    Insert = 21, "insert", 3;
    /// `lookup(m, k)`: `Just` the value, or `Nothing`.
    Lookup = 22, "lookup", 2;
    /// `remove(m, k)`
    Remove = 23, "remove", 2;
    /// `keys(m)`, ascending.
    Keys = 24, "keys", 1;
    /// `size(m)`
    Size = 25, "size", 1;
    /// `empty_map()`; its operand is Unit.
    EmptyMap = 26, "empty_map", 1;
    /// `to_string(x)`: how a value is printed; a string is itself.
    ToString = 27, "to_string", 1;
    /// `parse_int(s)`: `Just` the number of an optional sign and decimal digits.
    ParseInt = 28, "parse_int", 1;
    /// `min(a, b)` of two Ints.
    Min = 29, "min", 2;
    /// `max(a, b)` of two Ints.
    Max = 30, "max", 2;
    /// `abs(a)`; faults on MIN.
    Abs = 31, "abs", 1;
    /// `string_length(s)` in code points.
    StringLength = 32, "string_length", 1;
    /// `upper(s)`
    Upper = 33, "upper", 1;
    /// `lower(s)`
    Lower = 34, "lower", 1;
    /// `split(s, separator)`; an empty separator splits into code points.
    Split = 35, "split", 2;
    /// `join(xs, separator)`
    Join = 36, "join", 2;
}

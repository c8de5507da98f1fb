//! The ids a machine hands out. Dense integers; nothing is looked up by name after load.

use std::fmt;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($inner:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0)
            }
        }
    )*};
}

ids! {
    /// A session of one machine, numbered from 0 in the order of opening.
    SessionId(u32);
    /// A loaded image of one machine, numbered from 0 in the order of loading.
    ImageId(u16);
    /// A performed operation, numbered from 0 inside its session.
    RequestId(u32);
}

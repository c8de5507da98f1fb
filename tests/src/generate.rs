//! Generated choreographies.

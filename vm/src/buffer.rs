//! What becomes of a message for which its edge has no room.

/// What a sender does when `edge_capacity` messages are queued on its edge.
///
/// On a lossy edge, who transfers an endpoint waits and a speculation is undone: neither loses a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenFull {
    /// It waits.
    #[default]
    Block,
    /// The edge grows, up to `limits.edge` messages; more is a fault.
    Resize,
    /// The session ends in a fault.
    Error,
    /// The message is lost, if the edge is lossy; else the sender waits.
    Drop,
    /// The newest message that is queued is lost and this one takes its place, if the edge is lossy; else the sender waits.
    Latest,
}

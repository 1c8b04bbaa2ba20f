//! The audit log: a Merkle tree over the rows of the journal, after RFC 9162.
//!
//! Its head is one hash for all rows. An inclusion proof shows that a row is in it, a consistency
//! proof that a later head only added rows to an earlier one; a third party needs nothing but
//! SHA-256 to check either. A head shows a rewrite only to somebody who noted it elsewhere before.

mod checkpoint;
mod proof;
mod tree;

pub use checkpoint::{Checkpoint, NoteError, SigningKey, VerifierKey};
pub use proof::{consistency, inclusion, is_consistent, is_included};
pub use tree::{Hash, Head, leaf_hash, root};

//! Hashes of the tree, and its head in one pass.
//!
//! # Source
//!
//! RFC 9162, section 2.1.1.

use sha2::{Digest, Sha256};

/// SHA-256 of a leaf or a node.
pub type Hash = [u8; 32];

/// Hash of a leaf. The leading byte keeps a leaf from passing for a node.
pub fn leaf_hash(data: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(data).finalize().into()
}

/// Hash of a node above two others.
pub(super) fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The head while leaves are added: it keeps one hash for each full subtree, so log2(n) of them.
#[derive(Clone, Debug, Default)]
pub struct Head {
    size: u64,
    full: Vec<Hash>,
}

impl Head {
    /// Adds the hash of the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.push_subtree(leaf, 1);
    }

    /// Adds the next `leaves`, whose root is `root`. They are a full subtree: their number is a power of
    /// two, and so many stand before them once or several times.
    ///
    /// # Panics
    ///
    /// If they are not.
    pub fn push_subtree(&mut self, root: Hash, leaves: u64) {
        assert!(leaves.is_power_of_two() && self.size.is_multiple_of(leaves), "no full subtree");
        // Each one bit of the size above is a full subtree that the new one completes.
        let mut hash = root;
        for _ in 0..(self.size / leaves).trailing_ones() {
            if let Some(left) = self.full.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.full.push(hash);
        self.size += leaves;
    }

    /// How many leaves there are.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Hash over all leaves so far; that of nothing if there are none.
    pub fn root(&self) -> Hash {
        let mut from_right = self.full.iter().rev();
        match from_right.next() {
            None => Sha256::digest([]).into(),
            Some(last) => from_right.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// Hash over these leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    let mut head = Head::default();
    for leaf in leaves {
        head.push(*leaf);
    }
    head.root()
}

/// Where a tree of `size` leaves, at least two, is divided: the largest power of two below `size`.
pub(super) fn split(size: usize) -> usize {
    size.next_power_of_two() / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition in the RFC, word by word.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(split(leaves.len()));
                node_hash(&by_definition(left), &by_definition(right))
            }
        }
    }

    #[test]
    fn one_pass_gives_the_root_of_the_definition() {
        let leaves: Vec<Hash> = (0..200u32).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        for size in 0..=leaves.len() {
            assert_eq!(root(&leaves[..size]), by_definition(&leaves[..size]), "{size} leaves");
        }
    }

    #[test]
    fn leaves_may_come_as_full_subtrees() {
        let leaves: Vec<Hash> = (0..100u32).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let mut head = Head::default();
        for run in leaves.chunks(8) {
            match run.len() {
                8 => head.push_subtree(root(run), 8),
                _ => run.iter().for_each(|leaf| head.push(*leaf)),
            }
            assert_eq!(head.root(), root(&leaves[..head.size() as usize]));
        }
        assert_eq!(head.size(), 100);
    }

    #[test]
    fn a_leaf_is_no_node() {
        let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
        assert_ne!(leaf_hash(&[left, right].concat()), node_hash(&left, &right));
    }
}

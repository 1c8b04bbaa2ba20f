//! Proofs: that a leaf is in a tree, and that one tree begins with another.
//!
//! # Source
//!
//! RFC 9162, sections 2.1.3 and 2.1.4.

use super::tree::{Hash, node_hash, root, split};

/// The hashes that lead from leaf `index`, from 0, to the root. `None` if there is no such leaf.
pub fn inclusion(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    let (mut path, sibling) = if index < at {
        (inclusion(left, index)?, root(right))
    } else {
        (inclusion(right, index - at)?, root(left))
    };
    path.push(sibling);
    Some(path)
}

/// The hashes that show that the tree begins with the tree of its first `earlier` leaves. `None` if
/// `earlier` is 0 or more than there are.
pub fn consistency(leaves: &[Hash], earlier: usize) -> Option<Vec<Hash>> {
    (1..=leaves.len()).contains(&earlier).then(|| subproof(leaves, earlier, true))
}

/// `whole` as long as the earlier tree is all of what is looked at: its root is known then.
fn subproof(leaves: &[Hash], earlier: usize, whole: bool) -> Vec<Hash> {
    if earlier == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let at = split(leaves.len());
    let (left, right) = leaves.split_at(at);
    let (mut path, sibling) = if earlier <= at {
        (subproof(left, earlier, whole), root(right))
    } else {
        (subproof(right, earlier - at, false), root(left))
    };
    path.push(sibling);
    path
}

/// Whether `path` leads from `leaf`, the one at `index`, to the root of a tree of `size` leaves.
pub fn is_included(leaf: &Hash, index: u64, size: u64, path: &[Hash], expected: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *expected
}

/// Whether `path` shows that the tree of `size` leaves begins with the tree of `earlier` leaves.
pub fn is_consistent(
    (earlier, earlier_root): (u64, &Hash),
    (size, expected): (u64, &Hash),
    path: &[Hash],
) -> bool {
    if earlier == 0 || earlier > size {
        return false;
    }
    if earlier == size {
        return path.is_empty() && earlier_root == expected;
    }
    // A full earlier tree is a node of the later one, so its root opens the path.
    let own_root = earlier.is_power_of_two().then_some(earlier_root);
    let mut path = own_root.into_iter().chain(path);
    let Some(first) = path.next() else { return false };
    let (mut node, mut last) = (earlier - 1, size - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut old, mut new) = (*first, *first);
    for sibling in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new = node_hash(&new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && old == *earlier_root && new == *expected
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::leaf_hash;
    use super::*;

    fn tree(size: usize) -> Vec<Hash> {
        (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    /// `path` with one bit turned, or `None` if it has no bits.
    fn flipped(path: &[Hash], bit: usize) -> Option<Vec<Hash>> {
        let bits = path.len() * 256;
        let mut other = path.to_vec();
        let at = bit.checked_rem(bits)?;
        other[at / 256][at % 256 / 8] ^= 1 << (at % 8);
        Some(other)
    }

    proptest! {
        #[test]
        fn a_leaf_proves_itself_and_nothing_else(
            size in 1..300usize, pick in any::<usize>(), bit in any::<usize>(),
        ) {
            let (leaves, index) = (tree(size), pick % size);
            let path = inclusion(&leaves, index).unwrap();
            let (n, i, top) = (size as u64, index as u64, root(&leaves));

            prop_assert!(is_included(&leaves[index], i, n, &path, &top));
            let leaf = flipped(&leaves[index..=index], bit).unwrap();
            prop_assert!(!is_included(&leaf[0], i, n, &path, &top));
            let head = flipped(&[top], bit).unwrap();
            prop_assert!(!is_included(&leaves[index], i, n, &path, &head[0]));
            if let Some(path) = flipped(&path, bit) {
                prop_assert!(!is_included(&leaves[index], i, n, &path, &top));
            }
            let longer = [path, vec![top]].concat();
            prop_assert!(!is_included(&leaves[index], i, n, &longer, &top));
        }

        #[test]
        fn a_tree_that_only_grew_proves_it_and_no_other_does(
            size in 1..300usize, pick in any::<usize>(), bit in any::<usize>(),
        ) {
            let (leaves, earlier) = (tree(size), pick % size + 1);
            let path = consistency(&leaves, earlier).unwrap();
            let (before, top) = (root(&leaves[..earlier]), root(&leaves));
            let (m, n) = (earlier as u64, size as u64);

            prop_assert!(is_consistent((m, &before), (n, &top), &path));
            let other = flipped(&[before], bit).unwrap();
            prop_assert!(!is_consistent((m, &other[0]), (n, &top), &path));
            let other = flipped(&[top], bit).unwrap();
            prop_assert!(!is_consistent((m, &before), (n, &other[0]), &path));
            if let Some(path) = flipped(&path, bit) {
                prop_assert!(!is_consistent((m, &before), (n, &top), &path));
            }
        }
    }

    #[test]
    fn what_is_not_there_has_no_proof() {
        assert_eq!(inclusion(&tree(3), 3), None);
        assert_eq!(consistency(&tree(3), 0), None);
        assert_eq!(consistency(&tree(3), 4), None);
    }
}

//! The memory of one hashing thread: 19 MiB that are allocated, touched once and kept.
//!
//! Reuse makes a hash a third to a half cheaper, since a fresh 19 MiB costs 4,864 page faults. But what is
//! kept holds material of the last password, and Argon2's own `zeroize` feature leaves it there. So it is
//! wiped as soon as no other hash waits for it. While one does, that hash is the wipe: the first pass of
//! Argon2 writes every block before it reads it (RFC 9106, section 3.2), and what a smaller hash does not reach
//! is wiped before it. Wiping between two hashes as well was measured at a fifteenth of the time of a hashing
//! thread, for nothing that is not gone a few milliseconds later. A stored hash that needs more memory than new
//! ones gets memory of its own.

use argon2::{Argon2, Block};
use zeroize::Zeroize;

/// Reused memory.
pub(super) struct Arena {
    blocks: Vec<Block>,
    dirty: usize,
}

impl Arena {
    /// Allocates and touches memory for hashes of this many blocks.
    pub(super) fn new(blocks: usize) -> Self {
        Self { blocks: vec![Block::new(); blocks], dirty: 0 }
    }

    /// Computes a tag.
    pub(super) fn derive(
        &mut self,
        argon2: &Argon2<'_>,
        password: &[u8],
        salt: &[u8],
        tag: &mut [u8],
    ) -> Result<(), argon2::Error> {
        let needed = argon2.params().block_count();
        if needed <= self.blocks.len() {
            self.wipe_from(needed);
            self.dirty = needed;
            let part = &mut self.blocks[..needed];
            argon2.hash_password_into_with_memory(password, salt, tag, part)
        } else {
            let mut own = Self::new(needed);
            let outcome =
                argon2.hash_password_into_with_memory(password, salt, tag, own.blocks.as_mut_slice());
            own.wipe();
            outcome
        }
    }

    /// Overwrites what hashes have left.
    pub(super) fn wipe(&mut self) {
        self.wipe_from(0);
    }

    fn wipe_from(&mut self, first: usize) {
        if first < self.dirty {
            self.blocks[first..self.dirty].iter_mut().for_each(Zeroize::zeroize);
            self.dirty = first;
        }
    }

    /// Whether nothing of any password is left.
    #[cfg(test)]
    pub(super) fn is_clean(&self) -> bool {
        self.blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0))
    }
}

#[cfg(test)]
mod tests {
    use argon2::{Algorithm, AssociatedData, ParamsBuilder, Version};

    use super::*;

    #[test]
    fn the_reused_memory_gives_the_tag_of_the_standard_twice() {
        // RFC 9106 section 5.3: Argon2id, 3 passes, 32 KiB, 4 lanes, with secret and associated data.
        let expected = "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659";
        let params = ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .output_len(32)
            .data(AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let argon2 = Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut arena = Arena::new(32);

        let tags = [(), ()].map(|()| {
            let mut tag = [0; 32];
            arena.derive(&argon2, &[1; 32], &[2; 16], &mut tag).unwrap();
            tag.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
        });

        assert_eq!(tags, [expected, expected]);
    }

    #[test]
    fn a_wiped_arena_holds_nothing() {
        let params = ParamsBuilder::new().m_cost(64).t_cost(1).p_cost(1).output_len(32).build().unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut arena = Arena::new(128);

        arena.derive(&argon2, b"password", &[2; 16], &mut [0; 32]).unwrap();
        let was_clean = arena.is_clean();
        arena.wipe();

        assert!(!was_clean);
        assert!(arena.is_clean());
    }

    #[test]
    fn a_smaller_hash_leaves_nothing_of_a_larger_one_before_it() {
        let argon2 = |blocks| {
            let params = ParamsBuilder::new().m_cost(blocks).t_cost(1).p_cost(1).output_len(32).build();
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params.unwrap())
        };
        let (mut reused, mut fresh) = (Arena::new(128), Arena::new(128));
        reused.derive(&argon2(128), b"password", &[2; 16], &mut [0; 32]).unwrap();

        for arena in [&mut reused, &mut fresh] {
            arena.derive(&argon2(64), b"another", &[3; 16], &mut [0; 32]).unwrap();
        }

        assert!(reused.blocks.iter().zip(&fresh.blocks).all(|(one, other)| one.as_ref() == other.as_ref()));
    }

    #[test]
    fn a_hash_larger_than_the_arena_leaves_it_alone() {
        let params = ParamsBuilder::new().m_cost(64).t_cost(1).p_cost(1).output_len(32).build().unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut arena = Arena::new(8);
        let mut tag = [0; 32];

        arena.derive(&argon2, b"password", &[2; 16], &mut tag).unwrap();

        assert_ne!(tag, [0; 32]);
        assert!(arena.is_clean());
    }
}
